"""How stores and projections look things up: one tenant's documents, nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from shared.store.codec import Codec
from shared.store.database import Document, driver_errors

T = TypeVar("T")


class Lookups(Generic[T]):
    """Every filter carries the tenant."""

    tenant: str
    _documents: Any
    _codec: Codec[T]

    async def _document(self, id: str) -> Document | None:
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
        """For named look-ups: where must be covered by an index that starts with tenant."""
        cursor = self._documents.find({"tenant": self.tenant, **where})
        if sort:
            cursor = cursor.sort(list(sort))
        with driver_errors():
            found = await cursor.limit(limit).to_list(None)
        return [self._codec.decode(document) for document in found]
