"""Who owns an e-mail address, and how often a login failed lately."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Limited

WINDOW = timedelta(minutes=15)
FAILURES_PER_ACCOUNT = 10
"""From one network address: whoever fails on purpose closes the account to themselves alone."""

FAILURES_PER_ADDRESS = 30
FAILURES_FROM_EVERYWHERE = 60
"""Against one account, from all addresses but those at which its owner is at home."""


@dataclass(kw_only=True)
class EmailClaim(Aggregate):
    """``_id`` is tenant and normalised address, so that an address has one owner.

    It goes when its owner moves to another address or is forgotten; some that were left earlier
    stay with an empty account_id.
    """

    account_id: str
    claimed_at: datetime

    def take(self, account_id: str, at: datetime) -> None:
        self.account_id, self.claimed_at = account_id, at

    @staticmethod
    def key(tenant: str, normalised: str) -> str:
        return f"{tenant}|{normalised}"


@dataclass(kw_only=True)
class LoginFailures(Aggregate):
    """Failed logins of the last 15 minutes against one account or from one address."""

    times: list[datetime] = field(default_factory=list)

    def check(self, limit: int, at: datetime) -> None:
        """Limited when more than limit failures lie within the window."""
        recent = [time for time in self.times if time > at - WINDOW]
        if len(recent) > limit:
            wait = (recent[-limit - 1] + WINDOW - at).total_seconds()
            raise Limited("too many failed logins", retry_after=max(1, round(wait)))

    def add(self, at: datetime) -> None:
        self.times = [*(time for time in self.times[-99:] if time > at - WINDOW), at]
