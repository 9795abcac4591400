"""Cancelled, missed, disputed, resolved: how a job ends when it does not end well."""

from dataclasses import replace
from datetime import datetime

from services.jobs.model.agreement import FREE_CANCELLATION
from services.jobs.model.state import Caller, Events
from services.jobs.model.transitions import Command, State
from services.jobs.model.values import Fee, FeeStatus, OfferStatus, Party, Resolution, Side
from services.jobs.model.visit import Visit
from shared.contracts.jobs import (
    JobCancelled,
    JobClosed,
    JobDisputed,
    JobNoShow,
    JobResolutionProposed,
    JobResolved,
)
from shared.kernel.errors import Invalid
from shared.kernel.money import Money


class Ending(Visit):
    """Fees are what the customer owes the helper; whoever is blamed has a word in it."""

    def cancel(self, reason: str, cause: Party, by: Caller, at: datetime) -> Events:
        """End the job before work has begun; before booking it costs nothing.

        Invalid when anybody but support names the operator as the cause.
        """
        side = self.permit(Command.CANCEL, by, at)
        if cause is Party.OPERATOR and side is not Side.SUPPORT:
            raise Invalid("only support may name the operator", pointer="/cause_party")
        if self.agreement is not None:
            self.fee = self._cancellation_fee(side, cause, at)
            if self.fee.status is FeeStatus.PENDING:
                self.blamed = side.other
        self._settle_all(OfferStatus.ENDED)
        self.cause_party = cause
        self.reschedule = None
        self._step(Command.CANCEL, at, by=by, to=State.CANCELLED, reason=reason)
        return [JobCancelled(self.facts())]

    def _cancellation_fee(self, side: Side, cause: Party, at: datetime) -> Fee:
        """By the agreement's tiers and its first appointment: a reschedule wins no time."""
        terms = self.agreed.terms
        amount = self.policies.fee(terms.hourly_rate, terms.slot.start - at)
        if at < self.when(State.BOOKED) + FREE_CANCELLATION or not amount.amount_minor:
            return Fee(Money.zero(amount.currency), FeeStatus.WAIVED)
        if cause is Party.OPERATOR or (cause is Party.HELPER and side is not Side.CUSTOMER):
            return Fee(Money.zero(amount.currency), FeeStatus.WAIVED)
        if cause is Party.CUSTOMER and side is not Side.HELPER:
            return Fee(amount, FeeStatus.DUE)
        return Fee(amount, FeeStatus.PENDING)

    def agree_cause(self, by: Caller, at: datetime) -> Events:
        """The blamed side agrees: the customer then owes the fee, the helper forgoes it."""
        side = self.permit(Command.AGREE_CAUSE, by, at)
        assert self.fee is not None, "the guard saw a fee"
        if side is Side.CUSTOMER:
            self.fee = replace(self.fee, status=FeeStatus.DUE)
        else:
            self.fee = Fee(Money.zero(self.fee.amount.currency), FeeStatus.WAIVED)
        self.blamed = None
        self._step(Command.AGREE_CAUSE, at, by=by)
        return []

    def no_show(self, by: Caller, at: datetime) -> Events:
        """The side that is there says that the other is not; an absent customer owes an hour."""
        side = self.permit(Command.NO_SHOW, by, at)
        rate = self.agreed.terms.hourly_rate
        if side is Side.HELPER:
            self.cause_party = Party.CUSTOMER
            self.fee = Fee(rate, FeeStatus.DUE)
        else:
            self.cause_party = Party.HELPER
            self.fee = Fee(Money.zero(rate.currency), FeeStatus.WAIVED)
        self.reschedule = None
        self._step(Command.NO_SHOW, at, by=by, to=State.NO_SHOW)
        return [JobNoShow(self.facts())]

    def dispute(self, reason: str, by: Caller, at: datetime) -> Events:
        self.permit(Command.DISPUTE, by, at)
        self._step(Command.DISPUTE, at, by=by, to=State.DISPUTED, reason=reason)
        return [JobDisputed(self.facts())]

    def resolve(self, resolution: Resolution, by: Caller, at: datetime) -> Events:
        """Support decides at once; a party proposes, and the other resolves by saying the same.

        Something else said replaces the proposal. Invalid when more than the price is moved.
        """
        side = self.permit(Command.RESOLVE, by, at)
        self._check(resolution)
        agreed = self.proposed_resolution == resolution and self.proposed_by is not side
        if side is not Side.SUPPORT and not agreed:
            self.proposed_resolution, self.proposed_by = resolution, side
            self._step(Command.RESOLVE, at, by=by, to=State.DISPUTED, reason=resolution.outcome)
            return [JobResolutionProposed(self.facts())]
        self.resolution = resolution
        self.proposed_resolution = self.proposed_by = self.blamed = None
        self.fee = self._resolved_fee(resolution)
        self._step(Command.RESOLVE, at, by=by, to=State.RESOLVED, reason=resolution.outcome)
        return [JobResolved(self.facts())]

    def _check(self, resolution: Resolution) -> None:
        if self.agreement is None:
            if resolution.refund or resolution.fee:
                raise Invalid("nothing was agreed that could be paid", pointer="/outcome")
            return
        price = self.agreement.price
        # An approved change may have raised what was paid above the agreement's price.
        for change in self.changes:
            extra = self.agreement.terms.hourly_rate.times(change.minutes, 60)
            price = price + extra + change.materials
        paid = self._paid(price)
        limits = (("/refund", resolution.refund, paid), ("/fee", resolution.fee, price))
        for pointer, amount, limit in limits:
            if amount is None:
                continue
            if amount.currency != price.currency:
                raise Invalid(f"must be in {price.currency}", pointer=f"{pointer}/currency")
            if not amount <= limit:
                raise Invalid("cannot be more than the price", pointer=f"{pointer}/amount_minor")

    def _paid(self, price: Money) -> Money:
        """No more goes back than the receipt says, or the fee that was due instead of a visit."""
        if self.delivery is not None:
            return self.worth()
        return price if self.fee_due is None else self.fee_due

    def _resolved_fee(self, resolution: Resolution) -> Fee | None:
        """The resolution's fee; without one, a fee nobody had agreed to is given up.

        A refund lessens a fee that is due, as there is no receipt to take it from.
        """
        if resolution.fee is not None:
            return Fee(resolution.fee, FeeStatus.DUE)
        if self.fee_due is not None and self.delivery is None and resolution.refund is not None:
            return Fee(self.fee_due - resolution.refund, FeeStatus.DUE)
        if self.fee is not None and self.fee.status is FeeStatus.PENDING:
            return replace(self.fee, status=FeeStatus.WAIVED)
        return self.fee

    def _close(self, at: datetime) -> Events:
        """No word can be said any more; what was pending until now is given up."""
        if self.fee is not None and self.fee.status is FeeStatus.PENDING:
            self.fee = replace(self.fee, status=FeeStatus.WAIVED)
            self.blamed = None
        self._step(Command.CLOSE, at, by=None, to=State.CLOSED)
        return [JobClosed(self.facts())]
