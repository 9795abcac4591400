"""Offers and counter-offers, and every way in which talks end without a booking."""

from datetime import datetime, timedelta

from services.jobs.model.errors import NotYourCommand
from services.jobs.model.moves import Moves
from services.jobs.model.requesting import check_slot
from services.jobs.model.state import Caller, Events
from services.jobs.model.transitions import Command, State
from services.jobs.model.values import Offer, OfferStatus, Side, Terms
from shared.contracts.identity import TenantFacts
from shared.contracts.jobs import JobDeclined, JobExpired, JobOffered, JobRequested, JobWithdrawn
from shared.kernel.errors import Conflict, Invalid
from shared.kernel.ids import derived_id
from shared.kernel.money import Money

VALID = timedelta(hours=72)

MOST_HOURS = 100
"""What travel or materials may cost at most, in hours at the tenant's highest rate (our own rule):
enough for a television set, and a slip of the keyboard is noticed."""


class OfferChanged(Conflict):
    """Not the offer that waits for an answer: another one does by now, or it has expired."""

    code = "offer_changed"

    def __init__(self) -> None:
        super().__init__("this offer does not wait for an answer any more")


def check_terms(terms: Terms, tenant: TenantFacts, at: datetime) -> None:
    """Invalid unless in the tenant's currency and band, and within the rules for slots."""
    check_currency(terms.hourly_rate, tenant, "/hourly_rate")
    check_extra(terms.travel, tenant, "/travel")
    check_extra(terms.materials, tenant, "/materials")
    if not tenant.hourly_rate_min <= terms.hourly_rate <= tenant.hourly_rate_max:
        raise Invalid(
            "the hourly rate must be within this programme's band",
            pointer="/hourly_rate/amount_minor",
            code="rate_outside_band",
        )
    check_slot(terms.slot, at, "/slot")
    if terms.slot.length < timedelta(minutes=terms.minutes):
        raise Invalid("the slot must last at least these minutes", pointer="/minutes")


def check_currency(amount: Money, tenant: TenantFacts, pointer: str) -> None:
    if amount.currency != tenant.currency:
        raise Invalid(f"must be in {tenant.currency}", pointer=f"{pointer}/currency")


def check_extra(amount: Money, tenant: TenantFacts, pointer: str) -> None:
    """Invalid unless in the tenant's currency, and nothing that no visit can cost."""
    check_currency(amount, tenant, pointer)
    most = tenant.hourly_rate_max.times(MOST_HOURS, 1)
    if not amount <= most:
        raise Invalid(
            f"cannot be more than {MOST_HOURS} hours at this programme's highest rate "
            f"({most.amount_minor})",
            pointer=f"{pointer}/amount_minor",
            code="absurd_amount",
        )


class Negotiation(Moves):
    """One thread of offers per helper; a direct request has one, a broadcast up to fifty."""

    def offer(self, terms: Terms, by: Caller, at: datetime) -> Events:
        """The helper's first word. The terms have been checked, also against the calendar."""
        self.permit(Command.OFFER, by, at)
        self._put(terms, helper_id=by.id, by=by, side=Side.HELPER, round=0, at=at)
        self._step(Command.OFFER, at, by=by, to=State.OFFERED)
        return [JobOffered(self.facts())]

    def counter(self, offer_id: str | None, terms: Terms, by: Caller, at: datetime) -> Events:
        """Other terms instead of those that wait; at most 5 rounds with one helper.

        Without offer_id the only open offer is meant; Invalid when there are several.
        """
        side = self.permit(Command.COUNTER, by, at)
        current = self.answerable(Command.COUNTER, offer_id, by, at)
        self._settle(current, OfferStatus.SUPERSEDED)
        self._put(
            terms, helper_id=current.helper_id, by=by, side=side, round=current.round + 1, at=at
        )
        self._step(Command.COUNTER, at, by=by, to=State.OFFERED)
        return [JobOffered(self.facts())]

    def answerable(self, command: Command, offer_id: str | None, by: Caller, at: datetime) -> Offer:
        """The open offer that this caller is to answer, by id or as the only one.

        OfferChanged, NotYourCommand (it is the caller's own), Invalid (which of several?).
        """
        side = self.permit(command, by, at)
        waiting = self.waiting_for(side, by.id)
        if offer_id is None:
            if len(waiting) > 1:
                raise Invalid("say which of the open offers is meant", pointer="/offer_id")
            found = waiting[0]
        else:
            known = [each for each in self.open_offers() if each.id == offer_id]
            if known and known[0] not in waiting and known[0].by == by.id:
                raise NotYourCommand(f"{command} is up to the other side")
            if not known or known[0] not in waiting:
                raise OfferChanged
            found = known[0]
        if at >= found.expires_at:
            raise OfferChanged
        return found

    def _put(
        self,
        terms: Terms,
        *,
        helper_id: str,
        by: Caller,
        side: Side,
        round: int,
        at: datetime,
    ) -> None:
        offer = Offer(
            id=derived_id("offer", self.id, str(len(self.offers) + 1)),
            helper_id=helper_id,
            by=by.id,
            side=side,
            terms=terms,
            round=round,
            made_at=at,
            expires_at=at + VALID,
        )
        self.offers = [*self.offers, offer]

    def decline(self, by: Caller, at: datetime, reason: str | None = None) -> Events:
        """The helper is out. A broadcast goes on: with other offers, or open as before."""
        self.permit(Command.DECLINE, by, at)
        if (offer := self.thread(by.id)) is not None:
            self._settle(offer, OfferStatus.RETRACTED)
        self.declined_by = [*self.declined_by, by.id]
        if not self.broadcast:
            self._step(Command.DECLINE, at, by=by, to=State.DECLINED, reason=reason)
            return [JobDeclined(self.facts())]
        back = State.OFFERED if self.open_offers() else State.REQUESTED
        self._step(Command.DECLINE, at, by=by, to=back, reason=reason)
        return [JobOffered(self.facts()) if back is State.OFFERED else JobRequested(self.facts())]

    def withdraw(self, by: Caller, at: datetime, reason: str | None = None) -> Events:
        self.permit(Command.WITHDRAW, by, at)
        self._settle_all(OfferStatus.ENDED)
        self._step(Command.WITHDRAW, at, by=by, to=State.WITHDRAWN, reason=reason)
        return [JobWithdrawn(self.facts())]

    def _time_out(self, at: datetime) -> Events:
        """The timer: let offers lapse that nobody answered, then the request itself."""
        lapsed = [offer for offer in self.open_offers() if offer.expires_at <= at]
        others = len(self.open_offers()) > len(lapsed)
        if others or (lapsed and self.broadcast and at < self.request_expires_at):
            for offer in lapsed:
                self._settle(offer, OfferStatus.LAPSED)
            back = State.OFFERED if others else State.REQUESTED
            self._step(Command.LAPSE_OFFER, at, by=None, to=back)
            return [JobOffered(self.facts()) if others else JobRequested(self.facts())]
        self._settle_all(OfferStatus.ENDED)
        self._step(Command.EXPIRE, at, by=None, to=State.EXPIRED)
        return [JobExpired(self.facts())]
