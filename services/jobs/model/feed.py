"""A person's secret address under which calendar programs read their appointments."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from shared.kernel.aggregate import Aggregate


@dataclass(kw_only=True)
class Feed(Aggregate):
    """id is the account's. Only a digest of the secret is kept, so that it cannot be read here."""

    digest: str
    made_at: datetime

    @classmethod
    def of(cls, person_id: str, secret: str, at: datetime) -> "Feed":
        return cls(id=person_id, digest=digest_of(secret), made_at=at)

    def renew(self, secret: str, at: datetime) -> None:
        """The address before this one is dead at once."""
        self.digest, self.made_at = digest_of(secret), at

    def opens(self, secret: str) -> bool:
        return hmac.compare_digest(self.digest, digest_of(secret))


def digest_of(secret: str) -> str:
    """The secret comes from a generator: a plain digest is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()
