"""Money, ids, time, text and places."""

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.clock import BusinessClock, to_milliseconds, utc_now
from shared.kernel.geo import Point
from shared.kernel.ids import derived_id, is_id, new_id
from shared.kernel.money import CurrencyMismatch, Money, exponent
from shared.kernel.text import clean

amounts = st.integers(0, 10**12)
points = st.builds(
    Point, st.floats(-80, 80, allow_nan=False), st.floats(-179, 179, allow_nan=False)
)


def test_currencies_do_not_mix():
    with pytest.raises(CurrencyMismatch):
        Money(100, "EUR") + Money(100, "CHF")
    with pytest.raises(CurrencyMismatch):
        Money(100, "EUR") <= Money(100, "CHF")  # noqa: B015 - comparing is what must raise


def test_the_exponent_comes_from_the_iso_table():
    assert [exponent(code) for code in ("EUR", "CHF", "JPY", "KWD")] == [2, 2, 0, 3]
    with pytest.raises(ValueError, match="ISO 4217"):
        exponent("XXY")


def test_half_a_cent_is_rounded_up():
    assert Money(1, "EUR").times(1, 2) == Money(1, "EUR")
    assert Money(1500, "EUR").times(75, 60) == Money(1875, "EUR")
    assert Money(1001, "EUR").times(50, 60) == Money(834, "EUR")


@given(amounts, st.integers(0, 10_000), st.integers(1, 10_000))
def test_rounding_is_never_off_by_more_than_half_a_unit(amount: int, top: int, bottom: int):
    rounded = Money(amount, "EUR").times(top, bottom).amount_minor
    exact = Fraction(amount * top, bottom)
    assert exact - Fraction(1, 2) < rounded <= exact + Fraction(1, 2)


@given(amounts, amounts, amounts)
def test_sums_do_not_depend_on_order(a: int, b: int, c: int):
    one, two, three = (Money(each, "EUR") for each in (a, b, c))
    assert one + two + three == three + (two + one)
    assert (one + two) - two == one


def test_fresh_ids_sort_by_creation_and_name_their_kind():
    ids = [new_id("job") for _ in range(50)]
    assert ids == sorted(ids)
    assert all(is_id("job", id) for id in ids)
    assert not is_id("acc", ids[0])


@pytest.mark.parametrize("text", ["", "job", "job_", "job_xyz", "job_" + "u" * 26, "acc_$gt"])
def test_what_is_no_id_is_told(text: str):
    assert not is_id("job", text)


@given(st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_derived_ids_depend_on_the_parts_alone(parts: list[str]):
    id = derived_id("job", *parts)
    assert id == derived_id("job", *parts)
    assert is_id("job", id)
    assert id != derived_id("job", *parts, "more")


def test_parts_cannot_run_into_each_other():
    assert derived_id("x", "ab", "c") != derived_id("x", "a", "bc")


def test_times_are_whole_milliseconds_in_utc():
    berlin = timezone(timedelta(hours=1))
    cut = to_milliseconds(datetime(2026, 3, 1, 12, 0, 0, 123_987, tzinfo=berlin))
    assert cut == datetime(2026, 3, 1, 11, 0, 0, 123_000, tzinfo=UTC)
    assert utc_now().microsecond % 1000 == 0


def test_the_business_clock_follows_its_file(tmp_path: Path):
    file = tmp_path / "clock"
    clock = BusinessClock(file)
    assert abs(clock.now() - utc_now()) < timedelta(seconds=1)
    file.write_text("86400")
    assert timedelta(hours=23) < clock.now() - utc_now() < timedelta(hours=25)
    file.write_text("")
    assert abs(clock.now() - utc_now()) < timedelta(seconds=1)


@pytest.mark.parametrize(
    "bad", ["a\x00b", "a\u202eb", "a\u2066b", "a\x7fb", "a\ud800b", "\x1b[31m"]
)
def test_deceiving_characters_are_refused(bad: str):
    with pytest.raises(ValueError, match="control"):
        clean(bad)


def test_lines_may_break_in_texts_but_not_in_names():
    assert clean("one\n\ttwo") == "one\n\ttwo"
    with pytest.raises(ValueError, match="control"):
        clean("one\ntwo", one_line=True)


def test_text_is_composed_and_trimmed():
    assert clean("  Zoe\u0308 ") == "Zo\u00eb"


def test_kreuzberg_is_three_kilometres_from_alexanderplatz():
    distance = Point(52.4986, 13.4034).distance_m(Point(52.5219, 13.4132))
    assert 2_600 < distance < 2_800


@given(points)
def test_a_rounded_place_is_near_and_stays_put(point: Point):
    rounded = point.rounded()
    assert point.distance_m(rounded) < 1_000
    assert rounded.distance_m(rounded.rounded()) < 2


def test_neighbours_in_one_cell_look_the_same():
    assert Point(52.5219, 13.4132).rounded() == Point(52.5220, 13.4133).rounded()
