"""A tenant's configuration, as data."""

from dataclasses import dataclass
from typing import Any

from shared.contracts.identity import TenantConfigured, TenantEvent, TenantFacts
from shared.kernel.aggregate import Aggregate


@dataclass(kw_only=True)
class Tenant(Aggregate):
    """id is the slug. facts is the configuration as it was applied last."""

    facts: dict[str, Any]

    @classmethod
    def configured(cls, facts: TenantFacts) -> tuple["Tenant", list[TenantEvent]]:
        tenant = cls(id=facts.slug, facts=facts.model_dump())
        return tenant, [TenantConfigured(facts)]

    def configure(self, facts: TenantFacts) -> list[TenantEvent]:
        """Nothing happens when nothing differs."""
        if facts == self.configuration():
            return []
        self.facts = facts.model_dump()
        return [TenantConfigured(facts)]

    def configuration(self) -> TenantFacts:
        return TenantFacts.model_validate(self.facts)
