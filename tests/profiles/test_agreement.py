"""Free times and bookings agree: what profiles shows as free is what jobs books, and only that.

Each of the two services has its own code for opening times; here they are held against each other
over both changes of the clocks, in the tenants' zones.
"""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.jobs.model.calendar import Availability as Working
from services.jobs.model.calendar import Calendar, Hold, SlotTaken
from services.jobs.model.values import Slot
from services.profiles.model.availability import (
    Availability,
    ExceptionalDay,
    Interval,
    Window,
    check,
    free_intervals,
)
from services.profiles.model.helper import Helper
from shared.contracts.profiles import HelperUpdated
from shared.kernel.errors import Invalid
from tests.profiles.builders import a_draft, a_listed_helper

ZONES = [ZoneInfo(name) for name in ("Europe/Berlin", "Europe/Zurich", "America/St_Johns")]
CHANGES = [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)]
"""Days on which the clocks change in Europe; in St. John's they change on other ones."""

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def clocks(last: int = 96) -> st.SearchStrategy[str]:
    """Quarters of an hour, ``00:00`` to ``24:00``."""
    return st.integers(0, last).map(lambda each: f"{each // 4:02}:{each % 4 * 15:02}")


@st.composite
def windows(draw: st.DrawFn) -> tuple[str, str]:
    start, end = sorted((draw(clocks()), draw(clocks())))
    assume(start < end)
    return start, end


@st.composite
def plans(draw: st.DrawFn, around: date) -> Availability:
    """Hours, exceptional days near the change, notice and buffer; as a helper may set them."""
    weekly = [Window(draw(st.integers(1, 7)), *draw(windows())) for _ in range(draw(_FEW))]
    special = []
    for _ in range(draw(st.integers(0, 2))):
        day = (around + timedelta(days=draw(st.integers(-2, 2)))).isoformat()
        if draw(st.booleans()):
            special.append(ExceptionalDay(day, closed=True))
        else:
            start, end = draw(windows())
            special.append(ExceptionalDay(day, start=start, end=end))
    plan = Availability(
        weekly,
        special,
        notice_minutes=draw(st.sampled_from([0, 90, 1440])),
        buffer_minutes=draw(st.sampled_from([0, 15, 60])),
    )
    try:
        check(plan)
    except Invalid:
        assume(False)
    return plan


_FEW = st.integers(1, 6)


@st.composite
def intervals(draw: st.DrawFn, around: datetime) -> Interval:
    start = around + 5 * MINUTE * draw(st.integers(-600, 600))
    return Interval(start, start + 5 * MINUTE * draw(st.integers(3, 144)))


@st.composite
def situations(
    draw: st.DrawFn,
) -> tuple[Availability, ZoneInfo, list[Interval], datetime, datetime]:
    """A plan, a zone, bookings, now, and a moment near a change of the clocks."""
    change = draw(st.sampled_from(CHANGES))
    plan, zone = draw(plans(change.date())), draw(st.sampled_from(ZONES))
    open_ = free_intervals(
        plan, zone, [], now=LONG_AGO, start=change - 3 * DAY, end=change + 3 * DAY
    )
    anywhen = intervals(change)
    during = st.sampled_from(open_).flatmap(_within) if open_ else anywhen
    booked = draw(st.lists(anywhen | during, min_size=1, max_size=3))
    now = change + 5 * MINUTE * draw(st.integers(-900, 100))
    return plan, zone, booked, now, change


def _within(opening: Interval) -> st.SearchStrategy[Interval]:
    """A part of it of five minutes at least."""
    steps = (opening.end - opening.start) // (5 * MINUTE)
    return st.tuples(st.integers(0, steps - 1), st.integers(1, 24)).map(
        lambda each: Interval(
            opening.start + each[0] * 5 * MINUTE,
            min(opening.end, opening.start + (each[0] + each[1]) * 5 * MINUTE),
        )
    )


def _fitting(free: list[Interval]) -> st.SearchStrategy[Interval]:
    """A free interval, exactly or one minute longer or shorter at either end."""
    shift = st.integers(-1, 1)
    return st.builds(
        lambda each, one, other: Interval(each.start + one * MINUTE, each.end + other * MINUTE),
        st.sampled_from(free),
        shift,
        shift,
    ).filter(lambda each: each.start < each.end)


def published(plan: Availability) -> Working:
    """The plan as jobs knows it, by way of the facts that profiles publishes."""
    return Working.of(a_listed_helper(availability=plan).facts().availability)


@given(situations(), st.data())
@settings(max_examples=120, deadline=None)
def test_a_slot_can_be_booked_exactly_if_it_is_shown_as_free(situation, data: st.DataObject):
    plan, zone, booked, now, change = situation
    free = free_intervals(plan, zone, booked, now=now, start=change - 4 * DAY, end=change + 4 * DAY)
    wanted = data.draw(intervals(change) | _fitting(free) if free else intervals(change))
    shown = any(each.start <= wanted.start and wanted.end <= each.end for each in free)
    calendar = Calendar(id="acc_1")
    calendar.holds = [
        Hold(f"job_{place}", "offer", Slot(each.start, each.end), 0, LONG_AGO)
        for place, each in enumerate(booked)
    ]
    wish = Slot(wanted.start, wanted.end)
    try:
        calendar.check(wish, "job_new", published(plan), zone, now)
        bookable = True
    except SlotTaken:
        bookable = False
    assert bookable == shown


@given(situations())
@settings(max_examples=120, deadline=None)
def test_free_times_are_apart_in_order_open_and_never_booked(situation):
    plan, zone, booked, now, change = situation
    start, end = change - 3 * DAY, change + 3 * DAY
    free = free_intervals(plan, zone, booked, now=now, start=start, end=end)
    buffer = timedelta(minutes=plan.buffer_minutes)
    for one, other in pairwise(free):
        assert one.end < other.start
    for each in free:
        assert max(start, now + timedelta(minutes=plan.notice_minutes)) <= each.start < each.end
        assert each.end <= end
        for hold in booked:
            assert each.end <= hold.start - buffer or hold.end + buffer <= each.start


@given(situations())
@settings(max_examples=40, deadline=None)
def test_minute_by_minute_a_free_time_is_one_that_the_clock_on_the_wall_allows(situation):
    """An oracle of another kind: what the wall clock shows, minute by minute. A time that the
    clocks skip is never shown by any clock, so no free time can lie in the gap; of a repeated
    time only the edges may differ from the oracle's, as an edge means its first occurrence."""
    plan, zone, _, _, change = situation
    plan = Availability(plan.weekly, plan.exceptions)
    free = free_intervals(plan, zone, [], now=LONG_AGO, start=change - DAY, end=change + 2 * DAY)
    special = {each.date for each in plan.exceptions}
    moment = change - DAY
    while moment < change + 2 * DAY:
        local = moment.astimezone(zone)
        ambiguous = local.replace(fold=1 - local.fold).utcoffset() != local.utcoffset()
        if not ambiguous and not _after_gap(moment, zone):
            shown = any(each.start <= moment < each.end for each in free)
            assert shown == _open(plan, special, local)
        moment += 15 * MINUTE


def _after_gap(moment: datetime, zone: ZoneInfo) -> bool:
    """Within an hour after a gap, where an edge inside the gap has been moved to."""
    before, after = (each.astimezone(zone) for each in (moment - timedelta(hours=1), moment))
    return before.replace(tzinfo=None) + timedelta(hours=1) < after.replace(tzinfo=None)


def _open(plan: Availability, special: set[str], local: datetime) -> bool:
    day, clock = local.date().isoformat(), f"{local:%H:%M}"
    if day in special:
        hours = [
            (each.start, each.end)
            for each in plan.exceptions
            if each.date == day and each.start and each.end
        ]
    else:
        hours = [(e.start, e.end) for e in plan.weekly if e.weekday == local.isoweekday()]
    return any(start <= clock < end for start, end in hours)


@pytest.mark.parametrize("change", CHANGES)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_a_day_that_is_open_throughout_lasts_as_long_as_it_does(
    change: datetime, data: st.DataObject
):
    zone = ZONES[0]
    plan = Availability([Window(day, "00:00", "24:00") for day in range(1, 8)])
    first = change.date() + timedelta(days=data.draw(st.integers(-2, 0)))
    last = change.date() + timedelta(days=data.draw(st.integers(1, 3)))
    start, end = (
        datetime(each.year, each.month, each.day, tzinfo=zone).astimezone(UTC)
        for each in (first, last)
    )
    free = free_intervals(plan, zone, [], now=LONG_AGO, start=start, end=end)
    hours = 24 * (last - first).days + (-1 if change.month == 3 else 1)
    assert free == [Interval(start, end)]
    assert end - start == timedelta(hours=hours)


# Public holidays


def a_helper_of(region: str | None, *exceptions: ExceptionalDay) -> Helper:
    """With nothing else that runs out."""
    week = [Window(day, "09:00", "17:00") for day in range(1, 8)]
    plan = Availability(week, list(exceptions), public_holidays=region)
    return a_draft(availability=plan)


def opens(helper: Helper, day: str) -> bool:
    """Whether a slot at noon is shown; it can be booked exactly then."""
    noon = datetime.fromisoformat(f"{day}T11:00:00+00:00")
    free = free_intervals(helper.hours, ZONES[0], [], now=LONG_AGO, start=noon, end=noon + MINUTE)
    working = Working.of(helper.facts().availability)
    assert working.open_for(Slot(noon, noon + MINUTE), ZONES[0], LONG_AGO) == bool(free)
    return bool(free)


@pytest.mark.parametrize(
    ("region", "day", "works"),
    [
        (None, "2026-05-01", True),
        ("DE", "2026-05-01", False),
        ("DE", "2026-05-02", True),
        ("DE", "2026-03-08", True),
        ("DE-BE", "2026-03-08", False),
        ("DE-BY", "2026-03-08", True),
        ("DE-BY", "2026-08-15", True),
        ("CH-ZH", "2026-08-01", False),
        ("DE", "2027-12-26", False),
    ],
)
def test_public_holidays_of_the_region_are_days_off(region: str | None, day: str, works: bool):
    assert opens(a_helper_of(region), day) is works


def test_an_exception_prevails_over_a_holiday():
    helper = a_helper_of("DE", ExceptionalDay("2026-05-01", start="10:00", end="14:00"))
    assert opens(helper, "2026-05-01")
    assert not opens(helper, "2026-12-25")


def test_in_the_new_year_the_next_ones_holidays_are_known_and_published():
    helper = a_helper_of("DE")
    assert helper.due_at == datetime(2027, 1, 1, tzinfo=UTC)
    assert opens(helper, "2028-05-01")
    (event,) = helper.on_due(helper.due_at)
    assert type(event) is HelperUpdated
    assert not opens(helper, "2028-05-01")
    assert any(each.date == date(2028, 5, 1) for each in event.facts.availability.exceptions)
    assert helper.due_at == datetime(2028, 1, 1, tzinfo=UTC)


def test_who_works_on_holidays_needs_no_new_year():
    helper = a_helper_of(None)
    assert helper.days_off == []
    assert helper.due_at is None
