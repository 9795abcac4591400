"""What a service keeps of other services' facts: rows of which the newest wins."""

from typing import Any, ClassVar, Self, TypeVar

from pymongo.errors import DuplicateKeyError

from shared import telemetry
from shared.contracts.base import Delivered
from shared.kernel.errors import NotFound
from shared.scope import Scope
from shared.store.codec import Codec, codec_for
from shared.store.database import Database, Index
from shared.store.lookups import Lookups

R = TypeVar("R")


class Projection(Lookups[R]):
    """Rows of one tenant. kind is a dataclass with an ``id``; it holds what is worth keeping."""

    kind: ClassVar[type[Any]]
    collection: ClassVar[str]
    noun: ClassVar[str]
    indexes: ClassVar[tuple[Index, ...]] = ()

    def __init__(self, database: Database, tenant: str) -> None:
        self.tenant = tenant
        self._database = database
        self._documents = database.collection(self.collection)
        self._codec: Codec[R] = codec_for(self.kind)

    @classmethod
    def open(cls, scope: Scope) -> Self:
        return cls(scope.database, scope.tenant.slug)

    @classmethod
    def index_plan(cls) -> dict[str, tuple[Index, ...]]:
        """Collection -> its indexes."""
        return {cls.collection: cls.all_indexes()}

    @classmethod
    def all_indexes(cls) -> tuple[Index, ...]:
        return cls.indexes

    async def put(self, row: R, delivered: Delivered[Any]) -> bool:
        """Keep row if it is newer than what is there; False when it was old news.

        A snapshot also replaces a row of its own sequence, so that a republish can mend it.
        """
        document = self._codec.encode(row)
        key = document.pop("_id")
        newer = "$lte" if delivered.is_snapshot else "$lt"
        where = {"_id": key, "tenant": self.tenant, "sequence": {newer: delivered.sequence}}
        stamped = document | {"sequence": delivered.sequence}
        gone = [name for name in self._codec.fields if name != "id" and name not in document]
        change: dict[str, Any] = {"$set": stamped}
        if gone:
            change["$unset"] = dict.fromkeys(gone, "")
        with self._database.write(self.collection, "update", self.tenant):
            if (await self._documents.update_one(where, change)).matched_count:
                return True
            try:
                await self._documents.insert_one({"_id": key, "tenant": self.tenant, **stamped})
            except DuplicateKeyError:
                if (await self._documents.update_one(where, change)).matched_count:
                    return True
                telemetry.CONSUMER_DUPLICATES.labels(self.collection).inc()
                return False
        return True

    async def get(self, id: str) -> R:
        """The row. NotFound when this tenant has heard of none."""
        found = await self.find(id)
        if found is None:
            raise NotFound(f"there is no such {self.noun}")
        return found

    async def find(self, id: str) -> R | None:
        document = await self._document(id)
        return None if document is None else self._codec.decode(document)
