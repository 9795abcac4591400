"""Who lives in the measured database: helpers in two cities, and jobs as they are wanted."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from services.jobs.model import Job
from services.jobs.store import JobStore
from services.profiles.model.availability import Availability
from services.profiles.model.search import Search
from services.profiles.store import HelperStore
from services.profiles.views.search import find_hits
from shared.kernel.clock import utc_now
from shared.kernel.geo import Point
from shared.kernel.ids import new_id
from shared.scope import Scope
from shared.store import Database
from tests.jobs.builders import confirmed, in_progress
from tests.profiles.builders import ALL_WEEK, a_listed_helper
from tests.tenants import BERLIN, TENANTS, ZURICH

BATCH = 500
SPREAD = 0.12, 0.2
"""Degrees north and east of the centre in which a city's helpers live: about 27 by 27 km."""

POINTS = 40


@dataclass
class City:
    """So many helpers around the centre, and where people search."""

    slug: str
    centre: Point
    helpers: int
    points: list[Point] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def near(self, dice: random.Random) -> Point:
        north, east = (dice.uniform(-each, each) for each in SPREAD)
        return Point(round(self.centre.lat + north, 5), round(self.centre.lon + east, 5))


def cities(few: int = 1_000, many: int = 10_000) -> tuple[City, City]:
    return City("swisscom", ZURICH, few), City("vodafone", BERLIN, many)


def settle(helpers: Any, city: City) -> None:
    """Fill the city up to its number; straight in profiles' collection, as one create after the
    other takes minutes.
    """
    dice = random.Random(f"{city.slug} {len(city.ids)}")
    codec = HelperStore.unrelayed(Database("mongodb://127.0.0.1", "profiles"), city.slug)._codec
    for first in range(len(city.ids), city.helpers, BATCH):
        batch = []
        for _ in range(first, min(first + BATCH, city.helpers)):
            helper = a_listed_helper(
                place=city.near(dice),
                skills=["wifi", "tv", "computer"],
                radius_m=dice.randint(3_000, 50_000),
                availability=Availability(ALL_WEEK),
                bio="Twenty years with cables. " * 20,
            )
            document = codec.encode(helper)
            batch.append(document | {"tenant": city.slug, "version": 1, "sequence": 1})
        helpers.insert_many(batch)
        city.ids += [each["_id"] for each in batch]
    city.points = city.points or [city.near(dice) for _ in range(POINTS)]


async def learn(mongo_url: str, towns: tuple[City, ...], file: Path) -> None:
    """Write down what a search at each point asks the store, so that the floor asks just this."""
    database = Database(mongo_url, "profiles")
    known: dict[str, Any] = {}
    for city in towns:
        scope = Scope(TENANTS[city.slug], utc_now(), database, None)
        for point in city.points:
            with _overheard() as asked:
                await find_hits(Search(near=point, radius_m=10_000), scope)
            known[f"{point.lat},{point.lon}"] = asked
    file.write_text(json.dumps(known))
    database.close()


@contextmanager
def _overheard() -> Iterator[list[Any]]:
    original, asked = HelperStore.filed_under, []

    async def watched(self: HelperStore, keys: Any, limit: int) -> Any:
        asked.append((list(keys), limit))
        return await original(self, keys, limit)

    HelperStore.filed_under = watched  # type: ignore[method-assign]
    try:
        yield asked
    finally:
        HelperStore.filed_under = original  # type: ignore[method-assign]


@dataclass(frozen=True)
class Errand:
    """A command that every fresh job takes once: its path's last part, body, and what it changes.

    versions: by how much the command raises the version. event: the routing key it publishes.
    """

    name: str
    body: str
    event: str | None

    def job(self) -> Job:
        """As the store has it before; a long description, as people write them."""
        job = confirmed() if self.name == "depart" else in_progress()
        return replace(job, description="In the bedroom the line breaks off. " * 8)


ERRANDS = (
    Errand("propose-change", '{"minutes":30,"reason":"The cable is broken as well"}', None),
    Errand("depart", "", "jobs.job_departed.v1"),
)


class Jobs:
    """Fresh jobs for a round, straight in the collection of the service."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection
        self._unused: dict[str, list[str]] = {}
        self._codec = JobStore.unrelayed(Database("mongodb://127.0.0.1", "jobs"), "vodafone")._codec

    def fresh(self, errand: Errand, count: int) -> list[str]:
        """The ids of so many to which the command was not given yet."""
        unused = self._unused.setdefault(errand.name, [])
        unused += self._made(errand, count - len(unused))
        return list(unused)

    def used(self, errand: Errand, count: int) -> None:
        """The first so many of those are fresh no more."""
        del self._unused[errand.name][:count]

    def _made(self, errand: Errand, count: int) -> list[str]:
        pattern = self._codec.encode(errand.job())
        version = pattern["version"]
        documents = []
        for _ in range(count):
            id = new_id("job")
            own = {"_id": id, "tenant": "vodafone", "version": version, "order": f"1|{id}"}
            documents.append(pattern | own)
        for first in range(0, count, BATCH):
            self._collection.insert_many(documents[first : first + BATCH])
        return [each["_id"] for each in documents]

    def changed(self, ids: list[str], errand: Errand) -> dict[str, int]:
        """Id -> how often the command was applied to it, where it was at all."""
        before = len(errand.job().timeline)
        found = self._collection.find({"_id": {"$in": ids}}, {"timeline.version": 1})
        counts = {each["_id"]: len(each["timeline"]) - before for each in found}
        return {id: count for id, count in counts.items() if count}
