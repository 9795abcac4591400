"""How a helper becomes qualified for a skill: attempts, the cool-down, validity."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.kernel.errors import Conflict

VALIDITY = timedelta(days=365)
FAILURES = 3
"""So many failures within COOL_DOWN, and the next attempt waits COOL_DOWN after the last."""

COOL_DOWN = timedelta(hours=24)
REMEMBERED = 50
"""Attempts a helper's document keeps; more than any cool-down looks back on."""


class AttemptClosed(Conflict):
    """This attempt has been answered."""

    code = "attempt_closed"


class AttemptExpired(Conflict):
    """The time for this attempt is over; it counts as failed."""

    code = "attempt_expired"


class CoolDown(Conflict):
    """Too many failures; the member next_attempt_at says when the next try may begin."""

    code = "cool_down"


@dataclass(frozen=True)
class Qualification:
    """score is the fraction of the last attempt that was passed."""

    valid_until: datetime
    score: float


@dataclass(frozen=True)
class AttemptRecord:
    """One try. Unanswered, it is a failure at expires_at; until then it may still succeed."""

    id: str
    skill: str
    expires_at: datetime
    answered_at: datetime | None = None
    score: float | None = None
    passed: bool = False

    @property
    def failed_at(self) -> datetime | None:
        return None if self.passed else self.answered_at or self.expires_at


def next_attempt_at(records: Sequence[AttemptRecord], skill: str) -> datetime | None:
    """When the cool-down for this skill ends, in the past if it has; None without one.

    Open attempts count as failures to come, so that nobody opens many papers to pick from.
    """
    failures = sorted(each.failed_at for each in records if each.skill == skill and each.failed_at)
    if len(failures) < FAILURES or failures[-1] - failures[-FAILURES] >= COOL_DOWN:
        return None
    return failures[-1] + COOL_DOWN
