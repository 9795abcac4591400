"""How stores and projections look things up: one tenant's documents, nothing else."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from shared.kernel.errors import NotFound
from shared.store.codec import Codec
from shared.store.database import Document, Indexed, driver_errors

T = TypeVar("T")

DELETED = "deleted"
"""What a tombstone has instead of a state: when it came to its end. Its other fields are ``_id``,
tenant, sequence and an aggregate's version and outbox; so no look-up by a field of the state, by
equality or by order, meets one.
"""


class Buried(NotFound):
    """It was there once and never comes again: who waits for it waits in vain."""


class Lookups(Indexed, Generic[T]):
    """Every filter carries the tenant."""

    tenant: str
    noun: ClassVar[str]
    _documents: Any
    _codec: Codec[T]

    async def get(self, id: str) -> T:
        """The one with this id. NotFound when this tenant has none, Buried when it has no more."""
        return self._codec.decode(await self._load(id))

    async def find(self, id: str) -> T | None:
        """The one with this id or None."""
        found = await self._stored(id)
        return None if found is None or DELETED in found else self._codec.decode(found)

    async def _load(self, id: str) -> Document:
        found = await self._stored(id)
        if found is None:
            raise NotFound(f"there is no such {self.noun}")
        if DELETED in found:
            raise Buried(f"there is no such {self.noun}")
        return found

    async def _stored(self, id: str) -> Document | None:
        """The document or its tombstone."""
        with driver_errors():
            found: Document | None = await self._documents.find_one(
                {"_id": id, "tenant": self.tenant}
            )
        return found

    async def _find(
        self,
        where: Mapping[str, Any],
        *,
        sort: Sequence[tuple[str, int]] = (),
        limit: int = 0,
    ) -> list[T]:
        """For named look-ups: an index that starts with tenant covers where and sort.

        where asks for a field of the state, so that it finds no tombstones.
        """
        # The tenant last: where cannot replace it, and of ids the embedded database thinks first.
        cursor = self._documents.find({**where, "tenant": self.tenant})
        if sort:
            cursor = cursor.sort(list(sort))
        with driver_errors():
            found = await cursor.limit(limit).to_list(None)
        return [self._codec.decode(document) for document in found]

    async def _ids(self, after: str) -> AsyncIterator[str]:
        """For named look-ups: every id behind that one, tombstones' too, read as it is used."""
        where = {"tenant": self.tenant, "_id": {"$gt": after}}
        with driver_errors():
            async for document in self._documents.find(where, {"_id": 1}).sort("_id", 1):
                yield document["_id"]
