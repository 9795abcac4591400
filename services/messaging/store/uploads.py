"""Files that go with messages."""

from datetime import UTC, datetime

from services.messaging.model import Attachment
from shared.store import Database, Files, Index, Store
from shared.store.database import driver_errors

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
COUNTED = 100
"""Waiting attachments that are looked at in one round."""


class Attachments(Store[Attachment]):
    kind, collection, noun = Attachment, "attachments", "attachment"
    versioned = False
    indexes = (
        Index((("tenant", 1), ("owner_id", 1), ("waiting_since", 1))),
        Index((("waiting_since", 1),), sparse=True),
    )

    async def waiting(self, owner: str) -> int:
        """How many files of this person are not sent yet."""
        where = {"owner_id": owner, "waiting_since": {"$gt": LONG_AGO}}
        return len(await self._find(where, sort=(("waiting_since", 1),), limit=COUNTED))

    async def of(self, owner: str) -> list[Attachment]:
        return await self._find({"owner_id": owner})

    @classmethod
    async def long_waiting(cls, database: Database, before: datetime) -> list[tuple[str, str]]:
        """Tenant and id of some that have waited since then or longer, of all tenants."""
        documents = database.collection(cls.collection)
        with driver_errors():
            waiting = documents.find({"waiting_since": {"$lte": before}}, {"tenant": 1})
            found = await waiting.sort("waiting_since", 1).limit(COUNTED).to_list(None)
        return [(document["tenant"], document["_id"]) for document in found]


class AttachmentFiles(Files):
    """An attachment's bytes, under its id."""

    bucket = "attachment_files"
