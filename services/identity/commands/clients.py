"""Partners' machines: made and revoked by administrators, signed in by their secret."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.identity.commands.throttle import Throttle
from services.identity.credentials import MachineToken
from services.identity.model import Client
from services.identity.model.client import ClientSecret
from services.identity.signing import MACHINE_LIFE, Signer
from services.identity.store import ClientStore
from shared.kernel.clock import utc_now
from shared.kernel.errors import Invalid, Unauthenticated
from shared.scope import Scope

_USED_STEP = timedelta(minutes=5)
"""How exactly it is remembered when a client was used last: not every token is a write."""


class InvalidClient(Unauthenticated):
    """Unknown client or wrong secret: one answer for both."""

    code = "invalid_client"

    def __init__(self) -> None:
        super().__init__("client or secret is wrong")


class InvalidScope(Invalid):
    code = "invalid_scope"


def _fresh() -> tuple[str, str]:
    """A secret and its hash."""
    secret = secrets.token_urlsafe(32)
    return secret, _hashed(secret)


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True)
class CreateClient:
    id: str
    name: str
    scopes: list[str]


async def create_client(cmd: CreateClient, clients: ClientStore) -> tuple[Client, str]:
    """The client and its secret, which is nowhere else."""
    secret, hashed = _fresh()
    now = utc_now()
    client = Client(
        id=cmd.id,
        name=cmd.name,
        scopes=sorted(set(cmd.scopes)),
        secrets=[ClientSecret(hashed, now)],
        created_at=now,
        order=f"{int(now.timestamp() * 1000):013d}|{cmd.id}",
    )
    return await clients.create(client, []), secret


@dataclass(frozen=True)
class RotateSecret:
    client_id: str


async def rotate_secret(cmd: RotateSecret, clients: ClientStore) -> tuple[Client, str]:
    """The client and its new secret; the old one goes on for a day."""
    secret, hashed = _fresh()
    return await clients.update(cmd.client_id, lambda it: it.rotate(hashed, utc_now())), secret


@dataclass(frozen=True)
class RevokeClient:
    client_id: str


async def revoke_client(cmd: RevokeClient, clients: ClientStore) -> None:
    """No new token from now on; the last one ends in five minutes."""
    await clients.update(cmd.client_id, lambda it: it.revoke(utc_now()))


@dataclass(frozen=True)
class SignIn:
    """scopes: those wanted, empty for all that the client has; address is the network's."""

    client_id: str
    secret: str
    scopes: frozenset[str]
    address: str


async def sign_in(cmd: SignIn, scope: Scope) -> MachineToken:
    """RFC 6749, 4.4. InvalidClient, InvalidScope, Limited after many wrong secrets."""
    throttle = Throttle(cmd.client_id, cmd.address, scope)
    await throttle.check()
    now, clients = utc_now(), scope.store(ClientStore)
    client = await clients.find(cmd.client_id)
    if client is None or not _accepts(client, cmd.secret, now):
        await throttle.count()
        raise InvalidClient
    if not cmd.scopes <= set(client.scopes):
        raise InvalidScope("this client was not given all of these scopes")
    granted = sorted(cmd.scopes) or client.scopes
    if client.used_at is None or client.used_at + _USED_STEP < now:
        await clients.update(client.id, lambda it: it.used(now))
    token = scope.the(Signer).sign_machine(client, scope.tenant.slug, granted, now)
    return MachineToken(token, granted, int(MACHINE_LIFE.total_seconds()))


def _accepts(client: Client, secret: str, now: datetime) -> bool:
    given = _hashed(secret)
    right = [hmac.compare_digest(known.hashed, given) for known in client.living(now)]
    return client.live and any(right)
