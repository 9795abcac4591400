"""Two tenants as the services know them in tests."""

from typing import Any

from shared.contracts.identity import (
    Brand,
    CancellationTier,
    Category,
    TenantFacts,
    TenantRules,
)
from shared.kernel.geo import Point
from shared.kernel.money import Money

BERLIN = Point(52.52, 13.405)
ZURICH = Point(47.377, 8.54)
CATEGORIES = ("wifi", "tv", "computer", "smartphone", "smart_home", "printer")


def _tenant(
    slug: str, name: str, currency: str, low: int, high: int, *, insurance: bool, **fields: Any
) -> TenantFacts:
    return TenantFacts(
        slug=slug,
        hosts=[f"{slug}.localhost"],
        brand=Brand(
            name=name.split()[0],
            programme_name=name,
            primary_colour="#e60000",
            accent_colour="#333333",
            support_email=f"support@{slug}.example",
        ),
        currency=currency,
        categories=[
            Category(slug=slug, names={"de": slug.title(), "en": slug.title()})
            for slug in CATEGORIES
        ],
        hourly_rate_min=Money(low, currency),
        hourly_rate_max=Money(high, currency),
        rules=TenantRules(
            insurance_required=insurance,
            cancellation_tiers=[
                CancellationTier(hours_before=24, fee_percent=0),
                CancellationTier(hours_before=0, fee_percent=100),
            ],
        ),
        **fields,
    )


VODAFONE = _tenant(
    "vodafone",
    "Vodafone Service Friends",
    "EUR",
    700,
    3000,
    insurance=False,
    country="DE",
    locales=["de", "en"],
    time_zone="Europe/Berlin",
    centre=BERLIN,
    radius_m=60_000,
)
SWISSCOM = _tenant(
    "swisscom",
    "Swisscom Friends",
    "CHF",
    2000,
    6000,
    insurance=True,
    country="CH",
    locales=["de", "fr", "it", "en"],
    time_zone="Europe/Zurich",
    centre=ZURICH,
    radius_m=100_000,
)
TENANTS = {tenant.slug: tenant for tenant in (VODAFONE, SWISSCOM)}
