"""The event hop: from the commit in one service to its application in another."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.kernel.ids import new_id
from tests.bench.floors import hop as byhand
from tests.bench.ground import Ground, Worker, until
from tests.bench.measure import Round, Row, WrongResultError, check_once, percentile, watched
from tests.bench.trial import SHIPPED, SOURCE, TARGET, a_parcel

BURST, AT_ONCE = 240, 64
"""Units of a round that measures throughput, and how many are begun side by side."""

CALM, RATE = 80, 60.0
"""Units of a round that measures latency, and how many a second."""

SETTLE = 30.0


@dataclass
class Pair:
    """Two processes, the source's state and the target's rows."""

    source: Worker
    target: Worker
    parcels: Any
    rows: Any

    @property
    def pids(self) -> dict[str, int]:
        return {"source": self.source.pid, "target": self.target.pid}


def pairs(ground: Ground) -> dict[str, Pair]:
    """Ours and the floor's, ready."""
    for name in (SOURCE, TARGET):
        asyncio.run(ground.know_tenants(name))
    mongo, hand = ground.mongo, ground.mongo[byhand.DATABASE]
    ours = Pair(
        ground.worker("ours-source", "tests.bench.trial", "source"),
        ground.worker("ours-target", "tests.bench.trial", "target", role="worker"),
        mongo[SOURCE]["parcels"],
        mongo[TARGET]["rows"],
    )
    floor = Pair(
        ground.worker("hand-source", "tests.bench.floors.hop", "source"),
        ground.worker("hand-target", "tests.bench.floors.hop", "target"),
        hand["parcels"],
        hand["rows"],
    )
    for pair in (ours, floor):
        pair.source.ready()
        pair.target.ready()
    return {"helphood": ours, "by hand": floor}


def rows() -> tuple[Row, Row]:
    burst = Row(
        "event hop: commit to applied in another service, throughput",
        "by hand",
        "helphood",
        goal=0.7,
    )
    calm = Row(
        f"event hop at {RATE:.0f} a second, latency", "by hand", "helphood", latency_goal=1.5
    )
    return burst, calm


def measure(
    ground: Ground, sides: dict[str, Pair], rounds: int, step: Callable[[], None]
) -> Iterator[Row]:
    burst, calm = rows()
    for pair in sides.values():
        shipped(ground, pair, BURST // 4, at_once=AT_ONCE)
    for number in range(rounds):
        for name in alternated(sides, number):
            burst.add(name, shipped(ground, sides[name], BURST, at_once=AT_ONCE))
            calm.add(name, shipped(ground, sides[name], CALM, rate=RATE))
            step()
    yield burst
    yield calm


def alternated(sides: dict[str, Any], number: int) -> list[str]:
    """Each round begins with another side."""
    names = list(sides)
    first = number % len(names)
    return names[first:] + names[:first]


def shipped(ground: Ground, pair: Pair, count: int, **pace: float) -> Round:
    """One round on fresh parcels; every row must say in the end what its parcel says."""
    units = [new_id("parcel") for _ in range(count)]
    pair.parcels.insert_many([a_parcel(id) | {"version": 1} for id in units])
    pair.rows.insert_many([a_parcel(id) for id in units])
    pair.target.forget()
    with watched(pair.pids | ground.pids) as spent:
        done = pair.source.ask(work="ship", units=units, **pace)
        pair.target.applied_at_least(count, SETTLE)
    until(lambda: not pair.parcels.find_one(_TO_BE_RELAYED), "relaying", SETTLE)
    applied = pair.target.applied()
    check_once(units, applied)
    _check_state(pair, units)
    return taken(done, applied, spent.per_unit(count), spent.memory)


_TO_BE_RELAYED = {"outbox_since": {"$gt": datetime(1970, 1, 1, tzinfo=UTC)}}


def taken(
    done: Any, applied: dict[str, list[int]], cpu: dict[str, float], memory: dict[str, float]
) -> Round:
    """From the first commit's beginning to the last application; latency from each commit."""
    commits: dict[str, int] = done["commits"]
    first = {unit: min(times) for unit, times in applied.items()}
    latencies = [(first[unit] - commits[unit]) / 1e6 for unit in commits]
    seconds = (max(first.values()) - done["began"]) / 1e9
    return Round(
        len(commits), seconds, percentile(latencies, 50), percentile(latencies, 95), cpu, memory
    )


def _check_state(pair: Pair, units: list[str]) -> None:
    found = pair.rows.find({"_id": {"$in": units}})
    told = {row["_id"] for row in found if row["status"] == SHIPPED and row["sequence"] == 2}
    check_once(units, told)
    wrong = pair.parcels.count_documents({"_id": {"$in": units}, "sequence": {"$ne": 2}})
    if wrong:
        raise WrongResultError(f"{wrong} parcels were not changed once")
