"""Messages that are tried alone, noted before each attempt: a worker's death tells of the rest."""

from datetime import timedelta
from uuid import uuid4

from shared.kernel.clock import utc_now
from shared.store import Database, Index, Indexed
from shared.store.database import driver_errors

KEPT = timedelta(days=7)
"""Of an attempt whose end was never noted."""


class TriedAlone(Indexed):
    """The service's collection ``tried_alone``: one document per queue and message id."""

    collection = "tried_alone"

    def __init__(self, database: Database) -> None:
        self._process = uuid4().hex
        self._database = database
        self._documents = database.collection(self.collection)

    @classmethod
    def all_indexes(cls) -> tuple[Index, ...]:
        return (Index((("at", 1),), expire_after=KEPT),)

    async def begun(self, key: str) -> int:
        """Attempts that may have ended with their worker; the last of this process did not.

        A delivery comes again too when its connection is lost. Unavailable while the database is
        away.
        """
        with driver_errors():
            found = await self._documents.find_one({"_id": key})
        if found is None:
            return 0
        times: int = found["begun"]
        return times - 1 if found.get("process") == self._process else times

    async def begin(self, key: str, times: int) -> None:
        """Note before it begins that this is so many; nobody else has it. Unavailable as above."""
        noted = {"_id": key, "begun": times, "process": self._process, "at": utc_now()}
        await self._database.keep_latest(self.collection, noted)

    async def end(self, key: str) -> None:
        """There was an outcome: forget them all. Unavailable as above."""
        with driver_errors():
            await self._documents.delete_one({"_id": key})
