"""In whose name and in which language a paper is written, and how it says times and amounts."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import format_currency

from services.jobs.model.values import Slot
from services.jobs.papers.words import WORDS
from shared.contracts.identity import TenantFacts
from shared.kernel.money import Money, exponent
from shared.replicas import Person

FALLBACK = "en"


@dataclass(frozen=True)
class Names:
    """The two sides by name; empty for whoever is no more."""

    customer: str
    helper: str


@dataclass(frozen=True)
class Letterhead:
    """The tenant's name and the reader's language."""

    tenant: TenantFacts
    language: str

    @classmethod
    def to(cls, reader: Person | None, tenant: TenantFacts) -> "Letterhead":
        """In the reader's language, else the tenant's first one, else English."""
        wanted = (reader.language if reader else "", *tenant.locales, FALLBACK)
        return cls(tenant, next(each for each in wanted if each in WORDS))

    def say(self, key: str, **values: object) -> str:
        return WORDS[self.language][key].format(**values)

    @cached_property
    def locale(self) -> Locale:
        """With the tenant's country where that is a known pair: de_CH writes CHF in front."""
        try:
            return Locale(self.language, self.tenant.country)
        except UnknownLocaleError:
            return Locale(self.language)

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.tenant.time_zone)

    def money(self, amount: Money) -> str:
        units = Decimal(amount.amount_minor).scaleb(-exponent(amount.currency))
        return str(format_currency(units, amount.currency, locale=self.locale))

    def day(self, moment: datetime | date) -> str:
        local = moment.astimezone(self.zone) if isinstance(moment, datetime) else moment
        return str(format_date(local, "long", locale=self.locale))

    def moment(self, moment: datetime) -> str:
        return f"{self.day(moment)}, {self._clock(moment)}"

    def slot(self, slot: Slot) -> str:
        """The day once, if the slot ends on it."""
        start, end = slot.start.astimezone(self.zone), slot.end.astimezone(self.zone)
        if start.date() != end.date():
            return f"{self.moment(start)} – {self.moment(end)}"
        return f"{self.moment(start)} – {self._clock(end)}"

    def _clock(self, moment: datetime) -> str:
        local = moment.astimezone(self.zone)
        return str(format_time(local, "short", locale=self.locale))

    def category(self, slug: str) -> str:
        names = next((each.names for each in self.tenant.categories if each.slug == slug), {})
        return names.get(self.language) or names.get(self.tenant.locales[0]) or slug
