"""What holds between two people in all their conversations: a booked job, a block."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.contracts.messaging import AcquaintanceEvent, AcquaintanceFacts, PeerBlocked
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Conflict
from shared.kernel.ids import derived_id


class Blocked(Conflict):
    """The caller blocked the other side; the other side is told nothing."""

    code = "blocked"


@dataclass(kw_only=True)
class Acquaintance(Aggregate):
    """One per pair of people, whichever of them is the helper.

    It carries the block, not the conversation, so that another topic is no way around it and
    the conversation's version does not tell the blocked side.
    """

    people: list[str]
    booked_at: datetime | None = None
    blocked_by: list[str] = field(default_factory=list)
    blocked_at: datetime | None = None
    active_job_ids: list[str] = field(default_factory=list)

    @staticmethod
    def key(tenant: str, one: str, other: str) -> str:
        return derived_id("acquaintance", tenant, *sorted((one, other)))

    @classmethod
    def of(cls, tenant: str, one: str, other: str) -> "Acquaintance":
        """Two people who have neither booked nor blocked."""
        return cls(id=cls.key(tenant, one, other), people=sorted((one, other)))

    def booked(self, at: datetime) -> None:
        """They may know each other's address from now on, so nothing is redacted any more.

        The first booking counts, in whatever order they are heard of.
        """
        self.booked_at = min(self.booked_at or at, at)

    def block(
        self, by: str, *, at: datetime, active_job_ids: Sequence[str] = ()
    ) -> list[AcquaintanceEvent]:
        """Once for each side; with an active job somebody has to look after that."""
        if by in self.blocked_by:
            return []
        self.blocked_by = [*self.blocked_by, by]
        self.blocked_at, self.active_job_ids = at, list(active_job_ids)
        return [PeerBlocked(self.facts())]

    def check_open(self, author: str) -> None:
        """Blocked when the author has blocked the other side: a block is mutual."""
        if author in self.blocked_by:
            raise Blocked("you have blocked this person")

    def facts(self) -> AcquaintanceFacts:
        return AcquaintanceFacts(
            people=self.people,
            booked_at=self.booked_at,
            blocked_by=self.blocked_by[-1] if self.blocked_by else None,
            blocked_at=self.blocked_at,
            active_job_ids=self.active_job_ids,
        )

    def withholds_from(self, peer: str) -> bool:
        """Whether peer has blocked and must not see what is written now."""
        return peer in self.blocked_by
