"""How a job begins, and how it looks for somebody else: request and broadcast."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from services.jobs.model.agreement import Policies
from services.jobs.model.moves import Moves
from services.jobs.model.state import Caller, Events
from services.jobs.model.transitions import Command, State
from services.jobs.model.values import Address, OfferStatus, Slot
from shared.contracts.identity import TenantFacts
from shared.contracts.jobs import JobRequested
from shared.kernel.errors import Invalid
from shared.kernel.geo import Point

SHORTEST, LONGEST = timedelta(minutes=15), timedelta(hours=12)
FARTHEST = timedelta(days=90)
LEAD = timedelta(hours=4)
"""The first slot lies at least this far ahead; a request expires when no more is left."""

PATIENCE = timedelta(hours=48)
"""How long a request waits for an offer at most."""


class SlotTooSoon(Invalid):
    code = "slot_too_soon"


@dataclass(frozen=True)
class Wish:
    """What a customer asks for; slots as wished, in any order."""

    category: str
    title: str
    description: str
    address: Address
    place: Point
    slots: Sequence[Slot]


class Requesting(Moves):
    """The customer's own commands before anybody has offered."""

    @classmethod
    def request(
        cls,
        wish: Wish,
        *,
        id: str,
        customer: Caller,
        helper_id: str | None,
        tenant: TenantFacts,
        at: datetime,
    ) -> tuple[Self, Events]:
        """A job to the helper of one's choice, or a broadcast (helper_id None).

        Invalid (unknown_category, outside_service_area, own_request, slot rules), SlotTooSoon.
        """
        _check_wish(wish, tenant)
        if helper_id == customer.id:
            raise Invalid(
                "you cannot ask yourself for help", pointer="/helper_id", code="own_request"
            )
        check_slots(wish.slots, at)
        milliseconds = round(at.timestamp() * 1000)
        job = cls(
            id=id,
            order=f"{milliseconds:013d}|{id}",
            customer_id=customer.id,
            helper_id=helper_id,
            asked_id=helper_id,
            broadcast=helper_id is None,
            category=wish.category,
            title=wish.title,
            description=wish.description,
            address=wish.address,
            place=wish.place,
            slots=list(wish.slots),
            policies=Policies.of(tenant.rules),
            request_expires_at=_expiry(wish.slots, at),
            errand=errand_of(wish.category, wish.address),
        )
        job._step(Command.REQUEST, at, by=customer, to=State.REQUESTED)
        return job, [JobRequested(job.facts())]

    def send_out(self, by: Caller, at: datetime, slots: Sequence[Slot] = ()) -> Events:
        """The broadcast command: ask the neighbourhood after the chosen helper did not take it.

        slots replace the wished ones, which may be too near by now (SlotTooSoon).
        """
        self.permit(Command.BROADCAST, by, at)
        wished = list(slots) or self.slots
        check_slots(wished, at)
        for offer in self.offers:
            if offer.status is OfferStatus.ENDED:
                self._settle(offer, OfferStatus.LAPSED)
        self.slots = wished
        self.helper_id, self.broadcast = None, True
        self.request_expires_at = _expiry(wished, at)
        self._step(Command.BROADCAST, at, by=by, to=State.REQUESTED)
        return [JobRequested(self.facts())]


def errand_of(category: str, address: Address) -> str:
    """The same for the same category and address, however it is spelled in case and blanks."""
    words = (category, address.street, address.postcode, address.city)
    spelled = "|".join(" ".join(word.casefold().split()) for word in words)
    return hashlib.sha256(spelled.encode()).hexdigest()[:32]


def _check_wish(wish: Wish, tenant: TenantFacts) -> None:
    if wish.category not in {category.slug for category in tenant.categories}:
        raise Invalid("there is no such category", pointer="/category", code="unknown_category")
    if wish.place.distance_m(tenant.centre) > tenant.radius_m:
        raise Invalid(
            "this place is outside the service area", pointer="/place", code="outside_service_area"
        )


def check_slots(slots: Sequence[Slot], at: datetime) -> None:
    """Each 15 min to 12 h, within 90 days, apart, the first at least 4 h ahead."""
    for number, slot in enumerate(slots):
        check_slot(slot, at, f"/slots/{number}")
        for earlier in slots[:number]:
            if slot.near(earlier):
                raise Invalid("overlaps another slot", pointer=f"/slots/{number}")
    first = min(range(len(slots)), key=lambda number: slots[number].start)
    if slots[first].start < at + LEAD:
        raise SlotTooSoon(
            "the first slot must be at least 4 hours ahead", pointer=f"/slots/{first}/start"
        )


def check_slot(slot: Slot, at: datetime, pointer: str) -> None:
    """Invalid unless the slot lasts 15 min to 12 h and begins within 90 days."""
    if slot.end <= slot.start:
        raise Invalid("must be after start", pointer=f"{pointer}/end")
    if not SHORTEST <= slot.length <= LONGEST:
        raise Invalid("a slot lasts 15 minutes to 12 hours", pointer=f"{pointer}/end")
    if slot.start > at + FARTHEST:
        raise Invalid("must be within 90 days", pointer=f"{pointer}/start")


def _expiry(slots: Sequence[Slot], at: datetime) -> datetime:
    return min(at + PATIENCE, min(slot.start for slot in slots) - LEAD)
