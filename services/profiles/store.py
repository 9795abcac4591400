"""Profiles' collections."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Self

import msgspec

from services.profiles.model.attempt import Attempt
from services.profiles.model.availability import Availability, Interval
from services.profiles.model.bank import QuestionBank
from services.profiles.model.document import Document, DocumentStatus
from services.profiles.model.helper import Helper
from services.profiles.model.record import JobRow
from services.profiles.model.search import Card
from services.profiles.model.standing import Status
from shared.audit import Looks
from shared.contracts import audit
from shared.contracts.profiles import HELPER_ERASED, HelperSnapshot
from shared.export import parts_store
from shared.privacy import answers_of
from shared.scope import Scope
from shared.store import Files, Index, Projection, SealedFiles, Store
from shared.store.codec import Codec
from shared.store.database import Document as Stored
from shared.store.database import driver_errors

HOURS = {"profile.availability": 1, "days_off": 1}
"""What of a helper is read, besides the card, where a time is wished for."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Carded(Codec[Helper]):
    """Writes with every listed helper the card that searches read: as one text, which database,
    driver and decoder hand over far faster than a dozen nested fields.
    """

    def __init__(self) -> None:
        super().__init__(Helper)
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(Card)

    def encode(self, value: Helper) -> Stored:
        return super().encode(value) | {"card": self._card(value)}

    def _card(self, helper: Helper) -> str:
        if helper.status is not Status.LISTED:
            return ""
        return self._encoder.encode(Card.of(helper)).decode()

    def card(self, text: str) -> Card:
        return self._decoder.decode(text)


_HELPERS = _Carded()


class HelperStore(Store[Helper]):
    kind, collection, noun = Helper, "helpers", "helper"
    snapshot, remains = HelperSnapshot, HELPER_ERASED
    indexes = (
        Index((("tenant", 1), ("keys", 1))),
        Index((("tenant", 1), ("order", 1))),
    )

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._codec = _HELPERS

    async def filed_under(self, keys: Sequence[str], limit: int) -> list[Card]:
        """Listed helpers with any of these search keys."""
        where = {"tenant": self.tenant, "keys": {"$in": list(keys)}}
        cursor = self._documents.find(where, {"card": 1}, batch_size=limit).limit(limit)
        return [await self._card(each) for each in await _read(cursor)]

    async def filed_with_hours(
        self, keys: Sequence[str], limit: int
    ) -> list[tuple[Card, Availability]]:
        """The same with their hours, for a search that wishes for a time."""
        where = {"tenant": self.tenant, "keys": {"$in": list(keys)}}
        fields = {"card": 1} | HOURS
        cursor = self._documents.find(where, fields, batch_size=limit).limit(limit)
        return [(await self._card(each), _hours(each)) for each in await _read(cursor)]

    async def _card(self, document: Stored) -> Card:
        if text := document.get("card"):
            return _HELPERS.card(text)
        # Written before there were cards; the next write brings one.
        return Card.of(await self.get(document["_id"]))

    async def after(self, order: str, limit: int) -> list[Helper]:
        """All helpers by order, behind this one ('' from the first)."""
        return await self._find({"order": {"$gt": order}}, sort=(("order", 1),), limit=limit)


async def _read(cursor: Any) -> list[Stored]:
    with driver_errors():
        found: list[Stored] = await cursor.to_list(None)
    return found


def _hours(document: Stored) -> Availability:
    plan = msgspec.convert(document["profile"]["availability"], Availability)
    return plan.without(document.get("days_off", ()))


class AttemptStore(Store[Attempt]):
    kind, collection, noun = Attempt, "attempts", "attempt"


class QuestionBankStore(Store[QuestionBank]):
    """A tenant's banks; the platform administrator opens those of any tenant by its slug."""

    kind, collection, noun = QuestionBank, "question_banks", "question bank"

    @classmethod
    def of(cls, slug: str, scope: Scope) -> Self:
        """The store of the tenant that is being administered."""
        return cls.opened(slug, scope)


class DocumentStore(Store[Document]):
    kind, collection, noun = Document, "documents", "document"
    indexes = (
        Index((("tenant", 1), ("status", 1), ("order", 1))),
        Index((("tenant", 1), ("helper_id", 1), ("order", -1))),
    )

    @classmethod
    def concerns(cls, aggregate: Document) -> list[str]:
        return [aggregate.helper_id]

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


class DocumentFiles(SealedFiles):
    """What helpers handed in, JPEG or PDF."""

    bucket = "document_files"


class LookStore(Looks):
    """Who looked at whose documents."""

    audited, snapshot = audit.AUDITED["profiles"], audit.SNAPSHOTS["profiles"]


class JobRows(Projection[JobRow]):
    """One row a job. Figures are counted over rows, never added up, so they can be told again."""

    kind, collection, noun = JobRow, "jobs", "job"
    indexes = (
        Index((("tenant", 1), ("booked_by", 1))),
        Index((("tenant", 1), ("helper_id", 1), ("ended_at", -1))),
        Index((("tenant", 1), ("helper_id", 1), ("kept", 1))),
        Index((("tenant", 1), ("helper_id", 1), ("visited_at", -1))),
        Index((("tenant", 1), ("asked_id", 1), ("asked_at", -1))),
        Index((("tenant", 1), ("errand", 1))),
    )

    async def booked(self, helper_ids: Sequence[str]) -> dict[str, list[Interval]]:
        """The times for which these helpers are booked, by helper."""
        found: dict[str, list[Interval]] = {}
        for row in await self._find({"booked_by": {"$in": list(helper_ids)}}):
            if row.booked_by and row.starts_at is not None and row.ends_at is not None:
                found.setdefault(row.booked_by, []).append(Interval(row.starts_at, row.ends_at))
        return found

    async def latest_ended(self, helper_id: str, limit: int) -> list[JobRow]:
        """The helper's last jobs that tell whether they can be relied on."""
        where = {"helper_id": helper_id, "ended_at": {"$gt": _EPOCH}}
        return await self._find(where, sort=(("ended_at", -1),), limit=limit)

    async def completed(self, helper_id: str) -> int:
        """How many jobs the helper has ever brought to their end."""
        where = {"tenant": self.tenant, "helper_id": helper_id, "kept": True}
        with driver_errors():
            number: int = await self._documents.count_documents(where)
        return number

    async def latest_asked(self, helper_id: str, limit: int) -> list[JobRow]:
        """The last requests to the helper by name that were answered, or ran out."""
        where = {"asked_id": helper_id}
        return await self._find(where, sort=(("asked_at", -1),), limit=limit)

    async def latest_visits(self, helper_id: str, limit: int) -> list[JobRow]:
        """The helper's last visits."""
        where = {"helper_id": helper_id, "visited_at": {"$gt": _EPOCH}}
        return await self._find(where, sort=(("visited_at", -1),), limit=limit)

    async def of_errands(self, errands: Sequence[str]) -> list[JobRow]:
        """Every booked job of these customers and categories."""
        return await self._find({"errand": {"$in": list(errands)}})


Answers = answers_of("profiles")
Parts = parts_store("profiles")
