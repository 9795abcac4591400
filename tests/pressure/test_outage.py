"""The database is away: quick refusals, consumers that wait, and afterwards nothing is missing."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from tests.pressure.gauges import percentile
from tests.pressure.load import Load, Sample
from tests.pressure.world import LONG, SECONDS, World

pytestmark = pytest.mark.timeout(600)

BACKLOG = 2.0
"""Seconds for which workers are held back first, so that they have something in hand."""

QUICK_MS = 1000
"""Half of the refusals take no longer; the first ones wait for the driver's own limits."""

PROBLEM = "application/problem+json"

Trouble = Callable[[World], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def killed(world: World) -> AsyncIterator[None]:
    """A crash, and nobody starts it again: it is stopped for the keeper before it can hear of it.

    Frozen, it cannot act on the keeper's SIGTERM, so SIGKILL is what ends it.
    """
    keeper, database = world.stack.keeper, world.stack.database()
    pid = world.pids(["database"])["database"]
    os.kill(pid, signal.SIGSTOP)
    stopping = asyncio.create_task(asyncio.to_thread(keeper.stop, "database"))
    await asyncio.sleep(0.2)
    os.kill(pid, signal.SIGKILL)
    await stopping
    try:
        yield
    finally:
        await asyncio.to_thread(keeper.start, "database")
        while not await asyncio.to_thread(database.ready):
            await asyncio.sleep(0.1)


@asynccontextmanager
async def frozen(world: World) -> AsyncIterator[None]:
    """It neither answers nor goes away."""
    world.signal(signal.SIGSTOP, "database")
    try:
        yield
    finally:
        world.signal(signal.SIGCONT, "database")


def tell_refusals(world: World, name: str, refused: list[Sample]) -> None:
    times = [sample.milliseconds / 1000 for sample in refused]
    kinds = Counter((sample.status, sample.code) for sample in refused)
    told = ", ".join(f"{count} x {status} {code}" for (status, code), count in kinds.items())
    quick = ", ".join(f"{percentile(times, percent):.1f}" for percent in (50, 95, 100))
    world.table.add(name, "refused", told, "503 problem+json")
    world.table.add(name, "seconds to a refusal, p50, p95, p100", quick)


def back_after(load: Load, moment: float) -> float:
    """Seconds from the end of the trouble to the first answer that is no refusal."""
    return min(
        sample.began + sample.milliseconds / 1000 - moment
        for sample in load.since(moment - 30)
        if sample.status < 300 and sample.began + sample.milliseconds / 1000 > moment
    )


# What hangs is noticed after seconds: a short trial would be over before.
TROUBLES = {"killed": killed, **({"frozen": frozen} if LONG else {})}


@pytest.mark.parametrize(("name", "trouble"), TROUBLES.items(), ids=TROUBLES)
async def test_an_outage_of_the_database_loses_and_parks_nothing(
    world: World, name: str, trouble: Trouble
) -> None:
    name = f"database {name}"
    parked, retried = await world.truth.parked(), world.counted("events_retried_total")
    pids = world.pids()
    async with world.load() as load:
        await asyncio.sleep(world.calm)
        world.signal(signal.SIGSTOP, *world.workers)
        await asyncio.sleep(BACKLOG)
        in_hand = sum((await world.truth.queued()).values())
        async with trouble(world):
            began = time.monotonic()
            world.signal(signal.SIGCONT, *world.workers)
            await asyncio.sleep(SECONDS)
            ended = time.monotonic()
        up = time.monotonic()
        await asyncio.sleep(3)
    seconds = await world.truth.settled(120)
    refused = [sample for sample in load.since(began, up) if sample.status >= 300]
    tell_refusals(world, name, refused)
    table = world.table
    table.add(name, "events that waited for consumers", str(in_hand))
    table.add(name, "commands succeed again after (s)", f"{back_after(load, up):.1f}")
    table.add(name, "everything applied after calm (s)", f"{seconds:.1f}")
    missing = await world.truth.missing(world.ledger)
    table.add(name, "acknowledged and missing", f"{len(missing)} of {world.ledger.count}", "0")
    rounds = world.counted("events_retried_total") - retried
    table.add(name, "retry rounds used up", f"{rounds:.0f}", "0")
    assert percentile((sample.milliseconds for sample in refused), 50) < QUICK_MS
    assert not missing, missing[:5]
    assert rounds == 0
    assert await world.truth.parked() == parked
    assert world.pids() == pids, "a process ended"
    assert all(sample.media_type == PROBLEM for sample in refused), refused[:5]
    assert not [sample for sample in load.since(began + 0.5, ended - 9) if sample.status < 300]
