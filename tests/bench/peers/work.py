"""What every side of this row does with a unit, and how the three libraries are asked for it."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import MongoClient, WriteConcern

from tests.bench.trial import a_parcel

PREFETCH = 20
"""Units in hand at a time, the same for all: threads, tasks or prefetched messages."""

DATABASE, COLLECTION = "peers", "rows"
SAFE = WriteConcern(w="majority", j=True)


def amqp_url() -> str:
    return os.environ.get("AMQP_URL", "")


def payload(unit: str) -> dict[str, Any]:
    """The message: as large as ours."""
    return a_parcel(unit)


def rows_of(client: Callable[..., Any]) -> Any:
    found = client(os.environ["MONGO_URL"], maxPoolSize=32)
    return found[DATABASE].get_collection(COLLECTION, write_concern=SAFE)


blocking_rows = partial(rows_of, MongoClient)
rows = partial(rows_of, AsyncIOMotorClient)
