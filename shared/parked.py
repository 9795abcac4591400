"""Messages that cannot be applied, kept where an operator can list, replay and erase them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from shared.kernel.errors import NotFound
from shared.rabbit import ParkedMessage
from shared.store import Database, Index, Indexed
from shared.store.database import Document, driver_errors


@dataclass(frozen=True, slots=True)
class Selection:
    """Which parked messages are meant; None: any."""

    reason: str | None = None
    queue: str | None = None
    tenant: str | None = None
    id: str | None = None

    def filter(self) -> dict[str, Any]:
        return {name: wanted for name, wanted in asdict(self).items() if wanted is not None}


@dataclass(frozen=True, slots=True)
class ParkedSummary:
    """A parked message without headers and body, which may be large."""

    id: str
    queue: str
    reason: str
    detail: str
    parked_at: datetime
    tenant: str | None
    subject: str | None

    @property
    def key(self) -> str:
        return f"{self.queue}|{self.id}"


_SUMMARY = dict.fromkeys((field.name for field in fields(ParkedSummary)), 1)


class ParkedMessages(Indexed):
    """The service's collection ``parked``: one document per queue and message id."""

    collection = "parked"

    def __init__(self, database: Database) -> None:
        self._database = database
        self._documents = database.collection(self.collection)

    @classmethod
    def all_indexes(cls) -> tuple[Index, ...]:
        """For lists by age, and for a message by its id in whatever queue."""
        return (Index((("parked_at", 1),)), Index((("id", 1),)))

    async def keep(self, message: ParkedMessage) -> None:
        """Store; a message parked twice is kept once. Unavailable while the database is away.

        The later time wins, so that ``remove`` can tell that a replay has come back already.
        """
        await self._database.keep_latest(self.collection, {"_id": message.key, **asdict(message)})

    async def count(self) -> int:
        """How many there are."""
        with driver_errors():
            number: int = await self._documents.estimated_document_count()
        return number

    async def get(self, key: str) -> ParkedMessage:
        """The whole message by its key (queue and id). NotFound when it is not parked."""
        with driver_errors():
            found: Document | None = await self._documents.find_one({"_id": key})
        if found is None:
            raise NotFound("there is no such parked message")
        del found["_id"]
        return ParkedMessage(**found)

    async def remove(self, message: ParkedMessage | ParkedSummary) -> bool:
        """Forget it; False when it is gone, or was parked again since it was read."""
        same = {"_id": message.key, "parked_at": message.parked_at}
        with driver_errors():
            return bool((await self._documents.delete_one(same)).deleted_count)

    async def list(self, selection: Selection, limit: int = 0) -> Sequence[ParkedSummary]:
        """The oldest first; limit 0: all."""
        cursor = self._documents.find(selection.filter(), {"_id": 0, **_SUMMARY})
        with driver_errors():
            found = await cursor.sort("parked_at", 1).limit(limit).to_list(None)
        return [ParkedSummary(**document) for document in found]

    async def forget(self, tenant: str, named: Sequence[str]) -> int:
        """Remove what names somebody who is to be forgotten, replayable or not; how many it were.

        Whatever cannot be read may be of any tenant, so it is looked at too.
        """
        marks = [each.encode() for each in named]
        removed = 0
        for summary in [*await self.list(Selection(tenant=tenant)), *await self._unclaimed()]:
            try:
                message = await self.get(summary.key)
            except NotFound:
                continue
            if summary.subject in named or any(mark in message.body for mark in marks):
                removed += await self.remove(message)
        return removed

    async def _unclaimed(self) -> Sequence[ParkedSummary]:
        return [each for each in await self.list(Selection()) if each.tenant is None]
