"""A person's wish to get their data: collected from every service, kept for a week."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from services.identity.model.erasure import ASK_AGAIN, DEADLINE
from shared.contracts.privacy import (
    EXPORTED,
    ExportCompleted,
    ExportEvent,
    ExportExpired,
    ExportFacts,
    ExportRequested,
)
from shared.kernel.aggregate import Aggregate
from shared.kernel.ids import derived_id

KEPT = timedelta(days=7)
"""How long the archive can be fetched; a default of ours."""


class State(StrEnum):
    COLLECTING = "collecting"
    READY = "ready"
    EXPIRED = "expired"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True)
class KeyPair:
    """public is base64, private sealed by the service; a wish has its own."""

    public: str
    private: str


@dataclass(kw_only=True)
class Export(Aggregate):
    """One per account. counts: service -> parts it sends in this round; pieces are the ids of the
    parts that came, of all rounds; archive is the id of the finished file."""

    person_id: str
    asked_at: datetime
    deadline_at: datetime
    state: State = State.COLLECTING
    round: int = 1
    key: KeyPair
    counts: dict[str, int] = field(default_factory=dict)
    pieces: list[str] = field(default_factory=list)
    archive: str | None = None
    ready_at: datetime | None = None
    expires_at: datetime | None = None

    @staticmethod
    def id_for(tenant: str, person_id: str) -> str:
        return derived_id("export", tenant, person_id)

    @classmethod
    def ask(
        cls, tenant: str, person_id: str, key: KeyPair, at: datetime
    ) -> tuple["Export", list[ExportEvent]]:
        export = cls(
            id=cls.id_for(tenant, person_id),
            person_id=person_id,
            asked_at=at,
            deadline_at=at + DEADLINE,
            key=key,
            due_at=at + ASK_AGAIN,
        )
        return export, [ExportRequested(export.facts())]

    def ask_again(self, key: KeyPair, at: datetime) -> list[ExportEvent]:
        """A new archive; nothing happens while one is being collected."""
        if self.state is State.COLLECTING:
            return []
        self.state, self.key = State.COLLECTING, key
        self.asked_at, self.deadline_at = at, at + DEADLINE
        self.ready_at = self.expires_at = None
        return self._next_round(at)

    def _next_round(self, at: datetime) -> list[ExportEvent]:
        self.round += 1
        self.counts, self.due_at = {}, at + ASK_AGAIN
        return [ExportRequested(self.facts())]

    def awaits(self, round: int) -> bool:
        """Whether a part of that round is of any use."""
        return self.state is State.COLLECTING and round == self.round

    def piece(self, service: str, number: int) -> str:
        """The id under which a part of this round is kept."""
        return f"{self.id}|{self.round}|{service}|{number}"

    def take(self, service: str, round: int, number: int, count: int) -> None:
        if not self.awaits(round):
            return
        self.counts = {**self.counts, service: count}
        piece = self.piece(service, number)
        if piece not in self.pieces:
            self.pieces = [*self.pieces, piece]

    @property
    def complete(self) -> bool:
        """Whether every service's every part is here."""
        return self.state is State.COLLECTING and all(
            service in self.counts and set(self.parts(service)) <= set(self.pieces)
            for service in EXPORTED
        )

    def parts(self, service: str) -> list[str]:
        """The ids of one service's parts, in order."""
        return [self.piece(service, number + 1) for number in range(self.counts[service])]

    def finish(self, archive: str, round: int, at: datetime) -> list[ExportEvent]:
        """The private key is forgotten: what was sent is unreadable from now on."""
        if not self.awaits(round):
            return []
        self.state, self.archive = State.READY, archive
        self.key, self.pieces, self.counts = KeyPair(self.key.public, ""), [], {}
        self.ready_at, self.expires_at = at, at + KEPT
        self.due_at = self.expires_at
        return [ExportCompleted(self.facts())]

    def on_due(self, now: datetime) -> list[ExportEvent]:
        if self.state is State.COLLECTING:
            return self._next_round(now)
        self.due_at = None
        if self.state is not State.READY:
            return []
        self.state = State.EXPIRED
        return [ExportExpired(self.facts())]

    def files(self) -> Mapping[str, list[str]]:
        """What is kept of this wish: ids of parts and of the archive."""
        return {"parts": list(self.pieces), "archives": [self.archive] if self.archive else []}

    def forget(self) -> None:
        """Files are gone; only that there was such a wish is left."""
        self.state, self.due_at = State.FORGOTTEN, None
        self.key, self.pieces, self.counts = KeyPair("", ""), [], {}
        self.archive = self.ready_at = self.expires_at = None

    def facts(self) -> ExportFacts:
        return ExportFacts(
            person_id=self.person_id,
            state=self.state,
            round=self.round,
            seal_to=self.key.public,
            asked_at=self.asked_at,
            deadline_at=self.deadline_at,
        )
