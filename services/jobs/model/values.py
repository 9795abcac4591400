"""The small values of a job: appointments, terms, offers, changes, fees and steps."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.kernel.money import Money


class Side(StrEnum):
    """The part one plays in a job."""

    CUSTOMER = "customer"
    HELPER = "helper"
    SUPPORT = "support"
    TIMER = "timer"

    @property
    def other(self) -> "Side":
        """Across the table; only customer and helper have one."""
        return Side.HELPER if self is Side.CUSTOMER else Side.CUSTOMER


@dataclass(frozen=True, slots=True)
class Slot:
    """A half-open interval in UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def near(self, other: "Slot", gap: timedelta = timedelta(0)) -> bool:
        """Whether the two overlap, or leave less than gap between them."""
        return self.start < other.end + gap and other.start < self.end + gap


@dataclass(frozen=True, slots=True)
class Address:
    """Where the work is done; for the customer's eyes, and for the helper's once booked."""

    street: str
    postcode: str
    city: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What one side proposes: minutes of work within the slot, and what they cost."""

    slot: Slot
    minutes: int
    hourly_rate: Money
    travel: Money
    materials: Money

    @property
    def price(self) -> Money:
        return labour(self.minutes, self.hourly_rate) + self.travel + self.materials


def labour(minutes: int, hourly_rate: Money) -> Money:
    """minutes x rate / 60, rounded half up to a whole minor unit."""
    return hourly_rate.times(minutes, 60)


class OfferStatus(StrEnum):
    """open: waits for the other side; ended: its job ended before anybody was booked."""

    OPEN = "open"
    SUPERSEDED = "superseded"
    ACCEPTED = "accepted"
    RETRACTED = "retracted"
    LAPSED = "lapsed"
    LOST = "lost"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Offer:
    """One word in the talks with one helper; round counts the counter-offers before it and it."""

    id: str
    helper_id: str
    by: str
    side: Side
    terms: Terms
    round: int
    made_at: datetime
    expires_at: datetime
    status: OfferStatus = OfferStatus.OPEN


@dataclass(frozen=True, slots=True)
class Change:
    """More than was agreed: extra minutes (blocks of 30) and materials, until approved a wish."""

    id: str
    minutes: int
    materials: Money
    reason: str
    proposed_at: datetime
    approved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reschedule:
    """A wish for another slot; the other side answers before it lapses."""

    id: str
    side: Side
    slot: Slot
    proposed_at: datetime
    expires_at: datetime


class Outcome(StrEnum):
    SOLVED = "solved"
    PARTLY_SOLVED = "partly_solved"
    NOT_SOLVED = "not_solved"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the helper says was done; minutes worked, materials used."""

    summary: str
    minutes: int
    materials: Money
    outcome: Outcome


class Cause(StrEnum):
    """Why a visit failed."""

    CUSTOMER_ABSENT = "customer_absent"
    LINE_INACTIVE = "line_inactive"
    ROUTER_FAULT = "router_fault"
    WRONG_MATERIAL = "wrong_material"
    SCOPE_MISMATCH = "scope_mismatch"
    SKILL_GAP = "skill_gap"
    UNSAFE = "unsafe"
    OTHER = "other"


class Party(StrEnum):
    """On whose side the cause lies."""

    CUSTOMER = "customer"
    HELPER = "helper"
    OPERATOR = "operator"


class FeeStatus(StrEnum):
    """pending: the blamed side has not agreed and support has not decided."""

    DUE = "due"
    PENDING = "pending"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class Fee:
    """What the customer owes the helper for a visit that did not take place."""

    amount: Money
    status: FeeStatus


@dataclass(frozen=True, slots=True)
class Charge:
    """What became due of a fee at this moment; less than nothing where a decision took it back."""

    amount: Money
    at: datetime


def filed_under(helper_id: str, issued_at: datetime, id: str) -> str:
    """Sorts a year's papers by helper, then by date."""
    return f"{helper_id}|{round(issued_at.timestamp() * 1000):013d}|{id}"


@dataclass(frozen=True, slots=True)
class Resolution:
    """How a dispute ends: in words, and with a refund to the customer or a fee to the helper."""

    outcome: str
    refund: Money | None = None
    fee: Money | None = None


class PaymentMethod(StrEnum):
    CASH = "cash"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class PaymentWord:
    """What one side says: paid or not, and if so how and on which date (ISO)."""

    paid: bool
    said_at: datetime
    method: PaymentMethod | None = None
    on: str | None = None


@dataclass(frozen=True, slots=True)
class Photo:
    """Of the problem; by is the account that showed it."""

    id: str
    by: str
    file_id: str
    content_type: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the job's timeline; actor is absent where a timer acted."""

    version: int
    state: str
    command: str
    at: datetime
    actor: str | None = None
    reason: str | None = None
