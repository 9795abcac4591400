"""What the platform's administrators do with tenants."""

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Path
from pydantic import AfterValidator, Field
from starlette.responses import Response

from services.identity import commands, views
from services.identity.api.fields import Version
from services.identity.model import Document, Tenant
from services.identity.model.tenant import KINDS
from services.identity.store import TenantStore
from shared.contracts.identity import (
    Brand,
    CancellationTier,
    Category,
    CompensationRules,
    TenantFacts,
    TenantRules,
)
from shared.http import PLATFORM, Call, CallDep, Router, answer
from shared.http.fields import Body, Bool, Currency, Int, Line, MoneyIn, PointIn, Text
from shared.kernel.errors import Invalid, NotFound
from shared.kernel.tax_numbers import business_tax_number
from shared.replicas import PLATFORM as PLATFORM_SLUG

router = Router()

Slug = Annotated[str, Field(pattern="^[a-z][a-z0-9_-]{1,30}$")]
Colour = Annotated[str, Field(pattern="^#[0-9a-f]{6}$")]
Host = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]
Locale = Annotated[str, Field(pattern="^[a-z]{2}$")]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not an IANA time zone") from None
    return name


class BrandBody(Body):
    name: Annotated[str, Line(1, 80)]
    programme_name: Annotated[str, Line(1, 80)]
    primary_colour: Colour
    accent_colour: Colour
    logo: Annotated[str, Line(0, 2000)] = ""
    support_email: Annotated[str, Line(3, 254)]
    support_phone: Annotated[str, Line(0, 40)] = ""


class CategoryBody(Body):
    slug: Slug
    names: Annotated[dict[Locale, Annotated[str, Line(1, 80)]], Field(min_length=1)]


class BandBody(Body):
    min: MoneyIn
    max: MoneyIn


class AreaBody(Body):
    centre: PointIn
    radius_m: Annotated[Int, Field(ge=1_000, le=2_000_000)]


class TierBody(Body):
    hours_before: Annotated[Int, Field(ge=0, le=720)]
    fee_percent: Annotated[Int, Field(ge=0, le=100)]


class GuaranteeBody(Body):
    """What the operator owes when a visit fails by its line or router; null is our own rule."""

    helper_percent: Annotated[Int, Field(ge=0, le=1_000)] | None = None
    helper_travel: Bool = True
    customer: MoneyIn | None = None


class RulesBody(Body):
    pass_mark: Annotated[float, Field(gt=0, le=1)] = 0.7
    insurance_required: Bool = False
    identity_required: Bool = False
    cancellation_tiers: Annotated[list[TierBody], Field(max_length=10)] = []
    review_window_days: Annotated[Int, Field(ge=1, le=90)] = 14
    dispute_window_days: Annotated[Int, Field(ge=1, le=90)] = 7
    contact_redaction: Bool = True
    support_hours: Annotated[str, Text(0, 200)] = ""
    commission_bps: Annotated[Int, Field(ge=0, le=5_000)] = 0
    compensation: GuaranteeBody = GuaranteeBody()

    def facts(self) -> TenantRules:
        given = self.model_dump(exclude={"cancellation_tiers", "compensation"})
        owed = self.compensation
        return TenantRules(
            **given,
            cancellation_tiers=[
                CancellationTier(**tier.model_dump()) for tier in self.cancellation_tiers
            ],
            compensation=CompensationRules(
                helper_percent=owed.helper_percent,
                helper_travel=owed.helper_travel,
                customer=owed.customer.money if owed.customer else None,
            ),
        )


class DocumentBody(Body):
    """A legal text as it is in force; texts: locale -> plain text, one for each locale."""

    version: Version
    texts: Annotated[dict[Locale, Annotated[str, Text(1, 30_000)]], Field(min_length=1)]


class TenantBody(Body):
    """A tenant's configuration, whole. documents: terms, privacy and imprint. tax_number: the
    operator's own, without which incomes cannot be reported as XML."""

    hosts: Annotated[list[Host], Field(min_length=1, max_length=10)]
    brand: BrandBody
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    locales: Annotated[list[Locale], Field(min_length=1, max_length=10)]
    currency: Currency
    time_zone: Annotated[str, AfterValidator(_known_zone)]
    categories: Annotated[list[CategoryBody], Field(min_length=1, max_length=50)]
    hourly_rate: BandBody
    service_area: AreaBody
    rules: RulesBody
    documents: dict[str, DocumentBody] = {}
    tax_number: Annotated[str, Line(0, 40)] = ""

    def facts(self, slug: str) -> TenantFacts:
        """The event's form. Invalid where two fields contradict each other."""
        low, high = self.hourly_rate.min.money, self.hourly_rate.max.money
        self._check_currencies()
        if high < low:
            raise Invalid("must not be less than min", pointer="/hourly_rate/max")
        slugs = [category.slug for category in self.categories]
        if len(set(slugs)) < len(slugs):
            raise Invalid("a category stands twice", pointer="/categories")
        self._check_documents()
        return TenantFacts(
            slug=slug,
            hosts=self.hosts,
            brand=Brand(**self.brand.model_dump()),
            country=self.country,
            locales=self.locales,
            currency=self.currency,
            time_zone=self.time_zone,
            categories=[Category(**category.model_dump()) for category in self.categories],
            hourly_rate_min=low,
            hourly_rate_max=high,
            centre=self.service_area.centre.point,
            radius_m=self.service_area.radius_m,
            rules=self.rules.facts(),
            tax_number=self._tax_number(),
        )

    def _check_currencies(self) -> None:
        amounts = {
            "/hourly_rate/min": self.hourly_rate.min,
            "/hourly_rate/max": self.hourly_rate.max,
            "/rules/compensation/customer": self.rules.compensation.customer,
        }
        for pointer, amount in amounts.items():
            if amount is not None and amount.currency != self.currency:
                raise Invalid(f"must be in {self.currency}", pointer=f"{pointer}/currency")

    def _tax_number(self) -> str:
        try:
            return self.tax_number and business_tax_number(self.tax_number, self.country)
        except ValueError as error:
            raise Invalid(str(error), pointer="/tax_number") from None

    def _check_documents(self) -> None:
        for kind, document in self.documents.items():
            if kind not in KINDS:
                known = ", ".join(KINDS)
                raise Invalid(f"is not one of {known}", pointer=f"/documents/{kind}")
            if set(document.texts) != set(self.locales):
                wanted = ", ".join(self.locales)
                raise Invalid(
                    f"must have one text in each of {wanted}", pointer=f"/documents/{kind}/texts"
                )

    def legal(self) -> dict[str, Document]:
        """Kind -> the version to be in force."""
        return {
            kind: Document(kind, document.version, dict(document.texts))
            for kind, document in self.documents.items()
        }


class SuspendTenantBody(Body):
    reason: Annotated[str, Text(1, 500)]


async def the_tenant(slug: str, call: Call) -> Tenant:
    """The one that is being administered. NotFound."""
    found = await TenantStore.of(slug, call).find(slug)
    if found is None:
        raise NotFound("there is no such tenant")
    return found


@router.get(
    "/v1/admin/tenants",
    operation_id="identity_list_tenants",
    response_model=views.ConfiguredTenantListView,
    openapi_extra=PLATFORM,
)
async def list_tenants(call: CallDep) -> Response:
    tenants = await call.store(TenantStore).everyones()
    return answer(
        call,
        views.ConfiguredTenantListView(data=[views.configured_view(tenant) for tenant in tenants]),
    )


@router.put(
    "/v1/admin/tenants/{slug}",
    operation_id="identity_configure_tenant",
    response_model=views.ConfiguredTenantView,
    openapi_extra=PLATFORM,
)
async def configure_tenant(
    slug: Annotated[Slug, Path()], body: TenantBody, call: CallDep
) -> Response:
    if slug == PLATFORM_SLUG:
        raise Invalid("this slug is the platform's own", parameter="slug")
    tenant, created = await commands.configure_tenant(
        commands.ConfigureTenant(body.facts(slug), body.legal()), call
    )
    view = views.configured_view(tenant)
    return answer(call, view, status=201 if created else 200, etag=tenant.version)


@router.post(
    "/v1/admin/tenants/{slug}/suspend",
    operation_id="identity_suspend_tenant",
    response_model=views.ConfiguredTenantView,
    openapi_extra=PLATFORM,
)
async def suspend_tenant(
    slug: Annotated[Slug, Path()], body: SuspendTenantBody, call: CallDep
) -> Response:
    """All its hosts answer 503 ``tenant_suspended`` within two seconds."""
    tenant = await commands.suspend_tenant(
        commands.SuspendTenant(slug, body.reason), TenantStore.of(slug, call)
    )
    return answer(call, views.configured_view(tenant), etag=tenant.version)


@router.post(
    "/v1/admin/tenants/{slug}/reinstate",
    operation_id="identity_reinstate_tenant",
    response_model=views.ConfiguredTenantView,
    openapi_extra=PLATFORM,
)
async def reinstate_tenant(slug: Annotated[Slug, Path()], call: CallDep) -> Response:
    tenant = await commands.reinstate_tenant(
        commands.ReinstateTenant(slug), TenantStore.of(slug, call)
    )
    return answer(call, views.configured_view(tenant), etag=tenant.version)


@router.post(
    "/v1/admin/tenants/{slug}/offboard",
    operation_id="identity_offboard_tenant",
    response_model=views.ConfiguredTenantView,
    openapi_extra=PLATFORM,
)
async def offboard_tenant(slug: Annotated[Slug, Path()], call: CallDep) -> Response:
    """Erase everything of a suspended tenant, in every service, for good. Its hosts answer 404."""
    tenant = await commands.offboard_tenant(commands.OffboardTenant(slug), call)
    return answer(call, views.configured_view(tenant), etag=tenant.version)
