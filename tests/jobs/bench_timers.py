"""By hand: ``python -m tests.jobs.bench_timers [at once] [seconds]`` measures the timers.

Requests of which nobody took notice expire: first fifty fall due in each second, then so many at
once. One of them cannot be read, and is the oldest each time. An expiry is one document write with
its event, published, and the mail that follows from it, all in this process. Meanwhile a customer
asks for a new job and looks at it, again and again.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from deploy.local.broker import Broker
from deploy.local.database import Database
from services.jobs.app import create
from services.jobs.model import Job, State
from services.jobs.settings import Settings
from services.jobs.store import JobStore
from shared import telemetry
from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id
from shared.store.codec import codec_for
from tests.harness import Harness
from tests.jobs.builders import requested
from tests.jobs.journey import a_helper, request_body

PER_SECOND = 50
BROKEN = "job_broken"
BATCH = 500
PAUSE = 0.1
USUAL = 15.0
"""Seconds in which it is measured what requests take as a rule."""


async def insert(harness: Harness, due: Sequence[datetime]) -> None:
    """A request for each of these times, and before all of them one that nobody can read."""
    codec, documents = codec_for(JobStore.kind), []
    pattern = requested()
    for at in due:
        id = new_id("job")
        job = replace(pattern, id=id, order=f"{id}|{id}", request_expires_at=at, due_at=at)
        documents.append(codec.encode(job) | {"tenant": "vodafone", "version": 1, "sequence": 1})
    broken = dict(documents[0]) | {"_id": BROKEN, "state": "lost", "due_at": min(due)}
    broken["due_at"] -= timedelta(hours=1)
    jobs = harness.scope().database.collection(JobStore.collection)
    for start in range(0, len(documents), BATCH):
        await jobs.insert_many(documents[start : start + BATCH])
    await jobs.replace_one({"_id": BROKEN}, broken, upsert=True)


async def expired(harness: Harness) -> list[Job]:
    jobs = harness.scope().store(JobStore)
    found = jobs._documents.find({"state": State.EXPIRED.value})
    return [jobs._codec.decode(each) for each in await found.to_list(None)]


def fired() -> int:
    """How often the ticker has told a job; asking the database again and again would take what is
    measured."""
    return int(telemetry.TIMERS_FIRED.labels(JobStore.collection)._value.get())


async def count(harness: Harness) -> int:
    jobs = harness.scope().database.collection(JobStore.collection)
    return int(await jobs.count_documents({"state": State.EXPIRED.value}))


async def steady(harness: Harness, seconds: int) -> None:
    began = utc_now() + timedelta(seconds=3)
    gap = timedelta(seconds=1) / PER_SECOND
    await insert(harness, [began + number * gap for number in range(PER_SECOND * seconds)])
    while fired() < PER_SECOND * seconds:
        await asyncio.sleep(0.5)
    late = sorted(
        (job.when(State.EXPIRED) - job.request_expires_at).total_seconds()
        for job in await expired(harness)
    )
    worst, middle = late[-1], statistics.median(late)
    within = sum(each <= 2 for each in late) / len(late)
    print(
        f"{PER_SECOND} a second for {seconds} s: late by {middle:.2f} s (median), "
        f"{late[len(late) * 95 // 100]:.2f} s (95 %), {worst:.2f} s (worst); "
        f"{within:.1%} within 2 s"
    )


class Customer:
    """Milliseconds that each round of two requests took."""

    def __init__(self, harness: Harness) -> None:
        self._harness = harness
        self._taken: list[float] = []

    async def ask_for_ever(self) -> None:
        helper = await a_helper(self._harness)
        while True:
            customer = await self._harness.person("Ada Berger")
            async with self._harness.client(customer) as client:
                began = time.perf_counter()
                headers = {"Idempotency-Key": new_id("key")}
                made = await client.post("/v1/jobs", json=request_body(helper), headers=headers)
                seen = await client.get(f"/v1/jobs/{made.json()['id']}")
                self._taken.append((time.perf_counter() - began) * 1000)
            assert seen.status_code == 200, seen.text
            await asyncio.sleep(PAUSE)

    def p95(self) -> float:
        """Of the rounds since it was asked last."""
        taken, self._taken = sorted(self._taken), []
        return taken[len(taken) * 95 // 100]


async def at_once(harness: Harness, number: int) -> None:
    before, told = await count(harness), fired()
    moment = utc_now() + timedelta(seconds=3600)
    # Each at a millisecond of its own: among equal ones the embedded database looks through all to
    # find the one to be changed.
    await insert(harness, [moment + timedelta(milliseconds=each) for each in range(number)])
    customer = Customer(harness)
    asking = asyncio.create_task(customer.ask_for_ever())
    await asyncio.sleep(USUAL)
    usual = customer.p95()
    harness.travel(timedelta(seconds=3660))
    began, done, rates = time.monotonic(), 0, []
    while done < number:
        mark, last = time.monotonic(), done
        await asyncio.sleep(5)
        done = fired() - told
        rates.append((done - last) / (time.monotonic() - mark))
    taken = time.monotonic() - began
    asking.cancel()
    assert await count(harness) - before == number, "each is done, and none twice"
    busy = customer.p95()
    full = rates[:-1] or rates
    print(
        f"{number} at once: {taken:.0f} s, {number / taken:.0f} a second; "
        f"slowest five seconds {min(full):.0f}, fastest {max(full):.0f} a second; "
        f"a customer's two requests {usual:.0f} ms before and {busy:.0f} ms meanwhile (95 %), "
        f"{busy / usual:.1f} times"
    )
    jobs = harness.scope().database.collection(JobStore.collection)
    broken = await jobs.find_one({"_id": BROKEN})
    assert broken is not None
    assert broken["due_at"] > utc_now(), "the one that cannot be read was put off"


async def measure(number: int = 10_000, seconds: int = 20) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker = Broker(folder / "broker", definitions=Path("/nonexistent"))
        with broker, Database(folder / "database") as database:
            urls = broker.amqp_url, database.mongo_url
            settings = {"file_secret": "f" * 32, "log_level": "CRITICAL"}
            async with Harness.running(create, Settings, *urls, folder, **settings) as harness:
                await steady(harness, seconds)
                await at_once(harness, number)


if __name__ == "__main__":
    asyncio.run(measure(*(int(each) for each in sys.argv[1:3])))
