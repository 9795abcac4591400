"""What a job is made of, and what everybody may know of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.jobs.model.agreement import Agreement, Policies
from services.jobs.model.helper import Helper
from services.jobs.model.line import LineCheck, LineState
from services.jobs.model.transitions import UNBOOKED, Command, State
from services.jobs.model.values import (
    Address,
    Change,
    Charge,
    Delivery,
    Fee,
    FeeStatus,
    Offer,
    OfferStatus,
    PaymentWord,
    Photo,
    Reschedule,
    Resolution,
    Side,
    Slot,
    Step,
)
from shared.contracts.jobs import JobEvent, JobFacts
from shared.contracts.jobs import Slot as SlotFacts
from shared.kernel.aggregate import Aggregate
from shared.kernel.geo import Point
from shared.kernel.money import Money

MILESTONES = {
    State.REQUESTED: "requested",
    State.OFFERED: "offered",
    State.BOOKED: "booked",
    State.CONFIRMED: "confirmed",
    State.EN_ROUTE: "departed",
    State.IN_PROGRESS: "started",
    State.DELIVERED: "delivered",
    State.COMPLETED: "completed",
    State.UNSUCCESSFUL: "unsuccessful",
    State.CANCELLED: "cancelled",
    State.NO_SHOW: "no_show",
    State.DISPUTED: "disputed",
    State.RESOLVED: "resolved",
    State.CLOSED: "closed",
    State.DECLINED: "declined",
    State.WITHDRAWN: "withdrawn",
    State.EXPIRED: "expired",
}


CONFIRM_AHEAD, CONFIRM_WITHIN = timedelta(hours=24), timedelta(hours=2)

ANSWERS = (Command.OFFER, Command.DECLINE, Command.CANCEL)
"""A helper's first word to a request, whichever it is."""


@dataclass(frozen=True)
class Caller:
    """Who gives a command: a person, perhaps support, perhaps known here as a helper."""

    id: str
    support: bool = False
    helper: Helper | None = None


@dataclass(kw_only=True)
class JobState(Aggregate):
    """The fields of a job and what every command does to them.

    helper_id is absent while a broadcast has no taker; asked_id is who was asked by name. slot is
    the appointment now, made at appointed_at, hold the name under which the helper's calendar keeps
    it; confirmation_missed is said of this appointment, the list of all. For the lists:
    seats are the parties (``helper:acc_...``), open_cells from where an open broadcast may be
    reached, and order sorts by creation. errand is the same for the same category and address.
    charges add up to what is due of the fee; for the report, charged_in are the years in which one
    may lie, wherever the tenant's calendar is, and filed sorts by helper.
    """

    order: str
    customer_id: str
    helper_id: str | None = None
    asked_id: str | None = None
    broadcast: bool
    category: str
    title: str
    description: str
    address: Address
    place: Point
    slots: list[Slot]
    policies: Policies
    request_expires_at: datetime
    state: State = State.REQUESTED
    offers: list[Offer] = field(default_factory=list)
    declined_by: list[str] = field(default_factory=list)
    agreement: Agreement | None = None
    slot: Slot | None = None
    hold: str | None = None
    fence: int = 0
    reschedule: Reschedule | None = None
    reschedules: int = 0
    appointed_at: datetime | None = None
    confirmations_missed: list[datetime] = field(default_factory=list)
    confirmation_missed: bool = False
    change: Change | None = None
    changes: list[Change] = field(default_factory=list)
    delivery: Delivery | None = None
    cause: str | None = None
    cause_party: str | None = None
    blamed: Side | None = None
    fee: Fee | None = None
    charges: list[Charge] = field(default_factory=list)
    charged_in: list[int] = field(default_factory=list)
    filed: str = ""
    proposed_resolution: Resolution | None = None
    proposed_by: Side | None = None
    resolution: Resolution | None = None
    photos: list[Photo] = field(default_factory=list)
    line_checks: list[LineCheck] = field(default_factory=list)
    payment_words: dict[str, PaymentWord] = field(default_factory=dict)
    milestones: dict[str, datetime] = field(default_factory=dict)
    timeline: list[Step] = field(default_factory=list)
    seats: list[str] = field(default_factory=list)
    open_cells: list[str] = field(default_factory=list)
    errand: str = ""

    @property
    def public_place(self) -> Point:
        """Rounded to about 1 km."""
        return self.place.rounded()

    @property
    def unbooked(self) -> bool:
        return self.state in UNBOOKED

    @property
    def booked_slot(self) -> Slot:
        assert self.slot is not None, "only a booked job has an appointment"
        return self.slot

    @property
    def confirm_by(self) -> datetime:
        """24 h before the visit; where it is booked later, after 2 h or half of the time left."""
        start, made = self.booked_slot.start, self.appointed_at or self.when(State.BOOKED)
        return max(start - CONFIRM_AHEAD, made + min(CONFIRM_WITHIN, (start - made) / 2))

    @property
    def agreed(self) -> Agreement:
        assert self.agreement is not None, "only a booked job has an agreement"
        return self.agreement

    @property
    def helper_booked(self) -> bool:
        """Whether a helper has (had) this job, and so knows where it is."""
        return self.agreement is not None

    def when(self, state: State) -> datetime:
        """When this state was first reached."""
        return self.milestones[MILESTONES[state]]

    def reached(self, state: State) -> bool:
        """Whether the job ever was in this state."""
        return MILESTONES[state] in self.milestones

    @property
    def accepted_at(self) -> datetime | None:
        """Since when the work delivered is owed for: it was accepted, or its dispute resolved."""
        if self.delivery is None:
            return None
        names = (MILESTONES[State.COMPLETED], MILESTONES[State.RESOLVED])
        return next((self.milestones[each] for each in names if each in self.milestones), None)

    @property
    def line_faulty(self) -> bool:
        """Whether the latest test found a fault, and the appointment is still that one."""
        if not self.line_checks or self.slot is None:
            return False
        latest = self.line_checks[-1]
        return latest.state is LineState.FAULT and latest.start in (None, self.slot.start)

    @property
    def fee_due(self) -> Money | None:
        """What the customer owes beside the work; None without a fee that is settled."""
        if self.fee is None or self.fee.status is not FeeStatus.DUE:
            return None
        return self.fee.amount

    @property
    def owing(self) -> bool:
        """Whether the customer owes the helper anything: work, or a fee."""
        return self.fee_due is not None or self.accepted_at is not None

    def open_offers(self) -> list[Offer]:
        return [offer for offer in self.offers if offer.status is OfferStatus.OPEN]

    def thread(self, helper_id: str) -> Offer | None:
        """The open offer in the talks with this helper."""
        return next((each for each in self.open_offers() if each.helper_id == helper_id), None)

    def waiting_for(self, side: Side, person_id: str) -> list[Offer]:
        """The open offers that this person is to answer."""
        return [
            offer
            for offer in self.open_offers()
            if offer.side is not side and (side is not Side.HELPER or offer.helper_id == person_id)
        ]

    def facts(self) -> JobFacts:
        """Everything public about the job; slot is the appointment now."""
        agreement = self.agreement
        times: dict[str, Any] = {f"{name}_at": at for name, at in self.milestones.items()}
        return JobFacts(
            customer_id=self.customer_id,
            helper_id=self.helper_id,
            broadcast=self.broadcast,
            category=self.category,
            title=self.title,
            state=self.state,
            public_place=self.public_place,
            city=self.address.city,
            slot=SlotFacts(start=self.slot.start, end=self.slot.end) if self.slot else None,
            minutes=agreement.terms.minutes if agreement else None,
            price=agreement.price if agreement else None,
            outcome=self.delivery.outcome if self.delivery else None,
            cause=self.cause,
            cause_party=self.cause_party,
            asked_helper_id=self.asked_id,
            answered_at=self._answered_at(),
            confirmation_missed_at=(
                self.confirmations_missed[-1] if self.confirmation_missed else None
            ),
            **times,
        )

    def _answered_at(self) -> datetime | None:
        """When the helper who was asked by name first said yes or no, before others were asked."""
        for step in self.timeline:
            if step.command == Command.BROADCAST:
                return None
            if step.actor is not None and step.actor == self.asked_id and step.command in ANSWERS:
                return step.at
        return None


Events = list[JobEvent]
