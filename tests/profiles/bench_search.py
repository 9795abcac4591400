"""By hand: ``python -m tests.profiles.bench_search [helpers]`` prints how long a search takes."""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from deploy.local.broker import Broker
from deploy.local.database import Database
from services.profiles.app import create
from services.profiles.model.availability import Availability
from services.profiles.settings import Settings
from services.profiles.store import HelperStore
from shared.kernel.geo import Point
from tests.harness import Harness
from tests.profiles.builders import ALL_WEEK, filed
from tests.tenants import BERLIN

RUNS = 60


async def measure(harness: Harness, helpers: int) -> None:
    dice = random.Random(1)
    for _ in range(helpers):
        place = Point(BERLIN.lat + dice.uniform(-0.12, 0.12), BERLIN.lon + dice.uniform(-0.2, 0.2))
        reach = dice.randint(3_000, 50_000)
        await filed(harness, place, radius_m=reach, availability=Availability(ALL_WEEK))
    store = harness.scope().store(HelperStore)
    soon = (harness.scope().now + timedelta(days=3)).isoformat()
    floor: list[float] = []
    whole: dict[str, list[float]] = {}
    async with harness.client() as client:
        for _ in range(RUNS):
            place = Point(
                BERLIN.lat + dice.uniform(-0.1, 0.1), BERLIN.lon + dice.uniform(-0.1, 0.1)
            )
            near = f"{place.lat:.5f},{place.lon:.5f}"
            for name, params in {
                "top 20": {},
                "free then": {"available_at": soon},
            }.items():
                began = time.perf_counter()
                answer = await client.get("/v1/helpers", params={"near": near, **params})
                whole.setdefault(name, []).append(time.perf_counter() - began)
                assert answer.status_code == 200, answer.text
            helper = answer.json()["data"][0]["id"] if answer.json()["data"] else ""
            began = time.perf_counter()
            await store.find(helper)
            floor.append(time.perf_counter() - began)
    for name, taken in (*whole.items(), ("one helper by id", floor)):
        taken.sort()
        p50, p95 = statistics.median(taken) * 1000, taken[int(len(taken) * 0.95)] * 1000
        print(f"{helpers} helpers, {name}: p50 {p50:.1f} ms, p95 {p95:.1f} ms")


async def main(helpers: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker = Broker(folder / "broker", definitions=Path("/nonexistent"))
        with broker, Database(folder / "database") as database:
            urls = broker.amqp_url, database.mongo_url
            async with Harness.running(create, Settings, *urls, folder) as harness:
                await measure(harness, helpers)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000))
