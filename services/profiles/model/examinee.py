"""Who tries to qualify: when they may, what they tried, and for what they are qualified."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from services.profiles.model.qualification import (
    FAILURES,
    REMEMBERED,
    REQUALIFY,
    VALIDITY,
    AttemptClosed,
    AttemptExpired,
    AttemptRecord,
    CoolDown,
    Qualification,
    StillQualified,
    next_attempt_at,
)
from shared.kernel.aggregate import Aggregate


@dataclass(kw_only=True)
class Examinee(Aggregate):
    """qualifications by skill; attempts of all skills, oldest first."""

    qualifications: dict[str, Qualification] = field(default_factory=dict)
    attempts: list[AttemptRecord] = field(default_factory=list)

    def begin_attempt(
        self, attempt_id: str, skill: str, expires_at: datetime, at: datetime
    ) -> None:
        """StillQualified, or CoolDown after three failures within a day."""
        self.check_may_try(skill, at)
        record = AttemptRecord(attempt_id, skill, expires_at)
        self.attempts = [*self.attempts, record][-REMEMBERED:]

    def check_may_try(self, skill: str, at: datetime) -> None:
        """StillQualified or CoolDown (next_attempt_at) while no new attempt may begin."""
        self._check_worth_a_try(skill, at)
        waits_until = next_attempt_at(self.attempts, skill)
        if waits_until is not None and at < waits_until:
            raise CoolDown("too many failures, wait before the next", next_attempt_at=waits_until)

    def _check_worth_a_try(self, skill: str, at: datetime) -> None:
        held = self.qualifications.get(skill)
        if held is not None and at < (opens := held.valid_until - REQUALIFY):
            raise StillQualified("this qualification lasts a while yet", next_attempt_at=opens)

    def check_open(self, attempt_id: str, at: datetime) -> None:
        """AttemptClosed once it was answered, AttemptExpired when its time is over,
        StillQualified when another one was passed meanwhile."""
        record = self.attempt(attempt_id)
        if record is None or record.answered_at is not None:
            raise AttemptClosed("this attempt has been answered")
        if at >= record.expires_at:
            raise AttemptExpired("the time for this attempt is over; it counts as failed")
        self._check_worth_a_try(record.skill, at)

    def enter_result(self, attempt_id: str, *, score: float, passed: bool, at: datetime) -> None:
        """Of an open attempt; passing qualifies for 12 months."""
        self.check_open(attempt_id, at)
        self.attempts = [
            replace(each, answered_at=at, score=score, passed=passed)
            if each.id == attempt_id
            else each
            for each in self.attempts
        ]
        record = self.attempt(attempt_id)
        if record is not None and passed:
            earned = Qualification(at + VALIDITY, score)
            self.qualifications = {**self.qualifications, record.skill: earned}

    def latest_attempts(self, skill: str) -> list[str]:
        """Whose questions the next paper should not repeat: all that a cool-down allows before."""
        return [each.id for each in self.attempts if each.skill == skill][1 - FAILURES :]

    def attempt(self, attempt_id: str) -> AttemptRecord | None:
        return next((each for each in self.attempts if each.id == attempt_id), None)
