"""What the platform's administrators do with tenants."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.identity.model import Document, Tenant
from services.identity.store import TenantStore
from shared.contracts.identity import TenantFacts
from shared.kernel.clock import utc_now
from shared.kernel.errors import Conflict
from shared.scope import Scope
from shared.store import AlreadyExists


class HostTaken(Conflict):
    code = "host_taken"


@dataclass(frozen=True)
class ConfigureTenant:
    """documents: kind -> the version to be in force."""

    facts: TenantFacts
    documents: Mapping[str, Document] = field(default_factory=dict)


async def configure_tenant(cmd: ConfigureTenant, scope: Scope) -> tuple[Tenant, bool]:
    """Create or change the tenant; True when it is new. HostTaken when a host is another's.

    scope is the platform's own, whose host is nobody else's either.
    """
    tenants = TenantStore.of(cmd.facts.slug, scope)
    known = [tenant.configuration() for tenant in await tenants.everyones()]
    for other in (scope.tenant, *known):
        taken = set(other.hosts) & set(cmd.facts.hosts)
        if other.slug != cmd.facts.slug and taken:
            raise HostTaken(f"{min(taken)} belongs to tenant {other.slug}")
    tenant, events = Tenant.configured(cmd.facts, cmd.documents)
    try:
        return await tenants.create(tenant, events), True
    except AlreadyExists:
        changed = await tenants.update(
            cmd.facts.slug, lambda old: old.configure(cmd.facts, cmd.documents)
        )
        return changed, False


@dataclass(frozen=True)
class SuspendTenant:
    slug: str
    reason: str


async def suspend_tenant(cmd: SuspendTenant, tenants: TenantStore) -> Tenant:
    return await tenants.update(cmd.slug, lambda tenant: tenant.suspend(cmd.reason, utc_now()))


@dataclass(frozen=True)
class ReinstateTenant:
    slug: str


async def reinstate_tenant(cmd: ReinstateTenant, tenants: TenantStore) -> Tenant:
    return await tenants.update(cmd.slug, lambda tenant: tenant.reinstate())
