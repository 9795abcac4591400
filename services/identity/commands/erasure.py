"""Forgetting a person: asked for, waited for, done everywhere, and last of all here."""

from contextlib import suppress
from dataclasses import dataclass

from services.identity.commands.addresses import release_address
from services.identity.model.erasure import Erasure, State
from services.identity.store import AccountStore, ErasureStore, SessionStore
from shared.contracts.identity import ERASED, AccountErased
from shared.contracts.privacy import ErasureEvent
from shared.kernel.clock import utc_now
from shared.kernel.errors import NotFound
from shared.scope import Scope

_BATCH = 100


@dataclass(frozen=True)
class AskErasure:
    account_id: str


async def ask_erasure(cmd: AskErasure, scope: Scope) -> Erasure:
    """Asked twice it is the same wish."""
    erasures, now = scope.store(ErasureStore), scope.now
    erasure, events = Erasure.ask(scope.tenant.slug, cmd.account_id, now)
    if await erasures.ensure(erasure, events):
        return erasure
    return await erasures.update(erasure.id, lambda known: known.ask_again(now))


@dataclass(frozen=True)
class WithdrawErasure:
    account_id: str


async def withdraw_erasure(cmd: WithdrawErasure, scope: Scope) -> Erasure:
    """NotFound when nothing was asked, TooLate."""
    key = Erasure.key(scope.tenant.slug, cmd.account_id)
    return await scope.store(ErasureStore).update(key, lambda known: known.withdraw())


@dataclass(frozen=True)
class HearAnswer:
    """What a service answered; state is checked or erased."""

    erasure_id: str
    service: str
    round: int
    state: str
    open_matters: list[str]


async def hear_answer(cmd: HearAnswer, scope: Scope) -> None:
    """And do what follows from it, again as well: the process may have ended in between."""
    now = scope.now

    def hear(erasure: Erasure) -> list[ErasureEvent]:
        if cmd.state == "checked":
            return erasure.hear_checked(cmd.service, cmd.round, cmd.open_matters, now)
        return erasure.hear_erased(cmd.service, cmd.round, now)

    erasure = await scope.store(ErasureStore).update(cmd.erasure_id, hear)
    with suppress(NotFound):
        if erasure.closes_account:
            await _close_account(erasure.person_id, scope)
        if erasure.state is State.FINISHED:
            await _forget_account(erasure.person_id, scope)


async def _close_account(account_id: str, scope: Scope) -> None:
    """Nothing is accepted from it any more, in any service, within five seconds."""
    await scope.store(AccountStore).update(account_id, lambda account: account.leave(utc_now()))


async def _forget_account(account_id: str, scope: Scope) -> None:
    """Its sessions and address first: with the account everything ends that could lead to them."""
    accounts, sessions = scope.store(AccountStore), scope.store(SessionStore)
    account = await accounts.get(account_id)
    while found := await sessions.any_of(account_id, _BATCH):
        for session in found:
            await sessions.forget(session.id)
    await release_address(account.email, account_id, scope)
    if account.email_change is not None:
        await release_address(account.email_change.email, account_id, scope)
    await accounts.bury(account_id, lambda _: [AccountErased(ERASED)])
