"""Ending sessions, so that every service refuses their tokens within seconds."""

from dataclasses import dataclass

from services.identity.credentials import RefreshToken
from services.identity.model import Account, Session
from services.identity.model.revocation import TOLD_FOR
from services.identity.store import AccountStore, SessionStore
from shared.kernel.clock import utc_now
from shared.kernel.errors import NotFound
from shared.scope import Scope
from shared.store import Buried

_BATCH = 100


async def end_session(session: Session, scope: Scope) -> None:
    """The session first, then the word to everybody; repeating it mends a crash in between."""
    now = utc_now()
    if session.live:
        session = await scope.store(SessionStore).update(session.id, lambda it: it.end(now))
    await tell_ended(session, scope)


async def tell_ended(session: Session, scope: Scope) -> None:
    """Unless no access token of the session can live any more."""
    now = utc_now()
    if session.used_at + TOLD_FOR < now:
        return
    try:
        await scope.store(AccountStore).update(
            session.account_id, lambda account: account.tell_ended(session.id, now)
        )
    except (NotFound, Buried):
        return


async def end_all_but(account: Account, scope: Scope) -> None:
    """After a revocation: mark what ended by it. The account's word counts without this, too."""
    sessions, now = scope.store(SessionStore), utc_now()
    before: str | None = None
    while found := await sessions.live_of(account.id, before, _BATCH):
        before = found[-1].order
        for session in found:
            if not account.believes(session.id, session.started_at):
                await sessions.update(session.id, lambda it: it.end(now))


@dataclass(frozen=True)
class EndSession:
    account_id: str
    session_id: str


async def end_own_session(cmd: EndSession, scope: Scope) -> None:
    """NotFound for another person's."""
    session = await scope.store(SessionStore).find(cmd.session_id)
    if session is None or session.account_id != cmd.account_id or not session.live:
        raise NotFound("there is no such session")
    await end_session(session, scope)


@dataclass(frozen=True)
class EndAllSessions:
    account_id: str


async def end_all_sessions(cmd: EndAllSessions, scope: Scope) -> None:
    """Logged out everywhere, here as well."""
    account = await scope.store(AccountStore).update(
        cmd.account_id, lambda account: account.log_out_everywhere(utc_now())
    )
    await end_all_but(account, scope)


@dataclass(frozen=True)
class LogOut:
    refresh_token: str


async def log_out(cmd: LogOut, scope: Scope) -> None:
    """End the session the token belongs to; nothing is said of a token that belongs to none.

    A token that was exchanged already ends it as well: whoever holds the newer one may be a thief.
    """
    token = RefreshToken.read(cmd.refresh_token)
    found = await scope.store(SessionStore).find(token.session_id) if token else None
    if found is not None:
        await end_session(found, scope)
