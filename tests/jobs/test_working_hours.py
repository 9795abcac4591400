"""What one working day is, in the tenant's zone, also when clocks change."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.jobs.model.working_hours import DEFAULT, WorkingHours

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = "Mo-Fr 08:00-20:00"
SATURDAY = "Mo-Fr 08:00-20:00, Sa 10:00-14:00"


def at(text: str) -> datetime:
    """Local time of Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("hours", "came", "due"),
    [
        # 2026-03-02 is a Monday.
        (WEEK, "2026-03-02T15:00", "2026-03-03T15:00"),
        (WEEK, "2026-03-06T15:00:30", "2026-03-09T15:00:30"),
        (WEEK, "2026-03-02T06:00", "2026-03-03T08:00"),
        (WEEK, "2026-03-02T20:00", "2026-03-04T08:00"),
        (WEEK, "2026-03-07T12:00", "2026-03-10T08:00"),
        (SATURDAY, "2026-03-06T18:00", "2026-03-07T14:00"),
        (SATURDAY, "2026-03-06T09:00", "2026-03-07T10:00"),
        (SATURDAY, "2026-03-06T11:00", "2026-03-07T11:00"),
        ("Sa-Mo 00:00-24:00", "2026-03-02T23:30", "2026-03-07T23:30"),
        ("Mo 09:00-12:00, Mo 13:00-17:00", "2026-03-02T12:30", "2026-03-09T13:00"),
        # Clocks go forward on 2026-03-29 and back on 2026-10-25.
        (WEEK, "2026-03-27T15:00", "2026-03-30T15:00"),
        (WEEK, "2026-10-23T15:00", "2026-10-26T15:00"),
    ],
)
def test_a_working_day_ends_at_the_same_time_of_the_next_one(hours: str, came: str, due: str):
    assert WorkingHours.of(hours, BERLIN).one_day_after(at(came)) == at(due)


@pytest.mark.parametrize(
    "text", ["", "always", "Mo-Fr", "Mo-Fr 20:00-08:00", "Mo-Fr 08:00-25:00", "Xx 08:00-20:00"]
)
def test_hours_that_cannot_be_read_are_the_usual_ones(text: str):
    assert WorkingHours.of(text, BERLIN) == WorkingHours.of(DEFAULT, BERLIN)


def test_hours_are_those_of_the_tenants_zone():
    monday = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)
    berlin = WorkingHours.of(WEEK, BERLIN).one_day_after(monday)
    london = WorkingHours.of(WEEK, ZoneInfo("Europe/London")).one_day_after(monday)
    assert berlin == datetime(2026, 3, 3, 7, 30, tzinfo=UTC)
    assert london == datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
