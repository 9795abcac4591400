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

_STANDING = {"tenant": 1, "sequence": 1, DELETED: 1}


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
        """Keep row if it is newer than what is there; False when that tells more already.

        True also when the same is told again: the first time may have ended here. A snapshot
        replaces a row of its own sequence, so that a republish can mend it.
        """
        return await self._keep(self._codec.encode(row), delivered)

    async def bury(self, id: str, delivered: Delivered[Any]) -> bool:
        """Leave a tombstone, whether there was a row or not; False and True as put does.

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
            if delivered.sequence == 1 and await self._inserted(document):
                return True
            while not (await self._documents.replace_one(older, document)).matched_count:
                known = await self._documents.find_one({"_id": document["_id"]}, _STANDING)
                if known is None:
                    if await self._inserted(document):
                        return True
                elif self._says_more(known, delivered.sequence):
                    telemetry.CONSUMER_DUPLICATES.labels(self.collection).inc()
                    return bool(known["sequence"] == delivered.sequence)
        return True

    async def _inserted(self, document: Document) -> bool:
        try:
            await self._documents.insert_one(document)
        except DuplicateKeyError:
            return False
        return True

    def _says_more(self, known: Document, sequence: int) -> bool:
        """Or the same; a tombstone always does, and another tenant's row is none of ours."""
        return known["sequence"] >= sequence or DELETED in known or known["tenant"] != self.tenant
