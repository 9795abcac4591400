"""Published by profiles: helpers, what they can do and when they are free."""

from datetime import date, datetime

from shared.contracts.base import Event, Facts
from shared.kernel.geo import Point
from shared.kernel.money import Money


class WeeklyHours(Facts):
    """weekday 1 (Monday) to 7; start and end local HH:MM in the tenant's zone, end up to 24:00."""

    weekday: int
    start: str
    end: str


class ExceptionalDay(Facts):
    """A date that differs from the weekly plan: closed, or open from start to end only."""

    date: date
    closed: bool = False
    start: str | None = None
    end: str | None = None


class Availability(Facts):
    """notice_minutes: earliest start from now; buffer_minutes: kept free around bookings."""

    weekly: list[WeeklyHours] = []
    exceptions: list[ExceptionalDay] = []
    notice_minutes: int = 0
    buffer_minutes: int = 0


class Expiry(Facts):
    """what: ``qualification:<skill>`` or ``document:<kind>``, as in the helper's checklist.

    days tells warnings of the same thing apart: this one was due so many days before the end.
    """

    what: str
    valid_until: datetime
    days: int


class HelperFacts(Facts):
    """A helper. The event's subject is the account id.

    status: draft, listed, unlisted, suspended or erased. place is exact and not for other people's
    eyes; public_place is rounded to about 1 km. qualified maps skill -> valid until. warned is what
    an ExpiryWarned warns of, and empty in every other event.
    """

    status: str
    display_name: str
    headline: str
    skills: list[str]
    languages: list[str]
    hourly_rate: Money | None
    min_minutes: int
    place: Point | None
    public_place: Point | None
    radius_m: int
    trader_status: str
    availability: Availability
    qualified: dict[str, datetime] = {}
    insured_until: datetime | None = None
    listed_at: datetime | None = None
    warned: list[Expiry] = []


HELPER_ERASED = HelperFacts(
    status="erased",
    display_name="",
    headline="",
    skills=[],
    languages=[],
    hourly_rate=None,
    min_minutes=0,
    place=None,
    public_place=None,
    radius_m=0,
    trader_status="private",
    availability=Availability(),
)
"""What remains of a helper who was forgotten: the event's subject."""


class HelperEvent(Event[HelperFacts], publisher="profiles", aggregate="helper", facts=HelperFacts):
    """Base of the helper's events."""


class HelperListed(HelperEvent): ...


class HelperUpdated(HelperEvent): ...


class HelperUnlisted(HelperEvent): ...


class QualificationPassed(HelperEvent): ...


class QualificationExpired(HelperEvent): ...


class DocumentReviewed(HelperEvent): ...


class DocumentExpired(HelperEvent): ...


class ExpiryWarned(HelperEvent):
    """Something of the helper's runs out soon; it was not told before."""


class HelperErased(HelperEvent):
    """The helper's last event; its facts are HELPER_ERASED."""


class HelperSnapshot(HelperEvent): ...
