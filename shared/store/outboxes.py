"""The relay's view of a collection: every tenant's outboxes, and nothing else of a document."""

from datetime import UTC, datetime
from typing import Any

from pymongo import UpdateOne

from shared.outbox import Entry
from shared.store.database import Database, driver_errors

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Outboxes:
    """Implements shared.outbox.OutboxRows; filters start with ``_id`` or the sparse index."""

    def __init__(self, database: Database, collection: str) -> None:
        self._documents = database.collection(collection)

    async def pending(self, id: str) -> list[Entry]:
        """The aggregate's unpublished events in order."""
        wanted = {"outbox": 1, "outbox_since": 1, "tenant": 1}
        with driver_errors():
            document = await self._documents.find_one({"_id": id}, wanted)
        if document is None:
            return []
        outbox = document.get("outbox", [])
        if not outbox and "outbox_since" in document:
            # Somebody ended between dropping the last events and the date: it would stay for ever.
            await self.trim(id, 0)
        return [Entry.stored(id, document["tenant"], entry) for entry in outbox]

    async def clear(self, published: dict[str, int]) -> set[str]:
        """Empty the outboxes whose last event was published; the ids of those with more.

        published maps id to the last published sequence. An outbox that got another event in
        the meantime does not match and is left as it is.
        """
        operations = [
            UpdateOne({"_id": id, "sequence": last}, {"$unset": {"outbox": "", "outbox_since": ""}})
            for id, last in published.items()
        ]
        with driver_errors():
            result = await self._documents.bulk_write(operations, ordered=False)
            if result.matched_count == len(operations):
                return set()
            ids = list(published)
            found = self._documents.find({"_id": {"$in": ids}}, {"outbox.sequence": 1})
            return {
                document["_id"] for document in await found.to_list(None) if document.get("outbox")
            }

    async def trim(self, id: str, last: int) -> None:
        """Drop events up to last and date the outbox by the oldest that remains."""
        with driver_errors():
            await self._documents.update_one(
                {"_id": id}, {"$pull": {"outbox": {"sequence": {"$lte": last}}}}
            )
            document = await self._documents.find_one({"_id": id}, {"outbox": 1, "sequence": 1})
            if document is None:
                return
            remaining: list[dict[str, Any]] = document.get("outbox", [])
            same = {"_id": id, "sequence": document["sequence"]}
            if remaining:
                change = {"$set": {"outbox_since": remaining[0]["time"]}}
            else:
                change = {"$unset": {"outbox": "", "outbox_since": ""}}
            await self._documents.update_one(same, change)

    async def overdue(self, before: datetime, limit: int) -> list[tuple[str, datetime]]:
        """Aggregates whose oldest unpublished event was written before that moment."""
        found = self._documents.find({"outbox_since": {"$lt": before}}, {"outbox_since": 1}).limit(
            limit
        )
        with driver_errors():
            return [(item["_id"], item["outbox_since"]) for item in await found.to_list(None)]

    async def backlog(self) -> tuple[int, datetime | None]:
        """How many aggregates have unpublished events, and since when the oldest waits."""
        waiting = {"outbox_since": {"$gt": _EPOCH}}
        with driver_errors():
            count: int = await self._documents.count_documents(waiting)
            oldest = self._documents.find(waiting, {"outbox_since": 1}).sort("outbox_since", 1)
            found = await oldest.limit(1).to_list(None)
        return count, found[0]["outbox_since"] if found else None
