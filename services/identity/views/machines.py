"""How identity shows signing keys and partners' machines."""

from datetime import datetime
from typing import Any

from pydantic import Field

from services.identity.credentials import MachineToken
from services.identity.model import Client, KeyRing
from shared.http.fields import Instant, View


class KeyView(View):
    """state is next, current or previous, since when."""

    kid: str
    state: str
    since: Instant


class KeyRingView(View):
    """rotation_safe_from: when the next rotation loses no request."""

    keys: list[KeyView]
    rotation_safe_from: Instant


class ClientView(View):
    """A partner's machine; secrets_until: when each living secret ends, null for the newest."""

    id: str
    name: str
    scopes: list[str]
    created_at: Instant
    last_used_at: Instant | None
    secrets_until: list[Instant | None]


class NewSecretView(ClientView):
    """With the secret, shown this once."""

    secret: str


class MachineTokenView(View):
    """RFC 6749, 5.1; expires_in is in seconds, scope has spaces between."""

    access_token: str
    token_type: str = Field("Bearer", pattern="^Bearer$")
    expires_in: int
    scope: str


def key_ring_view(ring: KeyRing) -> KeyRingView:
    return KeyRingView(
        keys=[
            KeyView(kid=key.kid, state=key.state, since=key.since or key.created_at)
            for key in ring.keys
        ],
        rotation_safe_from=ring.safe_from(),
    )


def client_view(client: Client, now: datetime) -> ClientView:
    return ClientView(**_client(client, now))


def new_secret_view(client: Client, secret: str, now: datetime) -> NewSecretView:
    return NewSecretView(**_client(client, now), secret=secret)


def _client(client: Client, now: datetime) -> dict[str, Any]:
    return {
        "id": client.id,
        "name": client.name,
        "scopes": client.scopes,
        "created_at": client.created_at,
        "last_used_at": client.used_at,
        "secrets_until": [secret.expires_at for secret in client.living(now)],
    }


def machine_token_view(token: MachineToken) -> MachineTokenView:
    return MachineTokenView(
        access_token=token.access,
        token_type="Bearer",
        expires_in=token.seconds,
        scope=" ".join(token.scopes),
    )
