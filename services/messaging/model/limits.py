"""How much one person may write, counted from what is stored."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.kernel.errors import Limited

UNANSWERED = 3
"""Openers to one person without an answer."""

UNANSWERED_RETRY = timedelta(days=1)
"""What Retry-After says when only an answer helps."""


@dataclass(frozen=True)
class Quota:
    """At most ``most`` in any ``window``."""

    policy: str
    most: int
    window: timedelta

    def check(self, times: Sequence[datetime], now: datetime) -> None:
        """times: the newest ones, newest first. Limited when one more is too many."""
        recent = self._recent(times, now)
        if len(recent) >= self.most:
            wait = recent[self.most - 1] + self.window - now
            raise Limited(
                f"at most {self.most} {self.policy} in {self._span()}",
                retry_after=max(1, math.ceil(wait.total_seconds())),
            )

    def left(self, times: Sequence[datetime], now: datetime) -> int:
        return max(0, self.most - len(self._recent(times, now)))

    def reset(self, times: Sequence[datetime], now: datetime) -> int:
        """Seconds until the oldest of them no longer counts."""
        recent = self._recent(times, now)
        if not recent:
            return 0
        return math.ceil((recent[-1] + self.window - now).total_seconds())

    def _recent(self, times: Sequence[datetime], now: datetime) -> list[datetime]:
        return [time for time in times if time > now - self.window]

    def _span(self) -> str:
        return "a minute" if self.window == timedelta(minutes=1) else "24 hours"


MESSAGES = Quota("messages", 20, timedelta(minutes=1))
CONVERSATIONS = Quota("new conversations", 10, timedelta(days=1))


def check_openers(unanswered: int) -> None:
    """Limited when nobody has answered the last openers."""
    if unanswered >= UNANSWERED:
        raise Limited(
            "wait for an answer before you write again",
            retry_after=int(UNANSWERED_RETRY.total_seconds()),
            code="unanswered",
        )
