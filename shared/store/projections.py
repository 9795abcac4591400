"""What a service keeps of other services' facts: rows of which the newest wins."""

from typing import Any, ClassVar, Self, TypeVar

from pymongo.errors import DuplicateKeyError

from shared import telemetry
from shared.contracts.base import Delivered
from shared.scope import Scope
from shared.store.codec import Codec, codec_for
from shared.store.database import Database, Document, Index
from shared.store.lookups import DELETED, Lookups

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
    def all_indexes(cls) -> tuple[Index, ...]:
        return cls.indexes

    async def put(self, row: R, delivered: Delivered[Any]) -> bool:
        """Keep row if it is newer than what is there; False when it was old news.

        A snapshot also replaces a row of its own sequence, so that a republish can mend it.
        """
        return await self._keep(self._codec.encode(row), delivered)

    async def bury(self, id: str, delivered: Delivered[Any]) -> bool:
        """Leave a tombstone, whether there was a row or not; False when it was old news.

        The event is the last of its aggregate: nothing that comes late brings the row back.
        """
        return await self._keep({"_id": id, DELETED: delivered.time}, delivered)

    async def _keep(self, document: Document, delivered: Delivered[Any]) -> bool:
        document |= {"tenant": self.tenant, "sequence": delivered.sequence}
        newer = "$lte" if delivered.is_snapshot else "$lt"
        older = {
            "_id": document["_id"],
            "tenant": self.tenant,
            "sequence": {newer: delivered.sequence},
            DELETED: {"$exists": False},
        }
        with self._database.write(self.collection, "update", self.tenant):
            if (await self._documents.replace_one(older, document)).matched_count:
                return True
            try:
                await self._documents.insert_one(document)
            except DuplicateKeyError:
                if (await self._documents.replace_one(older, document)).matched_count:
                    return True
                telemetry.CONSUMER_DUPLICATES.labels(self.collection).inc()
                return False
        return True
