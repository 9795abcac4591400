"""Opening times, both changes of the clocks, notice, buffers and bookings."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.profiles.model.availability import (
    Availability,
    ExceptionalDay,
    Interval,
    Window,
    check,
    free_intervals,
)
from shared.kernel.errors import Invalid
from tests.profiles.builders import ALL_WEEK

BERLIN = ZoneInfo("Europe/Berlin")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(day: int, hour: int = 0, minute: int = 0, month: int = 3) -> datetime:
    """UTC in 2026. In Berlin the clocks go forward on 29 March and back on 25 October."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def free(
    plan: Availability,
    start: datetime,
    end: datetime,
    *booked: Interval,
    now: datetime = LONG_AGO,
) -> list[tuple[datetime, datetime]]:
    found = free_intervals(plan, BERLIN, booked, now=now, start=start, end=end)
    return [(each.start, each.end) for each in found]


def on_sundays(start: str, end: str) -> Availability:
    return Availability([Window(7, start, end)])


def test_weekly_hours_are_local():
    plan = Availability([Window(1, "09:00", "17:00")])
    assert free(plan, at(2), at(9)) == [(at(2, 8), at(2, 16))]


def test_after_the_clocks_went_forward_the_same_hours_are_earlier_in_utc():
    plan = Availability([Window(1, "09:00", "17:00")])
    assert free(plan, at(30), at(31)) == [(at(30, 7), at(30, 15))]


def test_the_day_the_clocks_go_forward_has_23_hours():
    ((start, end),) = free(on_sundays("00:00", "24:00"), at(28), at(31))
    assert (start, end) == (at(28, 23), at(29, 22))
    assert end - start == 23 * HOUR


def test_the_day_the_clocks_go_back_has_25_hours():
    ((start, end),) = free(on_sundays("00:00", "24:00"), at(24, month=10), at(27, month=10))
    assert end - start == 25 * HOUR


def test_across_the_skipped_hour_an_interval_is_shorter():
    assert free(on_sundays("01:00", "04:00"), at(28), at(31)) == [(at(29, 0), at(29, 2))]


def test_the_skipped_hour_itself_is_no_time_at_all():
    assert free(on_sundays("02:00", "03:00"), at(28), at(31)) == []


def test_a_skipped_time_is_read_by_the_offset_before_the_gap():
    assert free(on_sundays("02:30", "05:00"), at(28), at(31)) == [(at(29, 1, 30), at(29, 3))]


def test_a_repeated_time_means_its_first_occurrence():
    range_ = (at(24, month=10), at(27, month=10))
    assert free(on_sundays("02:30", "04:00"), *range_) == [
        (at(25, 0, 30, month=10), at(25, 3, month=10))
    ]
    assert free(on_sundays("01:00", "02:30"), *range_) == [
        (at(24, 23, month=10), at(25, 0, 30, month=10))
    ]


def test_intervals_that_meet_at_midnight_are_one():
    plan = Availability([Window(1, "20:00", "24:00"), Window(2, "00:00", "02:00")])
    assert free(plan, at(2), at(4)) == [(at(2, 19), at(3, 1))]


def test_always_open_is_one_interval():
    assert free(Availability(ALL_WEEK), at(2, 5), at(20, 7)) == [(at(2, 5), at(20, 7))]


def test_what_began_the_day_before_is_found():
    plan = Availability([Window(1, "20:00", "24:00")])
    assert free(plan, at(2, 22, 30), at(3, 12)) == [(at(2, 22, 30), at(2, 23))]


def test_a_closed_day_is_closed():
    plan = Availability([Window(1, "09:00", "17:00")], [ExceptionalDay("2026-03-02", closed=True)])
    assert free(plan, at(1), at(10)) == [(at(9, 8), at(9, 16))]


def test_an_exceptional_day_has_its_own_hours_instead():
    special = [
        ExceptionalDay("2026-03-02", start="12:00", end="13:00"),
        ExceptionalDay("2026-03-02", start="18:00", end="20:00"),
    ]
    plan = Availability([Window(1, "09:00", "17:00")], special)
    assert free(plan, at(2), at(3)) == [(at(2, 11), at(2, 12)), (at(2, 17), at(2, 19))]


def test_bookings_are_taken_out():
    plan = Availability([Window(1, "09:00", "17:00")])
    assert free(plan, at(2), at(3), Interval(at(2, 10), at(2, 12))) == [
        (at(2, 8), at(2, 10)),
        (at(2, 12), at(2, 16)),
    ]


def test_buffers_are_kept_free_around_bookings():
    plan = Availability([Window(1, "09:00", "17:00")], buffer_minutes=30)
    booked = [Interval(at(2, 10), at(2, 12)), Interval(at(2, 12, 45), at(2, 14))]
    assert free(plan, at(2), at(3), *booked) == [
        (at(2, 8), at(2, 9, 30)),
        (at(2, 14, 30), at(2, 16)),
    ]


def test_a_booking_that_fills_the_day_leaves_nothing():
    plan = Availability([Window(1, "09:00", "17:00")])
    assert free(plan, at(2), at(3), Interval(at(2, 6), at(2, 18))) == []


def test_notice_counts_from_now():
    plan = Availability([Window(1, "09:00", "17:00")], notice_minutes=120)
    assert free(plan, at(2), at(3), now=at(2, 9)) == [(at(2, 11), at(2, 16))]


def test_the_past_is_never_free():
    plan = Availability(ALL_WEEK)
    assert free(plan, at(2), at(3), now=at(4)) == []


@pytest.mark.parametrize(
    ("plan", "pointer"),
    [
        (Availability([Window(1, "10:00", "09:00")]), "/availability/weekly/0/end"),
        (
            Availability([Window(1, "09:00", "12:00"), Window(1, "11:59", "14:00")]),
            "/availability/weekly/1",
        ),
        (
            Availability([], [ExceptionalDay("2026-03-02", start="12:00", end="11:00")]),
            "/availability/exceptions/0/end",
        ),
        (
            Availability([], [ExceptionalDay("2026-03-02", start="12:00")]),
            "/availability/exceptions/0",
        ),
        (
            Availability(
                [],
                [
                    ExceptionalDay("2026-03-02", closed=True),
                    ExceptionalDay("2026-03-02", start="10:00", end="11:00"),
                ],
            ),
            "/availability/exceptions/1",
        ),
    ],
)
def test_contradictions_are_named(plan: Availability, pointer: str):
    with pytest.raises(Invalid) as refused:
        check(plan)
    assert refused.value.errors[0]["pointer"] == pointer


def test_windows_that_touch_or_lie_on_other_days_do_not_overlap():
    check(
        Availability(
            [
                Window(1, "09:00", "12:00"),
                Window(1, "12:00", "24:00"),
                Window(2, "09:00", "12:00"),
            ]
        )
    )
