"""A message that kills its worker and one that always fails: nobody else waits for them."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest

from tests.pressure.apps import FAILS, KILLS
from tests.pressure.gauges import percentile
from tests.pressure.load import Load
from tests.pressure.truth import Parked
from tests.pressure.world import World

pytestmark = pytest.mark.timeout(600)

INNOCENTS = 200
AT_ONCE = 16
LAG = 2.0
"""Seconds from an innocent's change to its application: the goal that the table names."""


@dataclass
class Told:
    """What the handler reported: lag of the first application by job, attempts by word and job."""

    lag: dict[str, float] = field(default_factory=dict)
    attempts: Counter[tuple[str, str]] = field(default_factory=Counter)


def told(world: World) -> Told:
    found = Told()
    for line in world.report.read_text().splitlines():
        _, word, job, lag = line.split()
        found.attempts[word, job] += 1
        if word == "applied":
            found.lag.setdefault(job, float(lag))
    return found


async def burst(world: World, *titles: str) -> tuple[list[str], dict[str, str]]:
    """200 jobs as fast as they are taken, with these among the first: innocents, and by title."""
    load, customers = Load(world.stack.address(), [], world.ledger), await world.customers()
    slots = asyncio.Semaphore(AT_ONCE)
    innocents: list[str] = []
    poison: dict[str, str] = {}

    async def ask(number: int, title: str = "") -> None:
        async with slots:
            job = await load.ask(customers[number % len(customers)], title or "WLAN")
        assert job is not None, load.samples[-1]
        if title:
            poison[title] = job
        else:
            innocents.append(job)

    asking = [ask(number) for number in range(INNOCENTS)]
    asking[20:20] = [ask(0, title) for title in titles]
    await asyncio.gather(*asking)
    await load.close()
    return innocents, poison


async def lags(world: World, jobs: list[str]) -> list[float]:
    """Of each of them, once all are applied."""
    end = time.monotonic() + 120
    while True:
        known = told(world).lag
        found = [known[job] for job in jobs if job in known]
        if len(found) == len(jobs):
            return found
        assert time.monotonic() < end, f"{len(found)} of {len(jobs)} applied"
        await asyncio.sleep(0.2)


async def until_parked(world: World, job: str) -> Parked:
    """What reviews keeps of it as parked."""
    end = time.monotonic() + 120
    while True:
        parked = (await world.truth.parked()).get("reviews", [])
        if found := [each for each in parked if each.subject == job]:
            assert len(found) == 1
            return found[0]
        assert time.monotonic() < end, f"{job} is not parked"
        await asyncio.sleep(0.3)


def tell(world: World, name: str, what: str, found: list[float]) -> None:
    seconds = ", ".join(f"{percentile(found, percent):.2f}" for percent in (50, 95, 100))
    world.table.add(name, what, f"{len(found)} of {INNOCENTS}", f"{INNOCENTS}")
    world.table.add(name, "their lag, p50, p95, p100 (s)", seconds, f"< {LAG:.0f}")


async def beside_poison(world: World, name: str, *titles: str) -> dict[str, str]:
    """Two bursts, without poison and with it. Poison by title.

    However slow the machine is: all innocents are served before the killer has been dealt with.
    """
    innocents, _ = await burst(world)
    before = await lags(world, innocents)
    tell(world, name, "applied without poison", before)
    began = time.time()
    innocents, poison = await burst(world, *titles)
    world.truth.excused |= set(poison.values())
    found = await lags(world, innocents)
    tell(world, name, "applied beside poison", found)
    killer = await until_parked(world, poison[KILLS])
    assert killer.reason == "kills_worker"
    world.table.add(name, "killer parked after (s)", f"{killer.since - began:.1f}")
    deaths = told(world).attempts["killed", poison[KILLS]]
    world.table.add(name, "deaths of a process", str(deaths), "5")
    assert max(found) < killer.since - began
    return poison


async def test_poison_holds_up_nobody_else(world: World) -> None:
    keeper, spare = world.stack.keeper, "reviews-worker-2"
    await asyncio.to_thread(keeper.stop, spare)
    try:
        first = await beside_poison(world, "poison, 1 worker", FAILS, KILLS)
    finally:
        await asyncio.to_thread(keeper.start, spare)
    await world.consuming()
    await beside_poison(world, "poison, 2 workers", KILLS)
    assert (await until_parked(world, first[FAILS])).reason == "retries_exhausted"
    rounds = told(world).attempts["failed", first[FAILS]]
    world.table.add("poison, 1 worker", "attempts at the failing one", str(rounds), "6")
    await world.consuming()
    await world.truth.settled(60)
    parked = [each.subject for each in (await world.truth.parked())["reviews"]]
    assert sorted(parked) == sorted(world.truth.excused)
    assert not await world.truth.missing(world.ledger)
