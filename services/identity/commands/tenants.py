"""What the platform's administrators do with tenants."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from services.identity.model import Document, Tenant
from services.identity.store import LookStore, TenantStore
from shared.audit import Look
from shared.contracts.identity import TenantFacts
from shared.kernel.clock import utc_now
from shared.kernel.errors import Conflict
from shared.kernel.ids import new_id
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
    everyone = [tenant.configuration() for tenant in await tenants.everyones()]
    known = [facts for facts in everyone if facts.status != "offboarded"]
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


@dataclass(frozen=True)
class OffboardTenant:
    slug: str


async def offboard_tenant(cmd: OffboardTenant, scope: Scope) -> Tenant:
    """Told to the platform's own audit log, as the tenant's goes with it."""
    acting = scope.acting
    if acting is not None:
        act = Look(
            id=new_id("look"),
            actor_id=acting.actor_id,
            role=acting.role,
            subject_ids=[],
            kind=acting.kind,
            thing_id=cmd.slug,
            at=utc_now(),
        )
        await scope.store(LookStore).create(act, [LookStore.audited(act.facts())])
    tenants = TenantStore.opened(cmd.slug, replace(scope, acting=None))
    return await tenants.update(cmd.slug, lambda tenant: tenant.offboard())
