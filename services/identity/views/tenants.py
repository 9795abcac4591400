"""How identity shows tenants and their documents."""

from services.identity.model import Document, Tenant
from shared.contracts.identity import TenantFacts
from shared.http.fields import MoneyOut, PointOut, View


class BrandView(View):
    """Colours are #rrggbb."""

    name: str
    programme_name: str
    primary_colour: str
    accent_colour: str
    logo: str
    support_email: str
    support_phone: str


class CategoryView(View):
    """name is in the reader's language, names in all of the tenant's."""

    slug: str
    name: str
    names: dict[str, str]


class RateBand(View):
    min: MoneyOut
    max: MoneyOut


class TierView(View):
    hours_before: int
    fee_percent: int


class GuaranteeView(View):
    """What is owed when a visit fails by the operator's line or router; null is our own rule."""

    helper_percent: int | None
    helper_travel: bool
    customer: MoneyOut | None


class RulesView(View):
    """pass_mark is a fraction, windows are in days, commission in basis points."""

    pass_mark: float
    insurance_required: bool
    identity_required: bool
    cancellation_tiers: list[TierView]
    review_window_days: int
    dispute_window_days: int
    contact_redaction: bool
    support_hours: str
    commission_bps: int
    compensation: GuaranteeView


class AreaView(View):
    centre: PointOut
    radius_m: int


class TenantView(View):
    """A tenant's public configuration. documents: kind -> the version in force."""

    slug: str
    status: str
    programme_name: str
    brand: BrandView
    hosts: list[str]
    country: str
    locales: list[str]
    currency: str
    time_zone: str
    categories: list[CategoryView]
    hourly_rate: RateBand
    service_area: AreaView
    rules: RulesView
    documents: dict[str, str]


class ConfiguredTenantView(TenantView):
    """As the platform's administrators see it; tax_number is the operator's own."""

    tax_number: str


class ConfiguredTenantListView(View):
    data: list[ConfiguredTenantView]


class DocumentView(View):
    """A legal text in one language; versions are all that were ever in force, the newest last."""

    kind: str
    version: str
    language: str
    text: str
    versions: list[str]


def tenant_view(facts: TenantFacts, language: str | None = None) -> TenantView:
    wanted = [language] if language else []
    return TenantView(
        slug=facts.slug,
        status=facts.status,
        programme_name=facts.brand.programme_name,
        brand=BrandView(**facts.brand.model_dump()),
        hosts=facts.hosts,
        country=facts.country,
        locales=facts.locales,
        currency=facts.currency,
        time_zone=facts.time_zone,
        categories=[
            CategoryView(
                slug=category.slug,
                name=_named(category.names, [*wanted, *facts.locales], category.slug),
                names=category.names,
            )
            for category in facts.categories
        ],
        hourly_rate=RateBand(
            min=MoneyOut.of(facts.hourly_rate_min), max=MoneyOut.of(facts.hourly_rate_max)
        ),
        service_area=AreaView(centre=PointOut.of(facts.centre), radius_m=facts.radius_m),
        rules=RulesView(**facts.rules.model_dump()),
        documents=facts.documents,
    )


def _named(names: dict[str, str], wanted: list[str], fallback: str) -> str:
    return next((names[locale] for locale in wanted if locale in names), fallback)


def configured_view(tenant: Tenant) -> ConfiguredTenantView:
    facts = tenant.configuration()
    return ConfiguredTenantView(**dict(tenant_view(facts)), tax_number=facts.tax_number)


def document_view(document: Document, language: str, versions: list[str]) -> DocumentView:
    return DocumentView(
        kind=document.kind,
        version=document.version,
        language=language,
        text=document.texts[language],
        versions=versions,
    )
