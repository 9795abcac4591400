import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest

from shared.kernel.ids import new_id
from shared.store import Database
from tests.harness import forget
from tests.properties.errands import ErrandRows, ErrandStore, RewardStore
from tests.properties.laws import OUTBOX_LIMIT
from tests.properties.machine import Ground
from tests.properties.process import remembering_owners


@pytest.fixture(scope="module")
def ground(mongo_url: str) -> Iterator[Ground]:
    """Time does nothing here: relays sweep when they are told to, and find everything overdue."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shared.outbox.SWEEP_EVERY", 86_400.0)
        patch.setattr("shared.outbox.OVERDUE", timedelta(days=-1))
        patch.setattr("shared.outbox.GATHER", 0.0)
        patch.setattr("shared.store.aggregates.OUTBOX_LIMIT", OUTBOX_LIMIT)
        patch.setattr("shared.store.aggregates.JITTER", 0.0)
        loop = asyncio.new_event_loop()
        loop.set_task_factory(remembering_owners)
        database = loop.run_until_complete(_prepared(mongo_url))
        yield Ground(loop, database)
        loop.run_until_complete(forget(database))
        database.close()
        loop.close()


async def _prepared(mongo_url: str) -> Database:
    database = Database(mongo_url, f"test_{new_id('db')}")
    for kind in (ErrandStore, RewardStore, ErrandRows):
        for collection, indexes in kind.index_plan().items():
            await database.ensure_indexes(collection, indexes)
    return database
