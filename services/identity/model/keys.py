"""The platform's signing keys: one current, the next announced early, the previous still valid."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Conflict

ANNOUNCED_FOR = timedelta(minutes=10)
"""How long a key is public before it signs: twice as long as anybody keeps the key set."""

OUTLIVED_BY = timedelta(minutes=20)
"""How long a key stays public after its last signature: a token's life (15 minutes) and leeway."""


class RotationTooSoon(Conflict):
    """The next key is not known everywhere yet, or tokens of the previous one still live."""

    code = "rotation_too_soon"


@dataclass(frozen=True)
class SigningKey:
    """secret is the private JWK, encrypted; state is next, current or previous, since when."""

    kid: str
    state: str
    created_at: datetime
    secret: str
    since: datetime | None = None

    def become(self, state: str, at: datetime) -> "SigningKey":
        return replace(self, state=state, since=at)


@dataclass(kw_only=True)
class KeyRing(Aggregate):
    """All processes of identity share this one document (id ``ring``)."""

    keys: list[SigningKey] = field(default_factory=list)

    @property
    def current(self) -> SigningKey:
        return self._in_state("current")[0]

    def safe_from(self) -> datetime:
        """When the next rotation loses no request."""
        announced = [key.created_at + ANNOUNCED_FOR for key in self._in_state("next")]
        outlived = [(key.since or key.created_at) for key in self._in_state("previous")]
        return max(*announced, *(time + OUTLIVED_BY for time in outlived), self.current.created_at)

    def rotate(self, fresh: Callable[[], SigningKey], at: datetime) -> None:
        """The next key signs from now on, the current one is only believed, a fresh one is
        announced. RotationTooSoon before ``safe_from``: tokens would be refused for no fault."""
        safe = self.safe_from()
        if at < safe:
            raise RotationTooSoon(
                f"the keys may be rotated from {safe:%Y-%m-%d %H:%M:%S} UTC on",
                safe_from=safe.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            )
        [following] = self._in_state("next")
        self.keys = [
            self.current.become("previous", at),
            following.become("current", at),
            fresh(),
        ]

    def due(self, every: timedelta, at: datetime) -> bool:
        """Whether the current key has signed for so long that it is time for the next one."""
        signing_since = self.current.since or self.current.created_at
        return at >= max(signing_since + every, self.safe_from())

    def _in_state(self, state: str) -> list[SigningKey]:
        return [key for key in self.keys if key.state == state]
