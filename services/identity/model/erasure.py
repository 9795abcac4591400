"""A person's wish to be forgotten: waits for what is open, then for every service."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from shared.contracts.privacy import (
    CHECKED,
    ErasureAdmitted,
    ErasureEvent,
    ErasureFacts,
    ErasureFinished,
    ErasureRequested,
    ErasureWithdrawn,
)
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Conflict
from shared.kernel.ids import derived_id

DEADLINE = timedelta(days=30)
"""Art. 12 (3) GDPR: one month."""

ASK_AGAIN = timedelta(minutes=1)
"""After silence; a service may have been away."""

LOOK_AGAIN = timedelta(minutes=10)
"""While something is open."""

CLOSING = timedelta(seconds=10)
"""From the closing of the account to its end: within five seconds no token of it is accepted, and
what was begun with one has ended by then."""


class State(StrEnum):
    CHECKING = "checking"
    WAITING = "waiting"
    LEAVING = "leaving"
    ERASING = "erasing"
    FINISHED = "finished"
    WITHDRAWN = "withdrawn"


ENDED = frozenset({State.FINISHED, State.WITHDRAWN})


class TooLate(Conflict):
    """The account is closed already."""

    code = "erasure_begun"


@dataclass(kw_only=True)
class Erasure(Aggregate):
    """One per account. answered are the services that answered this round; open_matters what they
    named (``<kind>:<id>``) in the last round that all of them answered."""

    person_id: str
    asked_at: datetime
    deadline_at: datetime
    state: State = State.CHECKING
    round: int = 1
    answered: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    open_matters: list[str] = field(default_factory=list)
    finished_at: datetime | None = None

    @staticmethod
    def key(tenant: str, person_id: str) -> str:
        return derived_id("erasure", tenant, person_id)

    @classmethod
    def ask(cls, tenant: str, person_id: str, at: datetime) -> tuple["Erasure", list[ErasureEvent]]:
        erasure = cls(
            id=cls.key(tenant, person_id),
            person_id=person_id,
            asked_at=at,
            deadline_at=at + DEADLINE,
            due_at=at + ASK_AGAIN,
        )
        return erasure, [ErasureRequested(erasure.facts())]

    def ask_again(self, at: datetime) -> list[ErasureEvent]:
        """After a withdrawal, with a deadline of its own; not while one is under way."""
        if self.state is not State.WITHDRAWN:
            return []
        self.asked_at, self.deadline_at = at, at + DEADLINE
        return self._check(at)

    def withdraw(self) -> list[ErasureEvent]:
        """TooLate once the account is closed."""
        if self.state is State.WITHDRAWN:
            return []
        if self.state not in (State.CHECKING, State.WAITING):
            raise TooLate("your account is being erased")
        self.state, self.due_at, self.open_matters = State.WITHDRAWN, None, []
        return [ErasureWithdrawn(self.facts())]

    def hear_checked(
        self, service: str, round: int, matters: list[str], at: datetime
    ) -> list[ErasureEvent]:
        """The last service to answer decides: something is open, or the account is closed."""
        if self.state is not State.CHECKING or not self._all_answered(service, round, matters):
            return []
        self.open_matters = sorted(self.named)
        if self.open_matters:
            self.state, self.due_at = State.WAITING, at + LOOK_AGAIN
        else:
            self.state, self.due_at = State.LEAVING, at + CLOSING
        return []

    def hear_erased(self, service: str, round: int, at: datetime) -> list[ErasureEvent]:
        if self.state is not State.ERASING or not self._all_answered(service, round, []):
            return []
        self.state, self.due_at, self.finished_at = State.FINISHED, None, at
        return [ErasureFinished(self.facts())]

    def _all_answered(self, service: str, round: int, matters: list[str]) -> bool:
        """Of this round; an answer to an earlier one may be out of date."""
        if round != self.round or service in self.answered:
            return False
        self.answered = [*self.answered, service]
        self.named = [*self.named, *matters]
        return set(self.answered) == set(CHECKED)

    def on_due(self, now: datetime) -> list[ErasureEvent]:
        """Look again, ask again those who are silent, or begin."""
        if self.state in (State.CHECKING, State.WAITING):
            return self._check(now)
        if self.state in (State.LEAVING, State.ERASING):
            self._next_round(State.ERASING, now)
            return [ErasureAdmitted(self.facts())]
        self.due_at = None
        return []

    def _check(self, at: datetime) -> list[ErasureEvent]:
        self._next_round(State.CHECKING, at)
        return [ErasureRequested(self.facts())]

    def _next_round(self, state: State, at: datetime) -> None:
        self.state, self.due_at = state, at + ASK_AGAIN
        self.round += 1
        self.answered, self.named = [], []

    @property
    def closes_account(self) -> bool:
        return self.state in (State.LEAVING, State.ERASING, State.FINISHED)

    def facts(self) -> ErasureFacts:
        return ErasureFacts(
            person_id=self.person_id,
            state=self.state,
            round=self.round,
            asked_at=self.asked_at,
            deadline_at=self.deadline_at,
            finished_at=self.finished_at,
        )
