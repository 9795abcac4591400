"""The republisher's view of a collection: every tenant's aggregates as they are now."""

from collections.abc import AsyncIterator
from typing import Any

from pydantic import ValidationError

from shared.contracts.base import Event, Facts
from shared.kernel.clock import utc_now
from shared.kernel.errors import Invalid
from shared.kernel.ids import derived_id
from shared.rabbit.envelope import Outgoing
from shared.store.aggregates import Store
from shared.store.codec import Codec, codec_for
from shared.store.database import Database, Document, driver_errors
from shared.store.lookups import DELETED

PAGE = 200
"""Aggregates in memory at a time."""


class Snapshots:
    """Reads one collection by ``_id``; nothing is written. ValueError if kind publishes nothing."""

    def __init__(self, database: Database, kind: type[Store[Any]]) -> None:
        if kind.snapshot is None:
            raise ValueError(f"{kind.__name__} has no snapshot")
        self._snapshot: type[Event[Any]] = kind.snapshot
        self._kind = kind
        self._codec: Codec[Any] = codec_for(kind.kind)
        self._documents = database.collection(kind.collection)

    async def count(self, tenant: str | None) -> int:
        """How many aggregates there are, buried ones and those without any event included."""
        with driver_errors():
            number: int = await self._documents.count_documents(_of(tenant))
        return number

    async def pages(self, tenant: str | None) -> AsyncIterator[list[Outgoing]]:
        """Each page's snapshots; tenant None means all. Invalid for a document that cannot be read.

        An aggregate that has published nothing yet is left out: there is nothing to repeat.
        """
        last = ""
        while page := await self._page(last, tenant):
            last = page[-1]["_id"]
            yield [self._told(document) for document in page if document["sequence"] > 0]

    async def _page(self, after: str, tenant: str | None) -> list[Document]:
        where = {"_id": {"$gt": after}} | _of(tenant)
        cursor = self._documents.find(where, {"outbox": 0, "memory": 0})
        with driver_errors():
            page: list[Document] = await cursor.sort("_id", 1).limit(PAGE).to_list(None)
        return page

    def _told(self, document: Document) -> Outgoing:
        """Of the aggregate's current sequence, with an id that the same snapshot has again.

        A tombstone's says what remains, and when the end was. Whatever is still in the outbox, or
        happens meanwhile, is older or newer by its sequence.
        """
        subject, tenant, sequence = document["_id"], document["tenant"], document["sequence"]
        key = self._snapshot.routing_key
        facts = self._kind.remains if DELETED in document else self._facts(document)
        assert facts is not None, "bury lets nobody go of whom nothing remains to tell"
        return Outgoing(
            id=derived_id("evt", key, tenant, subject, str(sequence)),
            tenant=tenant,
            routing_key=key,
            source=self._snapshot.publisher,
            subject=subject,
            sequence=sequence,
            time=document.get(DELETED) or utc_now(),
            body=facts.model_dump_json().encode(),
        )

    def _facts(self, document: Document) -> Facts:
        try:
            return self._kind.facts_of(self._codec.decode(document))
        except ValidationError as error:
            raise Invalid(
                f"{self._kind.noun} {document['_id']} is not stored as the code expects it: "
                f"{error.error_count()} faults"
            ) from error


def _of(tenant: str | None) -> Document:
    return {} if tenant is None else {"tenant": tenant}
