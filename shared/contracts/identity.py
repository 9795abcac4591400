"""Published by identity: tenants and accounts."""

from datetime import UTC, datetime

from shared.contracts.base import Event, Facts
from shared.kernel.geo import Point
from shared.kernel.money import Money


class Brand(Facts):
    """How the tenant shows itself; colours are #rrggbb, logo an https URL or data URI."""

    name: str
    programme_name: str
    primary_colour: str
    accent_colour: str
    logo: str = ""
    support_email: str
    support_phone: str = ""


class Category(Facts):
    """A kind of job; slug is also the skill a helper qualifies for. names: locale -> text."""

    slug: str
    names: dict[str, str]


class CancellationTier(Facts):
    """Cancelling at least hours_before the slot costs fee_percent of one helper hour."""

    hours_before: int
    fee_percent: int


class CompensationRules(Facts):
    """What the operator owes for a visit that fails by its line or router.

    The helper: helper_percent of one hour at the agreed rate (None: what the cancellation tiers
    give for a visit called off at the door), with helper_travel the agreed travel as well. The
    customer: this amount (None: the lower end of the hourly band). Nothing is owed where it is 0.
    """

    helper_percent: int | None = None
    helper_travel: bool = True
    customer: Money | None = None


class TenantRules(Facts):
    """pass_mark is a fraction; windows in days; commission in basis points of the price."""

    pass_mark: float = 0.7
    insurance_required: bool = False
    identity_required: bool = False
    cancellation_tiers: list[CancellationTier] = []
    review_window_days: int = 14
    dispute_window_days: int = 7
    contact_redaction: bool = True
    support_hours: str = "Mo-Fr 08:00-20:00"
    commission_bps: int = 0
    compensation: CompensationRules = CompensationRules()


class TenantFacts(Facts):
    """A tenant as every service needs it. The event's subject is the slug.

    status: active, suspended or offboarded. time_zone is an IANA name, currency ISO 4217,
    country ISO 3166 alpha-2. The service area is a circle: centre and radius in metres. documents:
    kind (terms, privacy, imprint) -> the version in force; the texts are identity's. tax_number is
    the operator's own in its country, empty where it is not known.
    """

    slug: str
    status: str = "active"
    hosts: list[str]
    brand: Brand
    country: str
    locales: list[str]
    currency: str
    time_zone: str
    categories: list[Category]
    hourly_rate_min: Money
    hourly_rate_max: Money
    centre: Point
    radius_m: int
    rules: TenantRules
    documents: dict[str, str] = {}
    tax_number: str = ""


class TenantEvent(Event[TenantFacts], publisher="identity", aggregate="tenant", facts=TenantFacts):
    """Base of the tenant's events."""


class TenantConfigured(TenantEvent):
    """Created, changed, or served again after a suspension."""


class TenantSuspended(TenantEvent):
    """From now on nothing is served at the tenant's hosts."""


class TenantOffboarded(TenantEvent):
    """It is over: everything of this tenant is to be erased, everywhere."""


class TenantSnapshot(TenantEvent): ...


class EndedSession(Facts):
    """A session that ended while access tokens of it may live."""

    id: str
    ended_at: datetime


class AccountFacts(Facts):
    """A person. The event's subject is the account id.

    status: active, suspended, leaving (about to be erased) or erased. Access tokens issued before
    tokens_valid_from are refused, but for those of spared_session; those of ended_sessions are
    refused (at most 50, none much older than a token's life), and those of an account that is not
    active whenever they were issued.
    consents: kind of document -> the version the person agreed to last.
    """

    email: str
    display_name: str
    language: str
    roles: list[str]
    status: str = "active"
    email_verified: bool
    registered_at: datetime
    verified_at: datetime | None = None
    tokens_valid_from: datetime | None = None
    spared_session: str = ""
    ended_sessions: list[EndedSession] = []
    consents: dict[str, str] = {}


ERASED = AccountFacts(
    email="",
    display_name="",
    language="",
    roles=[],
    status="erased",
    email_verified=False,
    registered_at=datetime.fromtimestamp(0, UTC),
)
"""What remains of an account: nothing but the event's subject, so that nobody learns of a person
who is no more. What must be there is blank, and the same for all.
"""


class AccountEvent(
    Event[AccountFacts], publisher="identity", aggregate="account", facts=AccountFacts
):
    """Base of the account's events."""


class AccountRegistered(AccountEvent): ...


class AccountVerified(AccountEvent): ...


class AccountUpdated(AccountEvent): ...


class AccountSuspended(AccountEvent): ...


class AccountReinstated(AccountEvent): ...


class AccountErased(AccountEvent):
    """The account's last event; its facts are ERASED."""


class AccountSnapshot(AccountEvent): ...
