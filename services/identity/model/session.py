"""A refresh-token family: rotated at each use, ended when an old token comes back."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.kernel.aggregate import Aggregate

REFRESH_LIFE = timedelta(days=30)


@dataclass(kw_only=True)
class Session(Aggregate):
    """token_hash is SHA-256 (hex) of the refresh token in force; there is only one.

    order sorts by start, ties by id. client is what the client called itself, place a keyed hash of
    the network address at which the session began.
    """

    account_id: str
    token_hash: str
    started_at: datetime
    expires_at: datetime
    order: str = ""
    live: bool = True
    ended_at: datetime | None = None
    last_used_at: datetime | None = None
    client: str = ""
    place: str = ""

    def rotate(self, presented: str, replacement: str, at: datetime) -> bool:
        """Exchange the token in force (both as hashes); False when it must not be believed.

        A token that is not the one in force was used before: the family ends, as either the
        owner or a thief holds a copy (RFC 9700, 4.14.2).
        """
        if self.ended_at is not None or at >= self.expires_at:
            return False
        if presented != self.token_hash:
            self.end(at)
            return False
        self.token_hash = replacement
        self.expires_at = at + REFRESH_LIFE
        self.last_used_at = at
        return True

    def end(self, at: datetime) -> None:
        self.ended_at = self.ended_at or at
        self.live = False

    @property
    def used_at(self) -> datetime:
        """When the newest token was given out."""
        return self.last_used_at or self.started_at
