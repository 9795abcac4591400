"""When the tenant's support works, and what one working day is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
DEFAULT = "Mo-Fr 08:00-20:00"
"""For a tenant that says nothing, or nothing that can be read."""

_PART = re.compile(
    r"(?P<first>Mo|Tu|We|Th|Fr|Sa|Su)(-(?P<last>Mo|Tu|We|Th|Fr|Sa|Su))?"
    r" (?P<start>([01]\d|2[0-3]):[0-5]\d)-(?P<end>([01]\d|2[0-3]):[0-5]\d|24:00)",
    re.ASCII,
)
_WEEK = 7


@dataclass(frozen=True, slots=True)
class Opening:
    """weekday 0 (Monday) to 6; minutes since local midnight, end at most 1440."""

    weekday: int
    start: int
    end: int


@dataclass(frozen=True)
class WorkingHours:
    """In the tenant's time zone."""

    openings: Sequence[Opening]
    zone: ZoneInfo

    @classmethod
    def of(cls, text: str, zone: ZoneInfo) -> "WorkingHours":
        """From ``Mo-Fr 08:00-20:00, Sa 10:00-14:00``; DEFAULT where that cannot be read."""
        return cls(_read(text) or _read(DEFAULT), zone)

    def one_day_after(self, at: datetime) -> datetime:
        """The same time on the next working day, or its closing time if it closes earlier.

        What comes while nobody works counts as come at the next opening.
        """
        start = self._next_open(at)
        local = start.astimezone(self.zone)
        clock = local.hour * 60 + local.minute
        day = local.date() + timedelta(days=1)
        while not (openings := self._on(day)):
            day += timedelta(days=1)
        first, last = openings[0], openings[-1]
        minutes = min(max(clock, first.start), last.end)
        seconds = local.second if minutes == clock else 0
        return self._moment(day, minutes) + timedelta(seconds=seconds)

    def _next_open(self, at: datetime) -> datetime:
        """at, or the beginning of the next hours when nobody works then."""
        day = at.astimezone(self.zone).date()
        for ahead in range(_WEEK + 1):
            for opening in self._on(day + timedelta(days=ahead)):
                opens = self._moment(day + timedelta(days=ahead), opening.start)
                closes = self._moment(day + timedelta(days=ahead), opening.end)
                if at < closes:
                    return max(at, opens)
        raise AssertionError("some day of a week has hours")

    def _on(self, day: date) -> list[Opening]:
        return sorted(
            (each for each in self.openings if each.weekday == day.weekday()),
            key=lambda each: each.start,
        )

    def _moment(self, day: date, minutes: int) -> datetime:
        extra, clock = divmod(minutes, 24 * 60)
        day += timedelta(days=extra)
        hours, minutes = divmod(clock, 60)
        local = datetime(day.year, day.month, day.day, hours, minutes, tzinfo=self.zone)
        return local.astimezone(UTC)


def _read(text: str) -> list[Opening]:
    found: list[Opening] = []
    for part in text.split(", "):
        matched = _PART.fullmatch(part.strip())
        if matched is None:
            return []
        first = DAYS.index(matched["first"])
        last = DAYS.index(matched["last"] or matched["first"])
        start, end = _minutes(matched["start"]), _minutes(matched["end"])
        if start >= end:
            return []
        days = range(first, first + (last - first) % _WEEK + 1)
        found += [Opening(day % _WEEK, start, end) for day in days]
    return found


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)
