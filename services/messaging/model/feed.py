"""What a person's live stream tells, numbered, so that it can be resumed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.kernel.aggregate import Aggregate

KEPT = 500
"""Entries a person's feed holds; who was away for longer begins anew."""


class Kind(StrEnum):
    MESSAGE = "message"
    JOB = "job"
    REVIEW_INVITATION = "review_invitation"


@dataclass(kw_only=True)
class FeedEntry(Aggregate):
    """One thing to tell one person; number counts up without a gap, from 1.

    about is what it tells of, so that it is told once. Only references are held: what a message
    says is read when it is told. conversation_id and message_number belong to messages; job_id,
    state and job_version (of its facts) to jobs; job_id, review_until, role and peer_id to
    invitations.
    """

    person_id: str
    number: int
    about: str
    kind: Kind
    at: datetime
    conversation_id: str | None = None
    message_number: int | None = None
    job_id: str | None = None
    state: str | None = None
    job_version: int | None = None
    review_until: datetime | None = None
    role: str | None = None
    peer_id: str | None = None

    @staticmethod
    def key(person_id: str, number: int) -> str:
        """The id: a feed has one entry of each number, whoever is faster."""
        return f"{person_id}:{number:010d}"


@dataclass(kw_only=True)
class Follower(Aggregate):
    """Somebody who has opened a live stream; id is theirs. For nobody else a feed is kept."""
