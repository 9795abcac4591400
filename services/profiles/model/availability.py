"""When a helper is free: weekly hours, exceptional days, days off, notice, buffers and bookings.

Hours are wall-clock times in the tenant's zone. A local time that a change of the clocks skips or
repeats is read as RFC 5545, 3.3.5 has it: the skipped one by the offset before the gap, the
repeated one as its first occurrence.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from shared.contracts import profiles as contract
from shared.kernel.errors import Invalid

DAY_END = "24:00"
LONGEST_LOOK = timedelta(days=31)


@dataclass(frozen=True)
class Window:
    """weekday 1 (Monday) to 7; start and end as local ``HH:MM``, end at most ``24:00``."""

    weekday: int
    start: str
    end: str


@dataclass(frozen=True)
class ExceptionalDay:
    """A date (ISO) that does not follow the week: closed, or open from start to end only.

    Several entries for one date are several opening times of that date.
    """

    date: str
    closed: bool = False
    start: str | None = None
    end: str | None = None


@dataclass(frozen=True)
class Availability:
    """notice_minutes: earliest start from now; buffer_minutes: kept free around bookings;
    public_holidays: the country or region (ISO 3166) whose holidays are days off, if any are.
    """

    weekly: list[Window] = field(default_factory=list)
    exceptions: list[ExceptionalDay] = field(default_factory=list)
    notice_minutes: int = 0
    buffer_minutes: int = 0
    public_holidays: str | None = None

    @property
    def weekly_minutes(self) -> int:
        """Open minutes in a week without exceptions."""
        return sum(minutes_of(each.end) - minutes_of(each.start) for each in self.weekly)

    @property
    def opens(self) -> bool:
        """Whether there is any opening time at all."""
        return bool(self.weekly) or any(not each.closed for each in self.exceptions)

    def without(self, days_off: Sequence[str]) -> "Availability":
        """The same, closed on these dates (ISO) but for those that are exceptional already."""
        own = {each.date for each in self.exceptions}
        closed = [ExceptionalDay(day, closed=True) for day in days_off if day not in own]
        return replace(self, exceptions=[*self.exceptions, *closed]) if closed else self

    def published(self) -> contract.Availability:
        """As other services learn of it: they know no holidays, but any exceptional day."""
        return contract.Availability.model_validate(
            {
                "weekly": [vars(each) for each in self.weekly],
                "exceptions": [vars(each) for each in self.exceptions],
                "notice_minutes": self.notice_minutes,
                "buffer_minutes": self.buffer_minutes,
            }
        )


@dataclass(frozen=True)
class Interval:
    """Half open, UTC."""

    start: datetime
    end: datetime


def minutes_of(clock: str) -> int:
    """``HH:MM`` -> minutes since midnight, 1440 for ``24:00``."""
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def check(availability: Availability) -> None:
    """Invalid where a window ends before it starts, two of a day overlap, a day contradicts itself.

    Pointers are those of the availability's place in ``PUT /v1/helpers/me``.
    """
    weekly: dict[str, list[tuple[int, int, str]]] = {}
    for place, each in enumerate(availability.weekly):
        pointer = f"/availability/weekly/{place}"
        _collect(weekly, str(each.weekday), each.start, each.end, pointer)
    exceptions: dict[str, list[tuple[int, int, str]]] = {}
    for place, day in enumerate(availability.exceptions):
        pointer = f"/availability/exceptions/{place}"
        if day.closed:
            _collect(exceptions, day.date, "00:00", DAY_END, pointer)
        elif day.start is None or day.end is None:
            raise Invalid("an open day needs start and end", pointer=pointer)
        else:
            _collect(exceptions, day.date, day.start, day.end, pointer)
    for windows in (*weekly.values(), *exceptions.values()):
        _check_apart(windows)


def _collect(
    days: dict[str, list[tuple[int, int, str]]], day: str, start: str, end: str, pointer: str
) -> None:
    first, last = minutes_of(start), minutes_of(end)
    if last <= first:
        raise Invalid("must be after start", pointer=f"{pointer}/end")
    days.setdefault(day, []).append((first, last, pointer))


def _check_apart(windows: list[tuple[int, int, str]]) -> None:
    windows.sort()
    for (_, end, _), (start, _, pointer) in pairwise(windows):
        if start < end:
            raise Invalid("overlaps another entry of that day", pointer=pointer)


def opening_times(
    availability: Availability, zone: ZoneInfo, start: datetime, end: datetime
) -> list[Interval]:
    """The open intervals that touch start..end, merged where they meet, ascending, not clipped."""
    weekly: dict[int, list[tuple[str, str]]] = {}
    for each in availability.weekly:
        weekly.setdefault(each.weekday, []).append((each.start, each.end))
    exceptions: dict[str, list[tuple[str, str]]] = {}
    for special in availability.exceptions:
        hours = exceptions.setdefault(special.date, [])
        if not special.closed and special.start and special.end:
            hours.append((special.start, special.end))
    # A day more on either side: an interval may begin before midnight and run into the range.
    day = start.astimezone(zone).date() - timedelta(days=1)
    last = end.astimezone(zone).date() + timedelta(days=1)
    found: list[Interval] = []
    while day <= last:
        hours = exceptions.get(day.isoformat(), weekly.get(day.isoweekday(), []))
        for opens, closes in hours:
            interval = Interval(_moment(day, opens, zone), _moment(day, closes, zone))
            if interval.start < interval.end:
                found.append(interval)
        day += timedelta(days=1)
    return [each for each in _merged(found) if each.end > start and each.start < end]


def _moment(day: date, clock: str, zone: ZoneInfo) -> datetime:
    minutes = minutes_of(clock)
    if minutes == 24 * 60:
        day, minutes = day + timedelta(days=1), 0
    local = datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=zone)
    return local.astimezone(UTC)


def _merged(intervals: Iterable[Interval]) -> list[Interval]:
    merged: list[Interval] = []
    for each in sorted(intervals, key=lambda interval: interval.start):
        if merged and each.start <= merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(merged[-1].end, each.end))
        else:
            merged.append(each)
    return merged


def free_intervals(
    availability: Availability,
    zone: ZoneInfo,
    booked: Sequence[Interval],
    *,
    now: datetime,
    start: datetime,
    end: datetime,
) -> list[Interval]:
    """The maximal free intervals within start..end after notice, buffers and bookings, in UTC."""
    start = max(start, now + timedelta(minutes=availability.notice_minutes))
    if start >= end:
        return []
    buffer = timedelta(minutes=availability.buffer_minutes)
    taken = _merged(Interval(each.start - buffer, each.end + buffer) for each in booked)
    free: list[Interval] = []
    for opening in opening_times(availability, zone, start, end):
        cursor, close = max(opening.start, start), min(opening.end, end)
        for hold in taken:
            if hold.end <= cursor or hold.start >= close:
                continue
            if hold.start > cursor:
                free.append(Interval(cursor, hold.start))
            cursor = max(cursor, hold.end)
        if cursor < close:
            free.append(Interval(cursor, close))
    return free
