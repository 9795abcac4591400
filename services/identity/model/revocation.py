"""Which of a person's tokens and sessions still count."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.contracts.identity import EndedSession
from shared.kernel.aggregate import Aggregate

TOLD_FOR = timedelta(minutes=20)
"""How long an ended session is told to all services: an access token's life, and some leeway."""

TOLD_AT_MOST = 50
"""One more session that ends within that time ends all of them, so that the list has a bound."""


@dataclass(frozen=True)
class Ended:
    """A session that ended while access tokens of it may live."""

    id: str
    at: datetime


@dataclass(kw_only=True)
class Revocable(Aggregate):
    """Tokens issued before tokens_valid_from are refused, but for those of spared_session."""

    tokens_valid_from: datetime | None = None
    spared_session: str = ""
    ended_sessions: list[Ended] = field(default_factory=list)

    def revoke(self, at: datetime, spare: str = "") -> None:
        """End every session but one.

        Tokens say their time in whole seconds: whatever was issued in this very second ends too,
        and what is issued from now on is dated ``issuing_time``.
        """
        spared = spare if spare not in self._ended_ids() else ""
        self.tokens_valid_from = at.replace(microsecond=0) + timedelta(seconds=1)
        self.spared_session = spared
        self.ended_sessions = []

    def end_session(self, id: str, at: datetime) -> bool:
        """Have one session's tokens refused everywhere; False when they are already."""
        if id in self._ended_ids():
            return False
        told = [ended for ended in self.ended_sessions if ended.at > at - TOLD_FOR]
        if len(told) >= TOLD_AT_MOST:
            self.revoke(at)
        else:
            self.ended_sessions = [*told, Ended(id, at)]
        return True

    def issuing_time(self, now: datetime) -> datetime:
        """The time that a session or token of this moment is given."""
        return max(now, self.tokens_valid_from) if self.tokens_valid_from else now

    def counts(self, session_id: str, started_at: datetime) -> bool:
        """Whether a session of then was not ended since."""
        if session_id in self._ended_ids():
            return False
        if self.tokens_valid_from is None or session_id == self.spared_session:
            return True
        return started_at >= self.tokens_valid_from

    def _ended_ids(self) -> set[str]:
        return {ended.id for ended in self.ended_sessions}

    def told_sessions(self) -> list[EndedSession]:
        """As the account's facts carry them."""
        return [EndedSession(id=ended.id, ended_at=ended.at) for ended in self.ended_sessions]
