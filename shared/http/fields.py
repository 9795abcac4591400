"""The types of request and response fields: strict on the way in, uniform on the way out."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from shared.kernel.clock import to_milliseconds
from shared.kernel.geo import Point
from shared.kernel.ids import is_id
from shared.kernel.money import Money, exponent
from shared.kernel.text import clean

T = TypeVar("T")

SAFE_INTEGER = 2**53 - 1
"""The largest whole number every JSON reader keeps (RFC 7493); it also fits the database."""

LARGEST_AMOUNT = 10**12
"""Minor units; far above any price, far below an overflow after multiplication."""


class Body(BaseModel):
    """A JSON request body: nothing is coerced, unknown fields are refused.

    Enumerations are written as Literal, dates as Day, moments as Instant.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class Form(BaseModel):
    """A form body (urlencoded or multipart): all values arrive as text, so numbers are parsed."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class View(BaseModel):
    """A response body."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Page(View, Generic[T]):
    """One page of a list; next_cursor is null on the last one."""

    data: list[T]
    next_cursor: str | None


Int = Annotated[int, Field(strict=True, ge=-SAFE_INTEGER, le=SAFE_INTEGER)]
"""A JSON integer, neither 5.0 nor "5" nor true."""

Bool = Annotated[bool, Field(strict=True)]
"""true or false, nothing else."""


@dataclass(frozen=True, slots=True)
class Text:
    """Text of several lines: ``Annotated[str, Text(1, 4000)]``.

    Bounds are code points after NFC and trimming. Controls (but line feed and tab), bidirectional
    overrides and isolates and lone surrogates are refused.
    """

    min: int
    max: int

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            _cleaner(self.min, self.max, one_line=isinstance(self, Line)), handler(source)
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        allowed = "^[^%s\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069]*$"
        breaks = "\\x00-\\x1f" if isinstance(self, Line) else "\\x00-\\x08\\x0b-\\x1f"
        return {
            **handler(schema),
            "minLength": self.min,
            "maxLength": self.max,
            "pattern": allowed % breaks,
        }


@dataclass(frozen=True, slots=True)
class Line(Text):
    """Text of one line (names, titles): ``Annotated[str, Line(1, 120)]``."""


def _cleaner(minimum: int, maximum: int, *, one_line: bool) -> Callable[[str], str]:
    def cleaned(text: str) -> str:
        text = clean(text, one_line=one_line)
        if len(text) < minimum:
            raise PydanticCustomError(
                "text_too_short", "must have at least {min} characters", {"min": minimum}
            )
        if len(text) > maximum:
            raise PydanticCustomError(
                "text_too_long", "must have at most {max} characters", {"max": maximum}
            )
        return text

    return cleaned


@dataclass(frozen=True, slots=True)
class IdOf:
    """An id of one kind: ``Annotated[str, IdOf("job")]``."""

    prefix: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "pattern": f"^{self.prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$"}

    def _checked(self, text: str) -> str:
        if not is_id(self.prefix, text):
            raise PydanticCustomError(
                "wrong_id", "must be an id that begins with {prefix}_", {"prefix": self.prefix}
            )
        return text


_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def instant(text: str) -> datetime:
    """RFC 3339 with an offset -> aware UTC in whole milliseconds. ValueError otherwise."""
    if not _RFC3339.fullmatch(text):
        raise ValueError("must be a date and time with an offset, e.g. 2026-03-01T10:00:00+01:00")
    try:
        return to_milliseconds(datetime.fromisoformat(text.upper()))
    except (ValueError, OverflowError):
        raise ValueError("there is no such date and time") from None


def rfc3339(moment: datetime) -> str:
    """UTC with milliseconds and Z, the form of every time that leaves us."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _instant(value: Any) -> Any:
    return instant(value) if isinstance(value, str) else _only(value, datetime)


def _day(value: Any) -> Any:
    if isinstance(value, str):
        if not _DAY.fullmatch(value):
            raise ValueError("must be a date, e.g. 2026-03-01")
        return date.fromisoformat(value)
    return _only(value, date)


def _only(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"must be text that holds a {kind.__name__}")
    return value


Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A moment: RFC 3339 with an offset in, UTC with Z out."""

Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A calendar date, ISO 8601."""


def _iso_currency(code: str) -> str:
    exponent(code)
    return code


Currency = Annotated[str, Field(pattern="^[A-Z]{3}$"), AfterValidator(_iso_currency)]
"""ISO 4217."""


class MoneyIn(Body):
    """Money from outside, zero or more."""

    amount_minor: Annotated[int, Field(strict=True, ge=0, le=LARGEST_AMOUNT)]
    currency: Currency

    @property
    def money(self) -> Money:
        return Money(self.amount_minor, self.currency)


class MoneyOut(View):
    """Money as we show it."""

    amount_minor: int
    currency: str

    @classmethod
    def of(cls, money: Money) -> Self:
        return cls(amount_minor=money.amount_minor, currency=money.currency)


class PointIn(Body):
    """A place from outside, WGS 84 degrees."""

    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
    lon: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]

    @property
    def point(self) -> Point:
        return Point(self.lat, self.lon)


class PointOut(View):
    """A place as we show it, WGS 84 degrees."""

    lat: float
    lon: float

    @classmethod
    def of(cls, point: Point) -> Self:
        return cls(lat=point.lat, lon=point.lon)
