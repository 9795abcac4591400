"""The platform's signing keys: one current, the next announced early, the previous still valid."""

from dataclasses import dataclass, field
from datetime import datetime

from shared.kernel.aggregate import Aggregate


@dataclass(frozen=True)
class SigningKey:
    """secret is the private JWK, encrypted; state is next, current or previous."""

    kid: str
    state: str
    created_at: datetime
    secret: str


@dataclass(kw_only=True)
class KeyRing(Aggregate):
    """All processes of identity share this one document (id ``ring``)."""

    keys: list[SigningKey] = field(default_factory=list)

    @property
    def current(self) -> SigningKey:
        return next(key for key in self.keys if key.state == "current")
