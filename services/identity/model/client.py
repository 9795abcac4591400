"""A partner's machine: its secrets, what it may do, and how its secret changes without a gap."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Conflict

SCOPES = ("events:read", "webhooks:manage", "reports:read")
"""What a client can be given."""

OVERLAP = timedelta(hours=24)
"""How long the old secret goes on beside a new one: time to bring the new one everywhere."""


class ClientRevoked(Conflict):
    code = "client_revoked"


@dataclass(frozen=True)
class ClientSecret:
    """hashed is SHA-256 (hex) of a random secret of 256 bits, which needs no slower hash."""

    hashed: str
    created_at: datetime
    expires_at: datetime | None = None

    def alive(self, at: datetime) -> bool:
        return self.expires_at is None or at < self.expires_at


@dataclass(kw_only=True)
class Client(Aggregate):
    """order sorts by creation, ties by id. At most two secrets are alive."""

    name: str
    scopes: list[str]
    secrets: list[ClientSecret]
    created_at: datetime
    order: str
    live: bool = True
    revoked_at: datetime | None = None
    used_at: datetime | None = None

    def rotate(self, hashed: str, at: datetime) -> None:
        """A new secret; the one before goes on for a day, those before it end. ClientRevoked."""
        if not self.live:
            raise ClientRevoked("this client was revoked")
        newest = self.secrets[-1]
        ending = min(newest.expires_at or at + OVERLAP, at + OVERLAP)
        self.secrets = [replace(newest, expires_at=ending), ClientSecret(hashed, at)]

    def revoke(self, at: datetime) -> None:
        self.live, self.revoked_at, self.secrets = False, self.revoked_at or at, []

    def used(self, at: datetime) -> None:
        self.used_at = at

    def living(self, at: datetime) -> list[ClientSecret]:
        return [secret for secret in self.secrets if secret.alive(at)]
