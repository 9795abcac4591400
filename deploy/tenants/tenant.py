"""What a tenant's file may say, and the request body that it becomes."""

import re
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field, field_validator, model_validator

from deploy.tenants.source import BadFileError, Entry, Source, against, unique
from shared.kernel.money import exponent
from shared.kernel.tax_numbers import business_tax_number
from shared.kernel.text import clean

FOLDER = Path(__file__).parent

_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))+")
_DAYS = "(Mo|Tu|We|Th|Fr|Sa|Su)"
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
_HOURS = re.compile(f"{_DAYS}(-{_DAYS})? {_CLOCK}-({_CLOCK}|24:00)")


def _line(text: str) -> str:
    return clean(text, one_line=True)


def _matching(pattern: str, rule: str) -> AfterValidator:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise against(rule)
        return text

    return AfterValidator(check)


def _host(text: str) -> str:
    if len(text) > 253 or not _HOST.fullmatch(text):
        raise against("must be a host name in lower case, without scheme and port")
    return text


def _logo(text: str) -> str:
    url = urlsplit(text)
    if text and not (url.scheme == "https" and url.hostname) and not text.startswith("data:image/"):
        raise against("must be an https URL or a data:image/ URI")
    return text


def _email(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        raise against("must be an e-mail address") from None


def _phone(text: str) -> str:
    if not text:
        return text
    try:
        valid = phonenumbers.is_valid_number(phonenumbers.parse(text))
    except phonenumbers.NumberParseException:
        valid = False
    if not valid:
        raise against("must be a telephone number with country code, such as +49 30 ...")
    return text


def _country(text: str) -> str:
    if text not in phonenumbers.SUPPORTED_REGIONS:
        raise against("must be an ISO 3166 country code, such as DE")
    return text


def _currency(text: str) -> str:
    try:
        exponent(text)
    except ValueError:
        raise against("must be an ISO 4217 currency, such as EUR") from None
    return text


def _time_zone(text: str) -> str:
    # Names without a region, such as localtime, mean another thing on every machine.
    if text not in available_timezones() or not ("/" in text or text == "UTC"):
        raise against("must be an IANA time zone, such as Europe/Berlin")
    return text


def _support_hours(text: str) -> str:
    if not all(_HOURS.fullmatch(part) for part in text.split(", ")):
        raise against("must look like Mo-Fr 08:00-20:00, several parted by a comma and a space")
    return text


Name = Annotated[str, AfterValidator(_line), Field(min_length=1, max_length=80)]
Text = Annotated[str, AfterValidator(clean), Field(min_length=1, max_length=30_000)]
Version = Annotated[
    str,
    _matching(
        "[0-9A-Za-z][0-9A-Za-z._-]{0,31}",
        'must be 1 to 32 letters, digits, dots or dashes, in quotes, such as "2026-01"',
    ),
]
Slug = Annotated[
    str,
    _matching(
        "[a-z][a-z0-9_-]{1,30}",
        "must be 2 to 31 of a-z, 0-9, - and _, beginning with a letter",
    ),
]
Colour = Annotated[str, _matching("#[0-9a-f]{6}", "must be a colour as #rrggbb in lower case")]
Locale = Annotated[str, _matching("[a-z]{2}", "must be an ISO 639 language code, such as de")]
Host = Annotated[str, AfterValidator(_host)]


class Brand(Entry):
    """As in the contract; support_phone with country code."""

    name: Name
    programme_name: Name
    primary_colour: Colour
    accent_colour: Colour
    logo: Annotated[str, Field(max_length=2000), AfterValidator(_logo)] = ""
    support_email: Annotated[str, AfterValidator(_email)]
    support_phone: Annotated[str, AfterValidator(_phone)] = ""


class Category(Entry):
    """names: one for each of the tenant's locales."""

    slug: Slug
    names: dict[str, Name]


class Amount(Entry):
    """In a file a whole number of minor units, or a mapping that names the currency as well."""

    amount_minor: Annotated[int, Field(gt=0, le=1_000_000_000)]
    currency: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_number(cls, given: Any) -> Any:
        if isinstance(given, int) and not isinstance(given, bool):
            return {"amount_minor": given}
        if not isinstance(given, dict):
            raise against("must be a whole number of minor units (cents)")
        return given


class HourlyRate(Entry):
    """The band that helpers' prices lie in, both ends included."""

    min: Amount
    max: Amount

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min.amount_minor >= self.max.amount_minor:
            raise against("must be less than max", "min")
        return self


class Centre(Entry):
    """WGS 84 degrees."""

    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]


class ServiceArea(Entry):
    """A circle; radius_m in metres."""

    centre: Centre
    radius_m: Annotated[int, Field(ge=1_000, le=2_000_000)]


class Tier(Entry):
    """Cancelling at least hours_before the slot costs fee_percent of one helper hour."""

    hours_before: Annotated[int, Field(ge=0, le=720)]
    fee_percent: Annotated[int, Field(ge=0, le=100)]


class Owed(Amount):
    """As an amount, nothing included."""

    amount_minor: Annotated[int, Field(ge=0, le=1_000_000_000)]


class Compensation(Entry):
    """What the operator owes for a visit that fails by its line or router, as in the contract."""

    helper_percent: Annotated[int, Field(ge=0, le=1_000)] | None = None
    helper_travel: bool = True
    customer: Owed | None = None


class Rules(Entry):
    """As in the contract, with its defaults."""

    pass_mark: Annotated[float, Field(gt=0, le=1)] = 0.7
    insurance_required: bool = False
    identity_required: bool = False
    cancellation_tiers: Annotated[list[Tier], Field(min_length=1, max_length=10)]
    review_window_days: Annotated[int, Field(ge=1, le=90)] = 14
    dispute_window_days: Annotated[int, Field(ge=1, le=90)] = 7
    contact_redaction: bool = True
    support_hours: Annotated[str, AfterValidator(_support_hours)] = "Mo-Fr 08:00-20:00"
    commission_bps: Annotated[int, Field(ge=0, le=5_000)] = 0
    compensation: Compensation = Compensation()

    @field_validator("cancellation_tiers")
    @classmethod
    def _from_early_to_late(cls, tiers: list[Tier]) -> list[Tier]:
        for place in range(1, len(tiers)):
            earlier, later = tiers[place - 1], tiers[place]
            if later.hours_before >= earlier.hours_before:
                raise against("must be less than in the tier before", place, "hours_before")
            if later.fee_percent < earlier.fee_percent:
                raise against("must not be less than in the tier before", place, "fee_percent")
        if tiers[-1].hours_before:
            raise against("must be 0 in the last tier", len(tiers) - 1, "hours_before")
        return tiers


KINDS = ("terms", "privacy", "imprint")


class Document(Entry):
    """A legal text as it is in force. A changed text needs a new version, as people agree to one.

    texts: one for each of the tenant's locales, plain text.
    """

    version: Version
    texts: Annotated[dict[str, Text], Field(min_length=1)]


class TenantFile(Entry):
    """A tenant as it is written down; slug repeats the file's name."""

    slug: Slug
    hosts: Annotated[list[Host], Field(min_length=1, max_length=10)]
    brand: Brand
    country: Annotated[str, AfterValidator(_country)]
    locales: Annotated[list[Locale], Field(min_length=1, max_length=10)]
    currency: Annotated[str, AfterValidator(_currency)]
    time_zone: Annotated[str, AfterValidator(_time_zone)]
    categories: Annotated[list[Category], Field(min_length=1, max_length=50)]
    hourly_rate: HourlyRate
    service_area: ServiceArea
    rules: Rules
    documents: dict[str, Document] = {}
    tax_number: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        unique(self.hosts, ("hosts",))
        unique(self.locales, ("locales",))
        unique((each.slug for each in self.categories), ("categories",), ("slug",))
        self._check_names()
        self._check_documents()
        self._check_tax_number()
        for at, amount in self._amounts():
            if amount.currency not in (None, self.currency):
                raise against(f"must be {self.currency}, the tenant's currency", *at, "currency")
        return self

    def _amounts(self) -> list[tuple[tuple[str, ...], Amount]]:
        owed = self.rules.compensation.customer
        return [
            (("hourly_rate", "min"), self.hourly_rate.min),
            (("hourly_rate", "max"), self.hourly_rate.max),
            *([(("rules", "compensation", "customer"), owed)] if owed else []),
        ]

    def _check_tax_number(self) -> None:
        if self.tax_number:
            try:
                business_tax_number(self.tax_number, self.country)
            except ValueError as error:
                raise against(str(error), "tax_number") from None

    def _check_names(self) -> None:
        for place, category in enumerate(self.categories):
            for locale in self.locales:
                if locale not in category.names:
                    raise against("is required", "categories", place, "names", locale)
            for locale in category.names:
                if locale not in self.locales:
                    raise against("is not one of the locales", "categories", place, "names", locale)

    def _check_documents(self) -> None:
        for kind, document in self.documents.items():
            if kind not in KINDS:
                raise against(f"is not one of {', '.join(KINDS)}", "documents", kind)
            for locale in self.locales:
                if locale not in document.texts:
                    raise against("is required", "documents", kind, "texts", locale)
            for locale in document.texts:
                if locale not in self.locales:
                    raise against("is not one of the locales", "documents", kind, "texts", locale)

    def body(self) -> dict[str, Any]:
        """The body of ``PUT /v1/admin/tenants/{slug}``: JSON values, amounts with currency.

        As it will be shown again, so that a difference is one.
        """
        body = self.model_dump(exclude={"slug"})
        for amount in (*body["hourly_rate"].values(), body["rules"]["compensation"]["customer"]):
            if amount is not None:
                amount["currency"] = self.currency
        if self.tax_number:
            body["tax_number"] = business_tax_number(self.tax_number, self.country)
        return body


def load(path: str | Path) -> dict[str, Any]:
    """The body of ``PUT /v1/admin/tenants/{slug}``, the slug being the file's name.

    Raises BadFileError, whose text is one line for each fault:
    ``vodafone.yaml:17: hourly_rate.min: must be less than max``.
    """
    return _read(Path(path))[1].body()


def load_all(folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """Slug -> body for every tenant of the folder. Raises BadFileError, also for a shared host."""
    bodies: dict[str, dict[str, Any]] = {}
    owners: dict[str, str] = {}
    for path in sorted(folder.glob("*.yaml")):
        source, tenant = _read(path)
        for place, host in enumerate(tenant.hosts):
            if host in owners:
                rule = f"is a host of {owners[host]} already"
                raise BadFileError([source.fault(("hosts", place), rule)])
            owners[host] = path.name
        bodies[tenant.slug] = tenant.body()
    return bodies


def _read(path: Path) -> tuple[Source, TenantFile]:
    source = Source(path)
    tenant = source.parse(TenantFile)
    if tenant.slug != path.stem:
        raise BadFileError([source.fault(("slug",), f"must be {path.stem}, as the file is named")])
    return source, tenant
