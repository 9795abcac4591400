"""Profiles' collections."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from services.profiles.model.attempt import Attempt
from services.profiles.model.availability import Interval
from services.profiles.model.bank import QuestionBank
from services.profiles.model.document import Document, DocumentStatus
from services.profiles.model.helper import Helper
from services.profiles.model.search import Candidate, Offered
from shared.contracts.profiles import HelperSnapshot
from shared.scope import Scope
from shared.store import Files, Index, Projection, Store
from shared.store.codec import Codec, codec_for
from shared.store.database import driver_errors

_HOURS = "profile.availability"
_CANDIDATES: Codec[Candidate] = codec_for(Candidate)
_CANDIDATE_FIELDS = dict.fromkeys(
    (
        *({f"profile.{name}" for name in Offered.__dataclass_fields__} - {_HOURS}),
        *(name for name in Candidate.__dataclass_fields__ if name not in ("id", "profile")),
    ),
    1,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class HelperStore(Store[Helper]):
    kind, collection, noun = Helper, "helpers", "helper"
    snapshot = HelperSnapshot
    indexes = (
        Index((("tenant", 1), ("keys", 1))),
        Index((("tenant", 1), ("order", 1))),
    )

    async def filed_under(self, keys: Sequence[str], limit: int) -> list[Candidate]:
        """Listed helpers with any of these search keys; read without what a search can spare."""
        where = {"tenant": self.tenant, "keys": {"$in": list(keys)}}
        return await _candidates(self._documents.find(where, _CANDIDATE_FIELDS).limit(limit))

    async def filed_with_hours(self, keys: Sequence[str], limit: int) -> list[Candidate]:
        """The same with availability, for a search that wishes for a time."""
        where = {"tenant": self.tenant, "keys": {"$in": list(keys)}}
        fields = _CANDIDATE_FIELDS | {_HOURS: 1}
        return await _candidates(self._documents.find(where, fields).limit(limit))

    async def after(self, order: str, limit: int) -> list[Helper]:
        """All helpers by order, behind this one ('' from the first)."""
        return await self._find({"order": {"$gt": order}}, sort=(("order", 1),), limit=limit)


async def _candidates(cursor: Any) -> list[Candidate]:
    with driver_errors():
        found = await cursor.to_list(None)
    return [_CANDIDATES.decode(document) for document in found]


class AttemptStore(Store[Attempt]):
    kind, collection, noun = Attempt, "attempts", "attempt"


class QuestionBankStore(Store[QuestionBank]):
    """A tenant's banks; the platform administrator opens those of any tenant by its slug."""

    kind, collection, noun = QuestionBank, "question_banks", "question bank"

    @classmethod
    def of(cls, slug: str, scope: Scope) -> Self:
        """The store of the tenant that is being administered."""
        return cls(scope.database, slug, scope.outbox)


class DocumentStore(Store[Document]):
    kind, collection, noun = Document, "documents", "document"
    indexes = (
        Index((("tenant", 1), ("status", 1), ("order", 1))),
        Index((("tenant", 1), ("helper_id", 1), ("order", -1))),
    )

    async def in_queue(self, status: DocumentStatus, after: str, limit: int) -> list[Document]:
        """Oldest first, behind order."""
        where = {"status": status, "order": {"$gt": after}}
        return await self._find(where, sort=(("order", 1),), limit=limit)

    async def of_helper(self, helper_id: str, before: str | None, limit: int) -> list[Document]:
        """Newest first, behind order."""
        where = {"helper_id": helper_id} | ({"order": {"$lt": before}} if before else {})
        return await self._find(where, sort=(("order", -1),), limit=limit)


class Photos(Files):
    """Helpers' photos, JPEG."""

    bucket = "photos"


class DocumentFiles(Files):
    """What helpers handed in, JPEG or PDF."""

    bucket = "document_files"


@dataclass(frozen=True)
class JobRow:
    """What a job means for its helper. id is the job's.

    booked_by is the helper and starts_at to ends_at the time while the job takes it; kept and
    ended_at are there once it tells whether the helper can be relied on.
    """

    id: str
    helper_id: str
    booked_by: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    kept: bool | None = None
    ended_at: datetime | None = None


class JobRows(Projection[JobRow]):
    kind, collection, noun = JobRow, "jobs", "job"
    indexes = (
        Index((("tenant", 1), ("booked_by", 1))),
        Index((("tenant", 1), ("helper_id", 1), ("ended_at", -1))),
    )

    async def booked(self, helper_ids: Sequence[str]) -> dict[str, list[Interval]]:
        """The times for which these helpers are booked, by helper."""
        found: dict[str, list[Interval]] = {}
        for row in await self._find({"booked_by": {"$in": list(helper_ids)}}):
            if row.starts_at is not None and row.ends_at is not None:
                found.setdefault(row.helper_id, []).append(Interval(row.starts_at, row.ends_at))
        return found

    async def latest_ended(self, helper_id: str, limit: int) -> list[JobRow]:
        """The helper's last jobs that tell whether they can be relied on."""
        where = {"helper_id": helper_id, "ended_at": {"$gt": _EPOCH}}
        return await self._find(where, sort=(("ended_at", -1),), limit=limit)
