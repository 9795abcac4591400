"""What administrators and support do: tenants, roles, suspension."""

from dataclasses import dataclass

from services.identity.commands.accounts import find_claim
from services.identity.model import Account, Tenant
from services.identity.store import AccountStore, TenantStore
from shared.contracts.identity import TenantFacts
from shared.kernel.clock import utc_now
from shared.kernel.errors import Conflict, NotFound
from shared.scope import Scope
from shared.store import AlreadyExists


class HostTaken(Conflict):
    code = "host_taken"


@dataclass(frozen=True)
class ConfigureTenant:
    facts: TenantFacts


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
    tenant, events = Tenant.configured(cmd.facts)
    try:
        return await tenants.create(tenant, events), True
    except AlreadyExists:
        changed = await tenants.update(cmd.facts.slug, lambda old: old.configure(cmd.facts))
        return changed, False


@dataclass(frozen=True)
class GrantRole:
    """tenant is the slug in which the account lives."""

    tenant: TenantFacts
    email: str
    role: str


async def grant_role(cmd: GrantRole, scope: Scope) -> Account:
    """NotFound when nobody in that tenant has this address."""
    there = scope.within(cmd.tenant)
    claim = await find_claim(cmd.email, there)
    if claim is None:
        raise NotFound("nobody has this e-mail address in that tenant")
    return await there.store(AccountStore).update(
        claim.account_id, lambda account: account.grant(cmd.role)
    )


@dataclass(frozen=True)
class GrantHelper:
    """account_id of somebody whose profile was listed."""

    account_id: str


async def grant_helper(cmd: GrantHelper, scope: Scope) -> None:
    await scope.store(AccountStore).update(cmd.account_id, lambda account: account.grant("helper"))


@dataclass(frozen=True)
class SuspendAccount:
    account_id: str
    reason: str


async def suspend_account(cmd: SuspendAccount, accounts: AccountStore) -> Account:
    return await accounts.update(
        cmd.account_id, lambda account: account.suspend(cmd.reason, utc_now())
    )


@dataclass(frozen=True)
class ReinstateAccount:
    account_id: str


async def reinstate_account(cmd: ReinstateAccount, accounts: AccountStore) -> Account:
    return await accounts.update(cmd.account_id, lambda account: account.reinstate())
