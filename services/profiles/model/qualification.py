"""How a helper becomes qualified for a skill: attempts, the cool-down, validity."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.kernel.errors import Conflict

VALIDITY = timedelta(days=365)
FAILURES = 3
"""So many failures within COOL_DOWN, and the next attempt waits COOL_DOWN after the last."""

COOL_DOWN = timedelta(hours=24)
REQUALIFY = timedelta(days=60)
"""So long before the end one may qualify anew; earlier a try would only serve to learn answers."""

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


class StillQualified(Conflict):
    """There is nothing to try for yet; next_attempt_at says from when on there is."""

    code = "still_qualified"


@dataclass(frozen=True)
class Qualification:
    """score is the result of the last attempt that was passed, as told."""

    valid_until: datetime
    score: float


@dataclass(frozen=True)
class AttemptRecord:
    """One try, its score as told. Unanswered, it is a failure at expires_at; until then it may
    still succeed.
    """

    id: str
    skill: str
    expires_at: datetime
    answered_at: datetime | None = None
    score: float | None = None
    passed: bool = False

    @property
    def failed_at(self) -> datetime | None:
        return None if self.passed else self.answered_at or self.expires_at


def told(score: float, pass_mark: float) -> float:
    """The lower end of the score's band: not passed (0), passed, passed well.

    The only thing that is kept and told of the answers. Finer ones would let two papers that
    differ in one answer be told apart by it; so can these only across a band's end, and passing
    ends the trying. The last band ends below 1, so that no result says "all of them".
    """
    well = (1 + pass_mark) / 2
    return well if score >= well else pass_mark if score >= pass_mark else 0.0


def next_attempt_at(records: Sequence[AttemptRecord], skill: str) -> datetime | None:
    """When the cool-down for this skill ends, in the past if it has; None without one.

    Open attempts count as failures to come, so that nobody opens many papers to pick from.
    """
    failures = sorted(each.failed_at for each in records if each.skill == skill and each.failed_at)
    if len(failures) < FAILURES or failures[-1] - failures[-FAILURES] >= COOL_DOWN:
        return None
    return failures[-1] + COOL_DOWN
