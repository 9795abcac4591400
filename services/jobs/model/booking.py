"""From an accepted offer to a kept appointment: agreement, confirmation, rescheduling."""

from datetime import datetime, timedelta

from services.jobs.model.agreement import FREE_CANCELLATION, Agreement, canonical, digest
from services.jobs.model.calendar import Hold
from services.jobs.model.helper import Helper
from services.jobs.model.negotiation import Negotiation
from services.jobs.model.state import Caller, Events
from services.jobs.model.transitions import HOLDING, Command, State
from services.jobs.model.values import Offer, OfferStatus, Reschedule, Slot
from shared.contracts.jobs import (
    JobBooked,
    JobConfirmationMissed,
    JobConfirmed,
    JobRescheduled,
    JobRescheduleProposed,
)
from shared.kernel.errors import Conflict, Invalid
from shared.kernel.ids import derived_id

AGREEMENT_VERSION = 1
"""Of the agreement's wording: which keys its text has."""

ANSWER_WITHIN = timedelta(hours=24)


class HoldLost(Conflict):
    """The calendar's hold was fenced off in the meantime: take it again before booking."""

    code = "busy"

    def __init__(self) -> None:
        super().__init__("this job is changing too fast, try again")


class Booking(Negotiation):
    """The calendar comes first: every command that appoints needs a hold taken before it.

    A hold counts only while the job's fence is the one it was taken under.
    """

    def holds(self, ref: str) -> bool:
        """Whether the calendar's hold of this name is this job's appointment."""
        return self.state in HOLDING and self.hold == ref

    def could_book(self, ref: str) -> bool:
        """Whether a hold of this name could still become the appointment."""
        if self.reschedule is not None and self.reschedule.id == ref:
            return True
        return any(offer.id == ref for offer in self.open_offers())

    def raise_fence(self, ref: str) -> Events:
        """Outdate the holds taken so far, where one of this name could still be booked."""
        if self.could_book(ref):
            self.fence += 1
        return []

    def accept(
        self, offer_id: str, by: Caller, *, hold: Hold, helper: Helper, at: datetime
    ) -> Events:
        """Book on the terms of an open offer of the other side; freezes the agreement.

        hold is the calendar's for this offer, helper is the one who is booked. HoldLost.
        """
        current = self.answerable(Command.ACCEPT, offer_id, by, at)
        if hold.fence != self.fence or hold.ref != offer_id:
            raise HoldLost
        self._settle(current, OfferStatus.ACCEPTED)
        self._settle_all(OfferStatus.LOST)
        self.helper_id = current.helper_id
        self.slot, self.hold, self.appointed_at = current.terms.slot, hold.ref, at
        self.agreement = self._agree(current, helper, at)
        self._step(Command.ACCEPT, at, by=by, to=State.BOOKED)
        return [JobBooked(self.facts())]

    def _agree(self, offer: Offer, helper: Helper, at: datetime) -> Agreement:
        """Scope, price, trader status and policies as both sides saw them (our own form)."""
        terms = offer.terms
        text = canonical(
            {
                "version": AGREEMENT_VERSION,
                "job_id": self.id,
                "customer_id": self.customer_id,
                "helper_id": offer.helper_id,
                "trader_status": helper.trader_status,
                "category": self.category,
                "title": self.title,
                "description": self.description,
                "slot": {"start": terms.slot.start, "end": terms.slot.end},
                "minutes": terms.minutes,
                "hourly_rate": terms.hourly_rate,
                "travel": terms.travel,
                "materials": terms.materials,
                "price": terms.price,
                "policies": {
                    "free_cancellation_minutes": FREE_CANCELLATION // timedelta(minutes=1),
                    "cancellation_tiers": [
                        {"hours_before": tier.hours_before, "fee_percent": tier.fee_percent}
                        for tier in self.policies.cancellation
                    ],
                    "dispute_window_days": self.policies.dispute_days,
                },
                "agreed_at": at,
            }
        )
        return Agreement(AGREEMENT_VERSION, digest(text), text, offer.id, terms)

    def confirm(self, by: Caller, at: datetime) -> Events:
        self.permit(Command.CONFIRM, by, at)
        self.confirmation_missed = False
        self._step(Command.CONFIRM, at, by=by, to=State.CONFIRMED)
        return [JobConfirmed(self.facts())]

    def _miss_confirmation(self, at: datetime) -> Events:
        """The visit is near and the helper has not said that they will come: support is told."""
        self.confirmations_missed = [*self.confirmations_missed, at]
        self.confirmation_missed = True
        self._step(Command.MISS_CONFIRMATION, at, by=None)
        return [JobConfirmationMissed(self.facts())]

    # Rescheduling

    def check_reschedule(self, slot: Slot, by: Caller, at: datetime) -> None:
        """Whether this side may propose this slot now; the calendar is another matter."""
        self.permit(Command.PROPOSE_RESCHEDULE, by, at)
        if slot.length < timedelta(minutes=self.agreed.terms.minutes):
            raise Invalid("the slot must last at least the agreed minutes", pointer="/slot/end")

    def propose_reschedule(self, slot: Slot, by: Caller, at: datetime) -> Events:
        """Wish for another slot, at most twice in a job; no answer within 24 h is a no."""
        self.check_reschedule(slot, by, at)
        side = self.side_of(by)
        self.reschedules += 1
        name = derived_id("reschedule", self.id, str(self.reschedules))
        self.reschedule = Reschedule(name, side, slot, at, at + ANSWER_WITHIN)
        self._step(Command.PROPOSE_RESCHEDULE, at, by=by)
        return [JobRescheduleProposed(self.facts())]

    def proposed(self, by: Caller, at: datetime) -> Reschedule:
        """The proposal that this caller may accept now."""
        self.permit(Command.ACCEPT_RESCHEDULE, by, at)
        assert self.reschedule is not None, "the guard saw a proposal"
        return self.reschedule

    def accept_reschedule(self, by: Caller, hold: Hold, at: datetime) -> Events:
        """Move the appointment; the agreement and its cancellation clock stay. HoldLost.

        A helper who was on the way turns back: who set out for it has confirmed to come.
        """
        proposal = self.proposed(by, at)
        if hold.fence != self.fence or hold.ref != proposal.id:
            raise HoldLost
        self.slot, self.hold, self.appointed_at = proposal.slot, hold.ref, at
        self.reschedule, self.confirmation_missed = None, False
        turning = State.CONFIRMED if self.state is State.EN_ROUTE else None
        self._step(Command.ACCEPT_RESCHEDULE, at, by=by, to=turning)
        return [JobRescheduled(self.facts())]

    def refuse_reschedule(self, by: Caller, at: datetime) -> Events:
        self.permit(Command.REFUSE_RESCHEDULE, by, at)
        self.reschedule = None
        self._step(Command.REFUSE_RESCHEDULE, at, by=by)
        return []

    def _lapse_reschedule(self, at: datetime) -> Events:
        self.reschedule = None
        self._step(Command.LAPSE_RESCHEDULE, at, by=None)
        return []
