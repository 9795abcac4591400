"""The form with which a proof is handed in."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import UploadFile
from pydantic import BeforeValidator, Field, WithJsonSchema

from services.profiles.model.document import Insurance
from shared.http.fields import LARGEST_AMOUNT, Form, Line, instant
from shared.kernel.errors import Invalid
from shared.kernel.money import Money

LONGEST = timedelta(days=365 * 30)
"""What a proof may say of its own validity; more is a slip of the pen."""


def _until(value: Any) -> Any:
    """A date (to its end in the tenant's zone) or a moment."""
    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value) if len(value) == 10 else instant(value)
    except ValueError:
        raise ValueError("must be a date or a date and time with an offset") from None


def _whole(value: Any) -> Any:
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError("must be a whole number of minor units")
    return value


def _truth(value: Any) -> Any:
    known = {"true": True, "false": False}
    if isinstance(value, str) and value not in known:
        raise ValueError("must be true or false")
    return known.get(value, value)


Until = Annotated[
    datetime | date,
    BeforeValidator(_until),
    WithJsonSchema({"type": "string", "format": "date"}),
]


class DocumentForm(Form):
    """An insurance names all of insurer to valid_until, an identity valid_until at most.

    sum_minor is the insured sum in minor units of the tenant's currency.
    """

    kind: Literal["insurance", "identity"]
    file: UploadFile
    insurer: Annotated[str, Line(1, 120)] | None = None
    policy_number: Annotated[str, Line(1, 60)] | None = None
    sum_minor: Annotated[int, Field(ge=1, le=LARGEST_AMOUNT), BeforeValidator(_whole)] | None = None
    covers_paid_work: Annotated[bool, BeforeValidator(_truth)] | None = None
    valid_until: Until | None = None

    def insurance(self, currency: str) -> Insurance | None:
        """Invalid where a field is missing, or there without an insurance."""
        given = {
            name: getattr(self, name)
            for name in ("insurer", "policy_number", "sum_minor", "covers_paid_work")
        }
        wanted = self.kind == "insurance"
        for name, value in given.items():
            if wanted != (value is not None):
                detail = "is needed for an insurance" if wanted else "is for an insurance only"
                raise Invalid(detail, pointer=f"/{name}")
        if not wanted:
            return None
        if self.valid_until is None:
            raise Invalid("is needed for an insurance", pointer="/valid_until")
        total = given.pop("sum_minor")
        return Insurance(**given, sum=Money(total, currency))

    def ends_at(self, zone: ZoneInfo, now: datetime) -> datetime | None:
        """The moment from which it is no longer valid. Invalid when that is past."""
        until = self.valid_until
        if until is None:
            return None
        if not isinstance(until, datetime):
            try:
                following = until + timedelta(days=1)
            except OverflowError:
                raise Invalid("is too far ahead", pointer="/valid_until") from None
            until = datetime.combine(following, time(), zone).astimezone(UTC)
        if until <= now:
            raise Invalid("must not be past", pointer="/valid_until")
        if until > now + LONGEST:
            raise Invalid("is too far ahead", pointer="/valid_until")
        return until
