"""Logging in and out, and exchanging refresh tokens."""

import asyncio
import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from services.identity.commands.accounts import find_claim
from services.identity.credentials import Passwords, RefreshToken, Tokens
from services.identity.model import Account, LoginFailures, Session, normalise_email
from services.identity.model.login import FAILURES_PER_ACCOUNT, FAILURES_PER_ADDRESS
from services.identity.model.session import REFRESH_LIFE
from services.identity.signing import Signer
from services.identity.store import AccountStore, LoginFailuresStore, SessionStore
from shared.kernel.clock import utc_now
from shared.kernel.errors import Conflict, Forbidden, Limited, Unauthenticated
from shared.kernel.ids import new_id
from shared.scope import Scope


class InvalidCredentials(Unauthenticated):
    """Unknown e-mail or wrong password: the same answer, after the same work."""

    code = "invalid_credentials"

    def __init__(self) -> None:
        super().__init__("e-mail address or password is wrong")


class InvalidRefreshToken(Unauthenticated):
    code = "invalid_refresh_token"

    def __init__(self) -> None:
        super().__init__("this refresh token is not valid (any more)")


@dataclass(frozen=True)
class LogIn:
    """address is the client's network address as the gateway saw it."""

    email: str
    password: str
    address: str


async def log_in(cmd: LogIn, scope: Scope) -> Tokens:
    """Tokens of a new session. InvalidCredentials, Limited, or Forbidden when suspended."""
    now = utc_now()
    by_account, by_address = _throttles(cmd, scope)
    await _check(by_account, FAILURES_PER_ACCOUNT, scope, now)
    await _check(by_address, FAILURES_PER_ADDRESS, scope, now)
    claim = await find_claim(cmd.email, scope)
    account = await scope.store(AccountStore).find(claim.account_id) if claim else None
    right = await scope.the(Passwords).matches(account, cmd.password)
    # Again, as others failed in the meantime: many guesses at once are no way around the limits.
    await _check(by_account, FAILURES_PER_ACCOUNT, scope, now)
    await _check(by_address, FAILURES_PER_ADDRESS, scope, now)
    if not right or account is None:
        await asyncio.gather(*(_count(key, scope, now) for key in (by_account, by_address)))
        raise InvalidCredentials
    if account.status == "suspended":
        raise Forbidden("this account is suspended, write to support", code="account_suspended")
    return await start_session(account, scope)


async def start_session(account: Account, scope: Scope) -> Tokens:
    now = utc_now()
    token = RefreshToken.fresh(new_id("ses"))
    session = Session(
        id=token.session_id,
        account_id=account.id,
        token_hash=token.hashed,
        started_at=now,
        expires_at=now + REFRESH_LIFE,
    )
    await scope.store(SessionStore).create(session, [])
    return Tokens(_access_token(account, session.id, scope, now), str(token))


def _access_token(account: Account, session_id: str, scope: Scope, now: datetime) -> str:
    """With the roles that count now."""
    able = replace(account, roles=account.powers)
    return scope.the(Signer).sign(able, scope.tenant.slug, session_id, now)


def _throttles(cmd: LogIn, scope: Scope) -> tuple[str, str]:
    def key(kind: str, text: str) -> str:
        digest = hashlib.sha256(f"{kind}|{text}".encode()).hexdigest()[:32]
        return f"{scope.tenant.slug}|{kind}|{digest}"

    return key("account", normalise_email(cmd.email)), key("address", cmd.address)


async def _check(key: str, limit: int, scope: Scope, now: datetime) -> None:
    failures = await scope.store(LoginFailuresStore).find(key)
    if failures is not None:
        failures.check(limit, now)


async def _count(key: str, scope: Scope, now: datetime) -> None:
    """Limited when so many fail at once that they cannot be counted."""
    store = scope.store(LoginFailuresStore)
    if await store.ensure(LoginFailures(id=key, times=[now]), []):
        return
    try:
        await store.update(key, lambda failures: failures.add(now))
    except Conflict:
        raise Limited("too many failed logins", retry_after=1) from None


@dataclass(frozen=True)
class Refresh:
    refresh_token: str


async def refresh(cmd: Refresh, scope: Scope) -> Tokens:
    """New tokens of the same session; a token used before ends the session for good."""
    token = RefreshToken.read(cmd.refresh_token)
    sessions = scope.store(SessionStore)
    found = await sessions.find(token.session_id) if token else None
    if token is None or found is None:
        raise InvalidRefreshToken
    account = await scope.store(AccountStore).find(found.account_id)
    replacement = RefreshToken.fresh(token.session_id)
    now = utc_now()
    believed = False

    def rotate(session: Session) -> None:
        nonlocal believed
        believed = session.rotate(token.hashed, replacement.hashed, now)

    await sessions.update(token.session_id, rotate)
    if not believed or account is None or not account.believes(found.started_at):
        raise InvalidRefreshToken
    return Tokens(_access_token(account, token.session_id, scope, now), str(replacement))


@dataclass(frozen=True)
class LogOut:
    refresh_token: str


async def log_out(cmd: LogOut, scope: Scope) -> None:
    """End the session the token belongs to; nothing is said of a token that belongs to none.

    A token that was exchanged already ends it as well: whoever holds the newer one may be a thief.
    """
    token = RefreshToken.read(cmd.refresh_token)
    sessions = scope.store(SessionStore)
    found = await sessions.find(token.session_id) if token else None
    if found is not None:
        await sessions.update(found.id, lambda session: session.end(utc_now()))
