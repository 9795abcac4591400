"""The types of fields: what passes, in which form, and what does not."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.http.fields import (
    SAFE_INTEGER,
    Bool,
    Day,
    IdOf,
    Instant,
    Int,
    Line,
    MoneyIn,
    MoneyOut,
    Page,
    PointIn,
    PointOut,
    Text,
    View,
)
from shared.kernel.geo import Point
from shared.kernel.ids import new_id
from shared.kernel.money import Money

LINE: TypeAdapter[str] = TypeAdapter(Annotated[str, Line(2, 5)])
TEXT: TypeAdapter[str] = TypeAdapter(Annotated[str, Text(0, 9)])
MOMENT: TypeAdapter[datetime] = TypeAdapter(Instant)


def refused(adapter: TypeAdapter[Any], value: Any) -> bool:
    try:
        adapter.validate_python(value)
    except ValidationError:
        return True
    return False


def test_lengths_are_code_points_after_nfc_and_trimming() -> None:
    assert LINE.validate_python("  gu\u0308n  ") == "gün"
    assert LINE.validate_python("😀" * 5) == "😀" * 5
    assert LINE.validate_python("e\u0301" * 5) == "é" * 5
    assert refused(LINE, "😀" * 6)
    assert refused(LINE, " x ")
    assert TEXT.validate_python("   ") == ""


@pytest.mark.parametrize("bad", ["a\0b", "a\x1bb", "a\u202eb", "a\u2066b", "a\x7fb", "a\ud800b"])
def test_characters_that_deceive_are_refused(bad: str) -> None:
    assert refused(LINE, bad)
    assert refused(TEXT, bad)


def test_only_text_may_have_lines() -> None:
    assert TEXT.validate_python("a\n\tb") == "a\n\tb"
    assert refused(LINE, "a\nb")
    assert refused(LINE, "a\tb")


@pytest.mark.parametrize("value", [5, None, ["ab"], {"$gt": ""}, b"ab"])
def test_text_is_text(value: Any) -> None:
    assert refused(TypeAdapter(MoneyIn), {"amount_minor": 1, "currency": value})
    if not isinstance(value, bytes):
        assert refused(LINE, value)


@pytest.mark.parametrize("value", [1.0, "1", True, None, SAFE_INTEGER + 1, -SAFE_INTEGER - 1])
def test_whole_numbers_are_not_coerced(value: Any) -> None:
    assert refused(TypeAdapter(Int), value)
    assert TypeAdapter(Int).validate_python(SAFE_INTEGER) == SAFE_INTEGER


@pytest.mark.parametrize("value", [1, "true", None])
def test_truth_is_not_coerced(value: Any) -> None:
    assert refused(TypeAdapter(Bool), value)
    assert TypeAdapter(Bool).validate_python(True) is True


@pytest.mark.parametrize(
    "body",
    [
        {"amount_minor": -1, "currency": "EUR"},
        {"amount_minor": 1.0, "currency": "EUR"},
        {"amount_minor": "1", "currency": "EUR"},
        {"amount_minor": 10**13, "currency": "EUR"},
        {"amount_minor": 1, "currency": "eur"},
        {"amount_minor": 1, "currency": "QQQ"},
        {"amount_minor": 1, "currency": "EUR", "more": 1},
        {"currency": "EUR"},
    ],
)
def test_money_is_whole_minor_units_of_a_real_currency(body: dict[str, Any]) -> None:
    assert refused(TypeAdapter(MoneyIn), body)
    good = MoneyIn.model_validate({"amount_minor": 0, "currency": "CHF"})
    assert good.money == Money(0, "CHF")
    assert MoneyOut.of(Money(5, "EUR")).model_dump() == {"amount_minor": 5, "currency": "EUR"}


@pytest.mark.parametrize(
    "body",
    [
        {"lat": 90.1, "lon": 0},
        {"lat": 0, "lon": -180.1},
        {"lat": "1", "lon": 0},
        {"lat": True, "lon": 0},
        {"lat": float("nan"), "lon": 0},
        {"lat": 0, "lon": float("inf")},
        {"lat": 0},
    ],
)
def test_points_are_on_the_globe(body: dict[str, Any]) -> None:
    assert refused(TypeAdapter(PointIn), body)
    assert PointIn.model_validate({"lat": 52, "lon": 13.5}).point == Point(52.0, 13.5)
    assert PointOut.of(Point(1, 2)).lon == 2


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T10:00:00+01:00", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ("2026-03-01t09:00:00.1239z", datetime(2026, 3, 1, 9, 0, 0, 123000, tzinfo=UTC)),
        ("2026-03-01T09:00:00.123456789Z", datetime(2026, 3, 1, 9, 0, 0, 123000, tzinfo=UTC)),
    ],
)
def test_moments_come_in_with_an_offset(text: str, moment: datetime) -> None:
    assert MOMENT.validate_python(text) == moment
    assert MOMENT.validate_python(text).tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-01T10:00:00",
        "2026-03-01",
        "2026-13-01T10:00:00Z",
        "2026-02-30T10:00:00Z",
        "2026-03-01T24:00:01Z",
        "2026-03-01 10:00:00Z",
        "2026-03-01T10:00Z",
        "0001-01-01T00:00:00+14:00",
        "٢٠٢٦-03-01T10:00:00Z",
        1772352000,
        None,
        {},
    ],
)
def test_what_is_no_moment_is_refused(value: Any) -> None:
    assert refused(MOMENT, value)


def test_moments_go_out_in_utc() -> None:
    class Answer(View):
        at: Instant
        day: Day

    shown = Answer(at=datetime(2026, 3, 1, 9, tzinfo=UTC), day=date(2026, 3, 1))
    assert shown.model_dump_json() == '{"at":"2026-03-01T09:00:00.000Z","day":"2026-03-01"}'


@pytest.mark.parametrize("value", ["2026-02-30", "2026-3-1", "20260301", 5, None])
def test_days_are_days(value: Any) -> None:
    assert refused(TypeAdapter(Day), value)
    assert TypeAdapter(Day).validate_python("2026-03-01") == date(2026, 3, 1)


def test_ids_are_of_their_kind() -> None:
    adapter: TypeAdapter[str] = TypeAdapter(Annotated[str, IdOf("job")])
    id = new_id("job")
    assert adapter.validate_python(id) == id
    for bad in (new_id("acc"), "job_1", "", 5, id.upper()):
        assert refused(adapter, bad)


def test_the_schema_says_what_is_checked() -> None:
    schema = TypeAdapter(Annotated[str, Line(2, 5)]).json_schema()
    assert (schema["minLength"], schema["maxLength"]) == (2, 5)
    assert TypeAdapter(Annotated[str, IdOf("job")]).json_schema()["pattern"].startswith("^job_")
    assert MOMENT.json_schema(mode="serialization")["format"] == "date-time"
    assert "data" in Page[MoneyOut].model_json_schema()["required"]
