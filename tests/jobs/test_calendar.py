"""Working hours through the year, holds, and reach."""

import math
import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.jobs.model.calendar import Availability, Calendar, Hold, Hours, SlotTaken
from services.jobs.model.reach import cell_of, cells_around, reaches
from services.jobs.model.receipts import ReceiptBook
from services.jobs.model.values import Slot
from shared.contracts.profiles import Availability as AvailabilityFacts
from shared.contracts.profiles import ExceptionalDay, WeeklyHours
from shared.kernel.geo import Point
from tests.jobs.builders import DAY, HOUR, NOW, a_slot, around_the_clock

BERLIN = ZoneInfo("Europe/Berlin")
ZURICH = ZoneInfo("Europe/Zurich")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def open_for(working: Availability, start: str, end: str, zone: ZoneInfo = BERLIN) -> bool:
    return working.open_for(Slot(utc(start), utc(end)), zone, utc("2026-01-01"))


def office_hours(**facts) -> Availability:
    weekly = [WeeklyHours(weekday=day, start="09:00", end="17:00") for day in range(1, 8)]
    return Availability.of(AvailabilityFacts(weekly=weekly, **facts))


@pytest.mark.parametrize("zone", [BERLIN, ZURICH])
@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        ("2026-03-28", "08:00", "16:00"),
        ("2026-03-29", "07:00", "15:00"),
        ("2026-10-24", "07:00", "15:00"),
        ("2026-10-25", "08:00", "16:00"),
    ],
)
def test_hours_follow_the_clocks_through_both_changes(zone, day, opens, closes):
    working = office_hours()
    start, end = f"{day}T{opens}", f"{day}T{closes}"
    assert open_for(working, start, end, zone)
    early = (utc(start) - timedelta(minutes=1)).replace(tzinfo=None).isoformat()
    late = (utc(end) + timedelta(minutes=1)).replace(tzinfo=None).isoformat()
    assert not open_for(working, early, end, zone)
    assert not open_for(working, start, late, zone)


def test_a_night_of_23_or_25_hours_is_open_throughout():
    assert open_for(around_the_clock(), "2026-03-28T20:00", "2026-03-29T06:00")
    assert open_for(around_the_clock(), "2026-10-24T20:00", "2026-10-25T06:00")


def test_a_time_that_the_clocks_skip_is_read_by_the_offset_before():
    night = Availability(hours=[Hours("7", "02:30", "05:00")])
    assert open_for(night, "2026-03-29T01:30", "2026-03-29T03:00")
    assert not open_for(night, "2026-03-29T01:29", "2026-03-29T03:00")


def test_a_time_that_the_clocks_repeat_is_its_first_occurrence():
    night = Availability(hours=[Hours("7", "02:30", "05:00")])
    assert open_for(night, "2026-10-25T00:30", "2026-10-25T04:00")
    assert not open_for(night, "2026-10-25T00:29", "2026-10-25T04:00")


def test_hours_that_meet_at_midnight_are_one():
    evening = Availability(hours=[Hours("1", "20:00", "24:00"), Hours("2", "00:00", "02:00")])
    assert open_for(evening, "2026-03-02T21:00", "2026-03-03T01:00")
    assert not open_for(evening, "2026-03-02T21:00", "2026-03-03T01:01")


def test_an_exceptional_day_replaces_the_week():
    working = office_hours(
        exceptions=[
            ExceptionalDay(date="2026-03-02", closed=True),
            ExceptionalDay(date="2026-03-03", start="18:00", end="20:00"),
        ]
    )
    assert not open_for(working, "2026-03-02T09:00", "2026-03-02T10:00")
    assert not open_for(working, "2026-03-03T09:00", "2026-03-03T10:00")
    assert open_for(working, "2026-03-03T17:00", "2026-03-03T19:00")
    assert open_for(working, "2026-03-04T09:00", "2026-03-04T10:00")


def test_notice_is_kept():
    working = Availability(hours=around_the_clock().hours, notice_minutes=120)
    assert working.open_for(Slot(NOW + 2 * HOUR, NOW + 3 * HOUR), BERLIN, NOW)
    early = Slot(NOW + timedelta(minutes=119), NOW + 3 * HOUR)
    assert not working.open_for(early, BERLIN, NOW)


def a_hold(job: str, slot: Slot, *, fence: int = 0, ref: str = "offer") -> Hold:
    return Hold(job, ref, slot, fence, NOW)


def test_holds_of_two_jobs_never_overlap():
    calendar = Calendar(id="ben")
    calendar.hold(a_hold("one", a_slot()), around_the_clock(), BERLIN)
    overlapping = a_hold("two", a_slot(2 * DAY + HOUR))
    with pytest.raises(SlotTaken) as taken:
        calendar.hold(overlapping, around_the_clock(), BERLIN)
    assert [hold.job_id for hold in taken.value.blocking] == ["one"]
    calendar.hold(a_hold("two", a_slot(2 * DAY + 2 * HOUR)), around_the_clock(), BERLIN)
    assert len(calendar.holds) == 2


def test_buffers_are_kept_between_bookings():
    working = Availability(hours=around_the_clock().hours, buffer_minutes=30)
    calendar = Calendar(id="ben")
    calendar.hold(a_hold("one", a_slot()), working, BERLIN)
    for ahead in (2 * HOUR + timedelta(minutes=29), -2 * HOUR - timedelta(minutes=29)):
        with pytest.raises(SlotTaken):
            calendar.hold(a_hold("two", a_slot(2 * DAY + ahead)), working, BERLIN)
    calendar.hold(a_hold("two", a_slot(2 * DAY + 2.5 * HOUR)), working, BERLIN)


def test_the_same_hold_again_renews_its_fence():
    calendar = Calendar(id="ben")
    for fence in (0, 1):
        calendar.hold(a_hold("one", a_slot(), fence=fence), around_the_clock(), BERLIN)
    assert [hold.fence for hold in calendar.holds] == [1]


def test_only_holds_from_before_the_fence_are_released():
    calendar = Calendar(id="ben", holds=[a_hold("one", a_slot(), fence=1)])
    calendar.release("one", "offer", before=1)
    assert calendar.holds
    calendar.release("one", "another")
    assert calendar.holds
    calendar.release("one", "offer", before=2)
    assert not calendar.holds


def test_holds_long_past_are_forgotten():
    calendar = Calendar(id="ben", holds=[a_hold("old", a_slot(-9 * DAY))])
    calendar.hold(a_hold("one", a_slot()), around_the_clock(), BERLIN)
    assert [hold.job_id for hold in calendar.holds] == ["one"]


def test_every_place_in_reach_lies_in_a_cell_that_is_searched():
    dice = random.Random(7)
    for _ in range(5_000):
        place = Point(dice.uniform(35, 70), dice.uniform(-10, 40))
        radius = dice.choice([1, 1_000, 17_290, 35_290, 50_000])
        bearing, distance = dice.uniform(0, 2 * math.pi), radius + 709
        north = math.degrees(distance / 6_371_008.8 * math.cos(bearing))
        east = math.degrees(distance / 6_371_008.8 * math.sin(bearing))
        other = Point(place.lat + north, place.lon + east / math.cos(math.radians(place.lat)))
        if reaches(place, radius, other):
            assert cell_of(place) in cells_around(other, radius)


def test_a_receipt_book_numbers_without_gap_or_double():
    book = ReceiptBook.of("ben", 2026, "vodafone")
    for job in ("one", "two", "one", "three"):
        book.enter(job)
    assert [book.number(job) for job in ("one", "two", "three")] == [
        "2026-0001",
        "2026-0002",
        "2026-0003",
    ]
    assert ReceiptBook.of("ben", 2027, "vodafone").id != book.id
    assert ReceiptBook.of("ben", 2026, "swisscom").id != book.id
