"""What a helper says of themselves, and what of it the tenant allows."""

from dataclasses import dataclass, field
from enum import StrEnum

from babel import Locale

from services.profiles.model import availability as hours
from services.profiles.model import days_off
from services.profiles.model.availability import Availability
from shared.contracts.identity import TenantFacts
from shared.kernel.errors import Invalid
from shared.kernel.geo import Point
from shared.kernel.money import Money

_LANGUAGES = frozenset(Locale("en").languages)


class TraderStatus(StrEnum):
    """Whether somebody offers as a private person or in the course of a trade."""

    PRIVATE = "private"
    TRADER = "trader"


@dataclass(frozen=True)
class Profile:
    """Everything ``PUT /v1/helpers/me`` sets. skills are category slugs, radius_m metres.

    place is exact; nobody but the helper sees more of it than its rounded form.
    """

    headline: str = ""
    bio: str = ""
    skills: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    hourly_rate: Money | None = None
    min_minutes: int = 60
    place: Point | None = None
    radius_m: int = 10_000
    trader_status: TraderStatus = TraderStatus.PRIVATE
    availability: Availability = field(default_factory=Availability)

    def missing(self) -> list[str]:
        """The fields without which nobody can book this helper, as ``profile:<field>``."""
        wanted = {
            "headline": self.headline,
            "skills": self.skills,
            "languages": self.languages,
            "hourly_rate": self.hourly_rate,
            "place": self.place,
            "availability": self.availability.opens,
        }
        return [f"profile:{name}" for name, value in wanted.items() if not value]

    def check(self, tenant: TenantFacts) -> None:
        """Invalid for what the tenant does not know or allow, or what contradicts itself."""
        known = {category.slug for category in tenant.categories}
        for place, skill in enumerate(self.skills):
            if skill not in known:
                raise Invalid("this category is unknown here", pointer=f"/skills/{place}")
        _check_once(self.skills, "/skills")
        for place, language in enumerate(self.languages):
            if language not in _LANGUAGES:
                raise Invalid("must be a language's ISO 639 code", pointer=f"/languages/{place}")
        _check_once(self.languages, "/languages")
        self._check_rate(tenant)
        if self.place is not None and self.place.distance_m(tenant.centre) > tenant.radius_m:
            raise Invalid("lies outside the area that is served", pointer="/place")
        hours.check(self.availability)
        if self.availability.public_holidays is not None:
            days_off.check(self.availability.public_holidays, tenant.country)

    def _check_rate(self, tenant: TenantFacts) -> None:
        rate, band = self.hourly_rate, (tenant.hourly_rate_min, tenant.hourly_rate_max)
        if rate is None:
            return
        if rate.currency != tenant.currency:
            raise Invalid(f"must be in {tenant.currency}", pointer="/hourly_rate/currency")
        if not band[0] <= rate <= band[1]:
            raise Invalid(
                f"must be from {band[0].amount_minor} to {band[1].amount_minor}",
                pointer="/hourly_rate/amount_minor",
            )


def _check_once(items: list[str], pointer: str) -> None:
    for place, item in enumerate(items):
        if item in items[:place]:
            raise Invalid("stands there twice", pointer=f"{pointer}/{place}")
