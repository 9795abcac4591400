"""The parts a job's view is made of."""

from datetime import date
from typing import Self

from services.jobs.model import Job, values
from services.jobs.model.line import LineCheck
from shared.http.fields import Day, Instant, MoneyOut, View
from shared.kernel.money import Money


def money(amount: Money | None) -> MoneyOut | None:
    return None if amount is None else MoneyOut.of(amount)


class SlotView(View):
    start: Instant
    end: Instant

    @classmethod
    def of(cls, slot: values.Slot) -> Self:
        return cls(start=slot.start, end=slot.end)


class AddressView(View):
    street: str
    postcode: str
    city: str


class OfferView(View):
    """by is the account whose offer it is, side its part, helper_id whose work it is about."""

    id: str
    by: str
    side: str
    helper_id: str
    slot: SlotView
    minutes: int
    hourly_rate: MoneyOut
    travel: MoneyOut
    materials: MoneyOut
    price: MoneyOut
    round: int
    status: str
    made_at: Instant
    expires_at: Instant

    @classmethod
    def of(cls, offer: values.Offer) -> Self:
        terms = offer.terms
        return cls(
            id=offer.id,
            by=offer.by,
            side=offer.side,
            helper_id=offer.helper_id,
            slot=SlotView.of(terms.slot),
            minutes=terms.minutes,
            hourly_rate=MoneyOut.of(terms.hourly_rate),
            travel=MoneyOut.of(terms.travel),
            materials=MoneyOut.of(terms.materials),
            price=MoneyOut.of(terms.price),
            round=offer.round,
            status=offer.status,
            made_at=offer.made_at,
            expires_at=offer.expires_at,
        )


class ChangeView(View):
    """Extra minutes and materials; approved_at is null while it is only proposed."""

    id: str
    minutes: int
    materials: MoneyOut
    reason: str | None
    proposed_at: Instant
    approved_at: Instant | None

    @classmethod
    def of(cls, change: values.Change) -> Self:
        return cls(
            id=change.id,
            minutes=change.minutes,
            materials=MoneyOut.of(change.materials),
            reason=change.reason or None,
            proposed_at=change.proposed_at,
            approved_at=change.approved_at,
        )


class RescheduleView(View):
    """by is the side that proposes the slot."""

    id: str
    by: str
    slot: SlotView
    expires_at: Instant

    @classmethod
    def of(cls, proposal: values.Reschedule) -> Self:
        return cls(
            id=proposal.id,
            by=proposal.side,
            slot=SlotView.of(proposal.slot),
            expires_at=proposal.expires_at,
        )


class DeliveryView(View):
    summary: str
    minutes: int
    materials: MoneyOut
    outcome: str

    @classmethod
    def of(cls, delivery: values.Delivery) -> Self:
        return cls(
            summary=delivery.summary,
            minutes=delivery.minutes,
            materials=MoneyOut.of(delivery.materials),
            outcome=delivery.outcome,
        )


class FeeView(View):
    """What the customer owes the helper; status: due, pending (contested) or waived."""

    amount: MoneyOut
    status: str

    @classmethod
    def of(cls, fee: values.Fee) -> Self:
        return cls(amount=MoneyOut.of(fee.amount), status=fee.status)


class LineView(View):
    """The latest word of the operator's line test; state: ok, fault or unknown."""

    state: str
    checked_at: Instant
    note: str

    @classmethod
    def of(cls, check: LineCheck) -> Self:
        return cls(state=check.state, checked_at=check.checked_at, note=check.note)


class PaymentWordView(View):
    """What one side says: paid or not; method (cash, transfer) and date of a payment."""

    paid: bool
    method: str | None
    on: Day | None
    said_at: Instant

    @classmethod
    def of(cls, word: values.PaymentWord) -> Self:
        on = None if word.on is None else date.fromisoformat(word.on)
        return cls(paid=word.paid, method=word.method, on=on, said_at=word.said_at)


class PaymentView(View):
    """due is what the customer owes the helper in the end; each side's latest word, if any."""

    due: MoneyOut
    customer: PaymentWordView | None
    helper: PaymentWordView | None

    @classmethod
    def of(cls, job: Job) -> Self | None:
        """None while nothing is owed."""
        due = job.due()
        if due is None:
            return None
        words = {side: PaymentWordView.of(word) for side, word in job.payment_words.items()}
        return cls(
            due=MoneyOut.of(due),
            customer=words.get(values.Side.CUSTOMER),
            helper=words.get(values.Side.HELPER),
        )


class ResolutionView(View):
    outcome: str
    refund: MoneyOut | None
    fee: MoneyOut | None

    @classmethod
    def of(cls, resolution: values.Resolution) -> Self:
        return cls(
            outcome=resolution.outcome, refund=money(resolution.refund), fee=money(resolution.fee)
        )
