"""Tax data of helpers: when they are asked for, what they are, and what follows without them.

An operator must know them for the yearly report (Directive (EU) 2021/514, DAC7). The data lie
sealed in the record; only their owner and the report see them.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from babel import Locale
from stdnum import get_cc_module, iban
from stdnum.ch import uid
from stdnum.eu import vat
from stdnum.exceptions import ValidationError

from shared.contracts.jobs import (
    TaxDataErased,
    TaxDataOverdue,
    TaxDataProvided,
    TaxDataReminded,
    TaxDataRequested,
    TaxRecordEvent,
    TaxRecordFacts,
)
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Conflict, Invalid

NEAR = timedelta(days=7)
"""How long before the first paid appointment a helper is asked."""

REMINDED_AFTER = (timedelta(days=20), timedelta(days=40))
OVERDUE_AFTER = timedelta(days=60)
"""From the asking; then nobody can book this helper any more (a rule of the directive)."""

KEPT_YEARS = 10
"""After the last year with income, the longest that the directive allows (Annex V, section IV)."""

OLDEST = date(1900, 1, 1)

_TIN = {
    "AT": "tin",
    "BE": "nn",
    "CH": "ssn",
    "DE": "idnr",
    "DK": "cpr",
    "ES": "nif",
    "FR": "nif",
    "IT": "codicefiscale",
    "NL": "bsn",
    "PL": "pesel",
    "PT": "nif",
    "SE": "personnummer",
}
"""State of issue -> the library's name for the number that people have there."""

_NO_STATES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "XK", "ZZ"})


class TaxDataMissing(Conflict):
    """As the helper: nothing can be booked until the tax data are there."""

    code = "tax_data_missing"


class NotBookable(Conflict):
    """As the customer: this helper cannot be booked at present; why is the helper's business."""

    code = "helper_not_bookable"


@dataclass(frozen=True)
class TaxAddress:
    """country is ISO 3166 alpha-2."""

    street: str
    postcode: str
    city: str
    country: str


@dataclass(frozen=True)
class TaxData:
    """The person as tax offices know them; numbers are without blanks, birth_date is ISO."""

    first_name: str
    last_name: str
    birth_date: str
    address: TaxAddress
    tin: str
    tin_country: str
    account: str
    vat_id: str | None = None

    @classmethod
    def checked(
        cls,
        *,
        first_name: str,
        last_name: str,
        birth_date: date,
        address: TaxAddress,
        tin: str,
        tin_country: str,
        account: str,
        vat_id: str | None,
        today: date,
    ) -> "TaxData":
        """Invalid with the field that cannot be right; check digits where the number has some."""
        if not OLDEST <= birth_date < today:
            raise Invalid("there is nobody of this age", pointer="/birth_date")
        _check_country(address.country, "/address/country")
        _check_country(tin_country, "/tin_country")
        return cls(
            first_name=first_name,
            last_name=last_name,
            birth_date=birth_date.isoformat(),
            address=address,
            tin=_tin(tin, tin_country),
            tin_country=tin_country,
            account=_account(account),
            vat_id=None if vat_id is None else _vat_id(vat_id),
        )


def _check_country(code: str, pointer: str) -> None:
    known = Locale("en").territories
    if len(code) != 2 or not code.isalpha() or code not in known or code in _NO_STATES:
        raise Invalid("is no country's code, e.g. DE", pointer=pointer)


def _tin(text: str, country: str) -> str:
    name = _TIN.get(country)
    module = get_cc_module(country.lower(), name) if name else None
    if module is None:
        return "".join(text.split())
    try:
        return str(module.validate(text))
    except ValidationError:
        raise Invalid(f"is no number that {country} gives to people", pointer="/tin") from None


def _account(text: str) -> str:
    try:
        return str(iban.validate(text))
    except ValidationError:
        raise Invalid("is no IBAN", pointer="/iban") from None


def _vat_id(text: str) -> str:
    for check in (vat.validate, uid.validate):
        try:
            return str(check(text))
        except ValidationError:
            continue
    raise Invalid("is no VAT number", pointer="/vat_id")


class TaxState(StrEnum):
    """waiting: a paid job is booked, but not near; left: the person is no more."""

    WAITING = "waiting"
    ASKED = "asked"
    OVERDUE = "overdue"
    GIVEN = "given"
    LEFT = "left"


@dataclass(frozen=True)
class Sealed:
    """key_id names the secret; text is base64."""

    key_id: str
    text: str


@dataclass(kw_only=True)
class TaxRecord(Aggregate):
    """One for each helper, with the account's id."""

    state: TaxState = TaxState.WAITING
    data: Sealed | None = None
    asked_at: datetime | None = None
    given_at: datetime | None = None
    reminders: int = 0

    @classmethod
    def expecting(cls, helper_id: str, appointment: datetime, now: datetime) -> "TaxRecord":
        """Of a helper whose first paid job was booked."""
        return cls(id=helper_id, due_at=max(now, appointment - NEAR))

    @property
    def due_by(self) -> datetime | None:
        """When booking ends without the data; None while nobody waits for them."""
        if self.asked_at is None or self.state in (TaxState.GIVEN, TaxState.LEFT):
            return None
        return self.asked_at + OVERDUE_AFTER

    def bars(self, now: datetime) -> bool:
        """Whether the helper cannot be booked; also before the timer has noticed."""
        return self.due_by is not None and now >= self.due_by

    def expect(self, appointment: datetime) -> list[TaxRecordEvent]:
        """A nearer appointment than the one that was known."""
        if self.state is TaxState.WAITING and self.due_at is not None:
            self.due_at = min(self.due_at, appointment - NEAR)
        return []

    def give(self, sealed: Sealed, at: datetime) -> list[TaxRecordEvent]:
        self.data, self.given_at = sealed, at
        self.state, self.due_at = TaxState.GIVEN, None
        return [TaxDataProvided(self.facts())]

    def leave(self, last_year: int | None) -> list[TaxRecordEvent]:
        """The person is no more. last_year is the last with income, None without any.

        Income has to be reported, also later: then the data stay sealed until KEPT_YEARS are over.
        """
        if self.state is TaxState.LEFT:
            return []
        self.state, self.due_at = TaxState.LEFT, None
        if last_year is None:
            self.data = None
        elif self.data is not None:
            self.due_at = datetime(last_year + KEPT_YEARS + 1, 1, 1, tzinfo=UTC)
        return [TaxDataErased(self.facts())]

    def on_due(self, now: datetime) -> list[TaxRecordEvent]:
        """Ask, remind twice, end bookings; of somebody who left, forget."""
        if self.due_at is None or now < self.due_at:
            return []
        if self.state is TaxState.LEFT:
            self.data, self.due_at = None, None
            return [TaxDataErased(self.facts())]
        if self.state is TaxState.WAITING or self.asked_at is None:
            self.state, self.asked_at = TaxState.ASKED, now
            self.due_at = now + REMINDED_AFTER[0]
            return [TaxDataRequested(self.facts())]
        if self.reminders < len(REMINDED_AFTER):
            self.reminders += 1
            # Counted from the asking, but never two on one day.
            ends = (*REMINDED_AFTER, OVERDUE_AFTER)[self.reminders]
            self.due_at = max(self.asked_at + ends, now + timedelta(days=1))
            return [TaxDataReminded(self.facts())]
        self.state, self.due_at = TaxState.OVERDUE, None
        return [TaxDataOverdue(self.facts())]

    def facts(self) -> TaxRecordFacts:
        return TaxRecordFacts(
            state=self.state,
            asked_at=self.asked_at,
            due_by=self.due_by,
            given_at=self.given_at,
            reminders=self.reminders,
        )
