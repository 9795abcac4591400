"""A helper's calendar: when they work, and which slots are held for jobs.

Hours are wall-clock times in the tenant's zone. A local time that a change of the clocks skips or
repeats is read as RFC 5545, 3.3.5 has it: the skipped one by the offset before the gap, the
repeated one as its first occurrence.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.jobs.model.values import Slot
from shared.contracts.profiles import Availability as AvailabilityFacts
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Conflict

IN_FLIGHT = timedelta(seconds=10)
"""A hold younger than this may belong to a booking that is just being written."""

FORGOTTEN = timedelta(days=2)
"""Holds this long past are dropped; longer than the longest slot and any buffer."""


@dataclass(frozen=True)
class Hours:
    """start and end as local HH:MM, end at most 24:00; on is a weekday 1 to 7 or an ISO date."""

    on: str
    start: str
    end: str


@dataclass(frozen=True)
class Availability:
    """weekly hours, but for the dates in special, which have their own hours or none."""

    hours: list[Hours] = field(default_factory=list)
    special: list[str] = field(default_factory=list)
    notice_minutes: int = 0
    buffer_minutes: int = 0

    @classmethod
    def of(cls, facts: AvailabilityFacts) -> "Availability":
        weekly = [Hours(str(each.weekday), each.start, each.end) for each in facts.weekly]
        dated = [
            Hours(each.date.isoformat(), each.start, each.end)
            for each in facts.exceptions
            if not each.closed and each.start and each.end
        ]
        return cls(
            hours=weekly + dated,
            special=sorted({each.date.isoformat() for each in facts.exceptions}),
            notice_minutes=facts.notice_minutes,
            buffer_minutes=facts.buffer_minutes,
        )

    @property
    def buffer(self) -> timedelta:
        return timedelta(minutes=self.buffer_minutes)

    def open_for(self, slot: Slot, zone: ZoneInfo, at: datetime) -> bool:
        """Whether the whole slot lies in working hours and keeps the notice."""
        if slot.start < at + timedelta(minutes=self.notice_minutes):
            return False
        return any(
            opening.start <= slot.start and slot.end <= opening.end
            for opening in self._openings(slot, zone)
        )

    def _openings(self, slot: Slot, zone: ZoneInfo) -> list[Slot]:
        """Working hours around the slot, merged where they meet (as at midnight)."""
        # A day more on either side: hours may begin before midnight and run into the slot.
        day = slot.start.astimezone(zone).date() - timedelta(days=1)
        last = slot.end.astimezone(zone).date() + timedelta(days=1)
        found: list[Slot] = []
        while day <= last:
            dated = day.isoformat()
            on = dated if dated in self.special else str(day.isoweekday())
            for hours in self.hours:
                opens, closes = _moment(day, hours.start, zone), _moment(day, hours.end, zone)
                if hours.on == on and opens < closes:
                    found.append(Slot(opens, closes))
            day += timedelta(days=1)
        return _merged(found)


def _moment(day: date, clock: str, zone: ZoneInfo) -> datetime:
    hours, _, minutes = clock.partition(":")
    if hours == "24":
        day, hours = day + timedelta(days=1), "0"
    local = datetime(day.year, day.month, day.day, int(hours), int(minutes), tzinfo=zone)
    return local.astimezone(UTC)


def _merged(slots: Iterable[Slot]) -> list[Slot]:
    merged: list[Slot] = []
    for each in sorted(slots, key=lambda slot: slot.start):
        if merged and each.start <= merged[-1].end:
            merged[-1] = Slot(merged[-1].start, max(merged[-1].end, each.end))
        else:
            merged.append(each)
    return merged


@dataclass(frozen=True)
class Hold:
    """A slot kept for a job. ref names the offer or reschedule it was taken for.

    fence is the job's at that time: the booking only counts while the job's is still the same.
    """

    job_id: str
    ref: str
    slot: Slot
    fence: int
    held_at: datetime


class SlotTaken(Conflict):
    """Not within the helper's free time; blocking holds are named for whoever may free them."""

    code = "slot_taken"

    def __init__(self, blocking: Iterable[Hold] = ()) -> None:
        super().__init__("the helper is not free for the whole of this slot")
        self.blocking = list(blocking)


@dataclass(kw_only=True)
class Calendar(Aggregate):
    """One document per helper (id is the helper's), so that one guarded write decides.

    No two holds of different jobs overlap. A hold counts as a booking only if its job says so.
    """

    holds: list[Hold] = field(default_factory=list)

    def check(
        self, slot: Slot, job_id: str, working: Availability, zone: ZoneInfo, at: datetime
    ) -> None:
        """SlotTaken unless the slot is within working hours and apart from other jobs' holds."""
        if not working.open_for(slot, zone, at):
            raise SlotTaken
        blocking = [
            hold
            for hold in self.holds
            if hold.job_id != job_id and hold.slot.near(slot, working.buffer)
        ]
        if blocking:
            raise SlotTaken(blocking)

    def hold(self, wanted: Hold, working: Availability, zone: ZoneInfo) -> None:
        """Keep the slot for the job; taking the same hold again only renews its fence."""
        self.check(wanted.slot, wanted.job_id, working, zone, wanted.held_at)
        others = [
            hold
            for hold in self.holds
            if (hold.job_id, hold.ref) != (wanted.job_id, wanted.ref)
            and hold.slot.end + FORGOTTEN > wanted.held_at
        ]
        self.holds = [*others, wanted]

    def release(self, job_id: str, ref: str, before: int | None = None) -> None:
        """Drop the job's hold of this name; with before, only if taken under a lower fence."""
        self.holds = [
            hold
            for hold in self.holds
            if (hold.job_id, hold.ref) != (job_id, ref)
            or (before is not None and hold.fence >= before)
        ]
