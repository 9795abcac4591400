"""All of one tenant, whatever the collection: looked at, written out, removed."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Any

from bson import json_util

from shared.store.database import Database, driver_errors


async def erase_tenant(database: Database, collection: str, slug: str) -> int:
    """How many documents of that tenant it were."""
    with driver_errors():
        result = await database.collection(collection).delete_many({"tenant": slug})
    return int(result.deleted_count)


async def erase_tenants_files(database: Database, bucket: str, slug: str) -> int:
    """How many files it were; chunks before their file, so that a file left half is found again."""
    files = database.collection(f"{bucket}.files")
    with driver_errors():
        found = await files.find({"metadata.tenant": slug}, {"_id": 1}).to_list(None)
        for file in found:
            await database.collection(f"{bucket}.chunks").delete_many({"files_id": file["_id"]})
            await files.delete_one({"_id": file["_id"]})
    return len(found)


@dataclass(frozen=True)
class Place:
    """One collection, and what in it is the tenant's."""

    collection: str
    where: dict[str, Any]


async def places_of(database: Database, slug: str, kept: Collection[str]) -> list[Place]:
    """Every collection that there is, but for those kept; files' ids begin with the tenant."""
    with driver_errors():
        names = await database.handle.list_collection_names()
    return [Place(name, _of(name, slug)) for name in sorted(names) if name not in kept]


def _of(collection: str, slug: str) -> dict[str, Any]:
    if collection.endswith(".files"):
        return {"metadata.tenant": slug}
    if collection.endswith(".chunks"):
        return {"files_id": {"$gte": f"{slug}|", "$lt": slug + "}"}}
    return {"tenant": slug}


async def lines_of(database: Database, place: Place) -> AsyncIterator[bytes]:
    """One document a line, as MongoDB's Extended JSON."""
    with driver_errors():
        async for document in database.collection(place.collection).find(place.where):
            yield json_util.dumps(document).encode() + b"\n"


async def is_there(database: Database, place: Place) -> bool:
    """Whether anything is."""
    with driver_errors():
        found = await database.collection(place.collection).find_one(place.where, {"_id": 1})
    return found is not None
