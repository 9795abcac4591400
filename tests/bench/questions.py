"""By hand: ``python -m tests.bench.questions`` tells what a hop's questions cost the database.

The same questions as in ``make bench ONLY=hop``, ours by the stores themselves, one after the other
and with nobody else asking, so that a figure is the database's CPU for this question alone.
"""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from deploy.local.database import Database as Server
from shared.contracts.base import Delivered
from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id
from shared.store import Database
from shared.store.outboxes import Outboxes
from tests.bench.floors import hop as byhand
from tests.bench.measure import watched
from tests.bench.trial import (
    SHIPPED,
    TENANT,
    Parcel,
    ParcelFacts,
    Parcels,
    ParcelShipped,
    Row,
    Rows,
    a_parcel,
)

UNITS = 1_000
CLEARED = 20
"""Outboxes that are cleared by one bulk."""

Question = Callable[[str], Awaitable[Any]]


class Asking:
    """Tells what each kind of question costs, in milliseconds of the server's CPU for a unit."""

    def __init__(self, server: Server) -> None:
        self._pid = {"database": server.pid}
        self.ids = [new_id("parcel") for _ in range(UNITS)]

    async def each(self, name: str, ask: Question) -> None:
        await self.all(name, self.ids, ask)

    async def all(self, name: str, units: Sequence[Any], ask: Callable[[Any], Any]) -> None:
        with watched(self._pid) as spent:
            for unit in units:
                await ask(unit)
        print(f"{name:44} {spent.per_unit(UNITS)['database']:.2f} ms")


async def ours(asking: Asking, database: Database) -> None:
    for kind in (Parcels, Rows):
        await database.ensure_indexes(kind.collection, kind.all_indexes())
    await _fill(database, asking, {"version": 1})
    parcels, outboxes = Parcels.unrelayed(database, TENANT), Outboxes(database, Parcels.collection)
    rows = Rows(database, TENANT)

    async def follow(id: str) -> None:
        said = {name: value for name, value in a_parcel(id).items() if name in _FACTS}
        shipped = ParcelShipped(ParcelFacts(**said))
        told = Delivered(new_id("evt"), TENANT, id, 2, utc_now(), shipped)
        await rows.put(Row(id, **said), told)

    await asking.each("ours: look", parcels.get)
    await asking.each("ours: look and commit", lambda id: parcels.update(id, Parcel.ship))
    await asking.all(
        f"ours: clearing, {CLEARED} at a time",
        [asking.ids[at : at + CLEARED] for at in range(0, UNITS, CLEARED)],
        lambda ids: outboxes.clear(dict.fromkeys(ids, 2)),
    )
    await asking.each("ours: row", follow)


_FACTS = ParcelFacts.model_fields


async def by_hand(asking: Asking, database: Database) -> None:
    await _fill(database, asking, {})
    parcels, rows = byhand.collection("parcels"), byhand.collection("rows")

    async def commit(id: str) -> None:
        changed = {"status": SHIPPED, "stops": ["Berlin"], "sequence": 2}
        await parcels.update_one({"_id": id, "sequence": 1}, {"$set": changed})

    await asking.each("by hand: look", lambda id: parcels.find_one({"_id": id}))
    await asking.each("by hand: commit", commit)
    await asking.each("by hand: row", lambda id: rows.replace_one({"_id": id}, a_parcel(id)))


async def _fill(database: Database, asking: Asking, more: dict[str, Any]) -> None:
    for name in ("parcels", "rows"):
        await database.collection(name).insert_many([a_parcel(id) | more for id in asking.ids])


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        server.start()
        os.environ["MONGO_URL"] = server.mongo_url
        try:
            for side, name in ((ours, "questions"), (by_hand, byhand.DATABASE)):
                database = Database(server.mongo_url, name)
                await side(Asking(server), database)
                database.close()
        finally:
            server.stop()


if __name__ == "__main__":
    asyncio.run(main())
