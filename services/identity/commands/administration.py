"""What administrators and support do with accounts: roles, suspension."""

from dataclasses import dataclass

from services.identity.commands.addresses import find_account
from services.identity.model import Account
from services.identity.store import AccountStore
from shared.contracts.identity import TenantFacts
from shared.kernel.clock import utc_now
from shared.kernel.errors import NotFound
from shared.scope import Scope


@dataclass(frozen=True)
class GrantRole:
    """tenant is the slug in which the account lives."""

    tenant: TenantFacts
    email: str
    role: str


async def grant_role(cmd: GrantRole, scope: Scope) -> Account:
    """NotFound when nobody in that tenant has this address."""
    there = scope.within(cmd.tenant)
    known = await find_account(cmd.email, there)
    if known is None:
        raise NotFound("nobody has this e-mail address in that tenant")
    return await there.store(AccountStore).update(known.id, lambda account: account.grant(cmd.role))


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
    reason: str


async def reinstate_account(cmd: ReinstateAccount, accounts: AccountStore) -> Account:
    return await accounts.update(cmd.account_id, lambda account: account.reinstate(cmd.reason))
