"""Logging in, and exchanging refresh tokens."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.identity.commands.addresses import find_account
from services.identity.commands.sessions import tell_ended
from services.identity.commands.throttle import Throttle
from services.identity.credentials import Passwords, RefreshToken, Tokens
from services.identity.model import Account, Session
from services.identity.model.session import REFRESH_LIFE
from services.identity.signing import Signer
from services.identity.store import AccountStore, SessionStore
from shared.kernel.clock import utc_now
from shared.kernel.errors import Forbidden, Unauthenticated
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
    """address is the client's network address as the gateway saw it, client its own name."""

    email: str
    password: str
    address: str
    client: str = ""


async def log_in(cmd: LogIn, scope: Scope) -> Tokens:
    """Tokens of a new session. InvalidCredentials, Limited, or Forbidden when suspended."""
    # The session is as old as this look at the account: what is revoked meanwhile, is.
    now = utc_now()
    throttle = Throttle(cmd.email, cmd.address, scope)
    account = await find_account(cmd.email, scope)
    await throttle.check(account)
    right = await scope.the(Passwords).matches(account, cmd.password)
    # Again, as others failed in the meantime: many guesses at once are no way around the limits.
    await throttle.check(account)
    if not right or account is None:
        await throttle.count()
        raise InvalidCredentials
    if account.status == "suspended":
        raise Forbidden("this account is suspended, write to support", code="account_suspended")
    if account.status == "leaving":
        raise InvalidCredentials
    return await start_session(account, cmd.client, throttle.place, scope, now)


async def start_session(
    account: Account, client: str, place: str, scope: Scope, now: datetime
) -> Tokens:
    token = RefreshToken.fresh(new_id("ses"))
    session = Session(
        id=token.session_id,
        account_id=account.id,
        token_hash=token.hashed,
        started_at=account.issuing_time(now),
        expires_at=now + REFRESH_LIFE,
        order=f"{int(now.timestamp() * 1000):013d}|{token.session_id}",
        client=client,
        place=place,
    )
    await scope.store(SessionStore).create(session, [])
    return Tokens(_access_token(account, session.id, scope, now), str(token))


def _access_token(account: Account, session_id: str, scope: Scope, now: datetime) -> str:
    """With the roles that count now."""
    able = replace(account, roles=account.powers)
    issued_at = account.issuing_time(now)
    return scope.the(Signer).sign(able, scope.tenant.slug, session_id, issued_at)


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
    now = utc_now()
    account = await scope.store(AccountStore).find(found.account_id)
    replacement = RefreshToken.fresh(token.session_id)
    believed = False

    def rotate(session: Session) -> None:
        nonlocal believed
        believed = session.rotate(token.hashed, replacement.hashed, now)

    session = await sessions.update(token.session_id, rotate)
    if session.ended_at is not None:
        # By this very use, if the token was exchanged before: then its access tokens end as well.
        await tell_ended(session, scope)
    if not believed or account is None or not account.believes(found.id, found.started_at):
        raise InvalidRefreshToken
    return Tokens(_access_token(account, token.session_id, scope, now), str(replacement))
