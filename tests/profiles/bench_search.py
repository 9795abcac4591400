"""By hand: ``python -m tests.profiles.bench_search [few] [many]`` measures the search.

A GET of the first 20 near a point in a city of many helpers, beside the bare query on the same
database in the same run: the same index and the same candidates, as the driver hands them over and
decoded, but neither filtered nor scored nor shown. One after the other in alternating rounds; the
figures are medians over the rounds.
"""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.local.broker import Broker
from deploy.local.database import Database
from services.profiles.app import create
from services.profiles.model.availability import Availability
from services.profiles.settings import Settings
from services.profiles.store import HelperStore
from services.profiles.views import search as searching
from shared.kernel.geo import Point
from tests.harness import Harness
from tests.profiles.builders import ALL_WEEK, a_listed_helper
from tests.tenants import BERLIN, ZURICH

ROUNDS = 5
REQUESTS = 40
"""Searches in a round, each at another point."""

BATCH = 500
SPREAD = 0.12, 0.2
"""Degrees north and east of the centre in which the city's helpers live: about 27 by 27 km."""


@dataclass
class City:
    """harness' tenant of this slug, with so many helpers around the centre."""

    slug: str
    centre: Point
    helpers: int
    points: list[Point] = field(default_factory=list)
    asked: dict[Point, list[tuple[Any, ...]]] = field(default_factory=dict)

    def near(self, dice: random.Random) -> Point:
        north, east = (dice.uniform(-each, each) for each in SPREAD)
        return Point(round(self.centre.lat + north, 5), round(self.centre.lon + east, 5))


@dataclass
class Figures:
    """Of one round: seconds of each request, and of CPU in this process for all of them."""

    taken: list[float]
    cpu: float

    @property
    def rate(self) -> float:
        return len(self.taken) / sum(self.taken)

    @property
    def p95(self) -> float:
        return sorted(self.taken)[int(len(self.taken) * 0.95)]


async def settle(harness: Harness, city: City) -> None:
    """Fill the city; through the collection, as one create after the other takes minutes."""
    dice = random.Random(city.slug)
    store = harness.scope(city.slug).store(HelperStore)
    for first in range(0, city.helpers, BATCH):
        batch = []
        for _ in range(first, min(first + BATCH, city.helpers)):
            helper = a_listed_helper(
                place=city.near(dice),
                skills=["wifi", "tv", "computer"],
                radius_m=dice.randint(3_000, 50_000),
                availability=Availability(ALL_WEEK),
                bio="Twenty years with cables. " * 20,
            )
            document = store._codec.encode(helper)
            batch.append(document | {"tenant": city.slug, "version": 1, "sequence": 1})
        await store._documents.insert_many(batch)
    city.points = [city.near(dice) for _ in range(REQUESTS)]


async def watch(city: City, searches: Callable[[Point], Awaitable[Any]]) -> None:
    """Learn what a search at each point asks the store, so that the floor asks exactly this."""
    original = HelperStore.filed_under

    async def watched(self: HelperStore, *arguments: Any) -> Any:
        asked.append(arguments)
        return await original(self, *arguments)

    HelperStore.filed_under = watched  # type: ignore[method-assign, assignment]
    for point in city.points:
        asked = city.asked.setdefault(point, [])
        await searches(point)
    HelperStore.filed_under = original  # type: ignore[method-assign]


async def measured(city: City, work: Callable[[Point], Awaitable[Any]]) -> Figures:
    taken, cpu = [], time.process_time()
    for point in city.points:
        began = time.perf_counter()
        await work(point)
        taken.append(time.perf_counter() - began)
    return Figures(taken, time.process_time() - cpu)


async def compare(harness: Harness, city: City) -> dict[str, list[Figures]]:
    store = harness.scope(city.slug).store(HelperStore)

    async def bare(point: Point) -> None:
        for keys, limit in city.asked[point]:
            where = {"tenant": city.slug, "keys": {"$in": list(keys)}}
            await (
                store._documents.find(where, {"card": 1}, batch_size=limit)
                .limit(limit)
                .to_list(None)
            )

    async def decoded(point: Point) -> None:
        for keys, limit in city.asked[point]:
            await store.filed_under(keys, limit)

    async with harness.client(tenant=city.slug) as client:

        async def whole(point: Point) -> None:
            answer = await client.get("/v1/helpers", params={"near": f"{point.lat},{point.lon}"})
            assert answer.status_code == 200, answer.text

        await watch(city, whole)
        works = {"bare query": bare, "decoded query": decoded, "GET /v1/helpers": whole}
        found: dict[str, list[Figures]] = {name: [] for name in works}
        for _ in range(ROUNDS):
            for name, work in works.items():
                found[name].append(await measured(city, work))
    return found


def show(city: City, found: dict[str, list[Figures]]) -> float:
    """Print the table; the median p95 of the whole search."""
    reads = [sum(1 for _ in asked) for asked in city.asked.values()]
    print(f"\n{city.helpers} helpers, {statistics.mean(reads):.1f} reads a search")
    print(f"{'':18}{'per s':>8}{'spread':>16}{'p50 ms':>9}{'p95 ms':>9}{'CPU ms':>9}{'ratio':>7}")
    floor = [each.rate for each in found["bare query"]]
    for name, rounds in found.items():
        rates = [each.rate for each in rounds]
        ratio = statistics.median(one / other for one, other in zip(rates, floor, strict=True))
        p50 = statistics.median(statistics.median(each.taken) for each in rounds)
        p95 = statistics.median(each.p95 for each in rounds)
        cpu = statistics.median(each.cpu / len(each.taken) for each in rounds)
        spread = f"{min(rates):.1f}..{max(rates):.1f}"
        print(
            f"{name:18}{statistics.median(rates):8.1f}{spread:>16}"
            f"{p50 * 1000:9.1f}{p95 * 1000:9.1f}{cpu * 1000:9.2f}{ratio:7.2f}"
        )
    return p95


async def main(few: int, many: int) -> None:
    cities = City("swisscom", ZURICH, few), City("vodafone", BERLIN, many)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker = Broker(folder / "broker", definitions=Path("/nonexistent"))
        with broker, Database(folder / "database") as database:
            urls = broker.amqp_url, database.mongo_url
            async with Harness.running(
                create, Settings, *urls, folder, file_secret="f" * 32
            ) as harness:
                for city in cities:
                    await settle(harness, city)
                found = [await compare(harness, city) for city in cities]
                small, large = (show(city, each) for city, each in zip(cities, found, strict=True))
    print(f"\np95 grows {large / small:.2f} times from {few} to {many} helpers")
    print(f"{searching.CANDIDATES} matches end a search")


if __name__ == "__main__":
    numbers = [int(each) for each in sys.argv[1:3]]
    asyncio.run(main(*(numbers or [1_000, 10_000])))
