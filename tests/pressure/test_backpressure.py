"""Events cannot leave, or nobody takes them: commands go on, memory stays, all is made up for."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.pressure.gauges import most, resident_mib, watched
from tests.pressure.load import Load, latency, within
from tests.pressure.world import SECONDS, World

pytestmark = pytest.mark.timeout(600)

GROWTH_MIB = 40
"""Resident memory that a process may gain in a minute of trouble."""

SLOWER = 2.5
"""How much longer half of the commands may take than just before; five times as long would be
publishing that is waited for. What the machine does to requests that need no broker is taken out.
"""

_HANDLE = 3.0
"""Seconds it takes to cause the trouble; they count for neither side."""


@asynccontextmanager
async def alarm(world: World) -> AsyncIterator[None]:
    """The broker takes nothing from publishers, as if its memory were used up."""
    control = world.stack.broker().control
    watermark = "set_vm_memory_high_watermark"
    await asyncio.to_thread(control, watermark, "0.0000001")
    try:
        yield
    finally:
        await asyncio.to_thread(control, watermark, "absolute", "1GB")


@asynccontextmanager
async def frozen_workers(world: World) -> AsyncIterator[None]:
    """Nobody consumes; from the broker's side the workers neither answer nor go away."""
    world.signal(signal.SIGSTOP, *world.workers)
    try:
        yield
    finally:
        world.signal(signal.SIGCONT, *world.workers)


async def in_trouble(world: World, load: Load, name: str, seconds: float) -> None:
    """The trouble lasts; latency and memory are compared with the calm just before it."""
    began = time.monotonic()
    async with watched(world.pids()) as memory:
        await asyncio.sleep(seconds)
    ended = time.monotonic()
    calm, during = (began - world.calm - _HANDLE, began - _HANDLE), (began, ended)
    commands = load.since(*during)
    refused = [sample for sample in commands if not 200 <= sample.status < 300]
    table = world.table
    table.add(name, "commands during it", str(len(commands)), "all succeed")
    table.add(name, "refused", str(len(refused)), "0")
    ratio = {}
    for percent in (50, 95):
        before, after = (latency(load.since(*time), percent) for time in (calm, during))
        idle, busy = (latency(within(load.control, *time), percent) for time in (calm, during))
        ratio[percent] = after / before / max(1.0, busy / idle)
        table.add(name, f"p{percent} latency before, during (ms)", f"{before:.0f}, {after:.0f}")
        table.add(name, f"p{percent} without a broker (ms)", f"{idle:.0f}, {busy:.0f}")
        promise = f"< {SLOWER}" if percent == 50 else ""
        table.add(name, f"p{percent} ratio, machine's part out", f"{ratio[percent]:.2f}", promise)
    table.add(name, "most memory gained (MiB)", most(memory.growth), f"< {GROWTH_MIB}")
    table.add(name, "of it in the second half (MiB)", most(memory.late_growth))
    assert not refused, refused[:5]
    assert max(memory.growth.values()) < GROWTH_MIB, memory.growth
    assert ratio[50] < SLOWER


async def calm_again(world: World, name: str, backlog: str) -> None:
    seconds = await world.truth.settled(120)
    world.table.add(name, "backlog when it ended", backlog)
    world.table.add(name, "everything applied after it (s)", f"{seconds:.1f}")
    assert not await world.truth.missing(world.ledger)


async def test_commands_go_on_while_the_broker_takes_nothing(world: World) -> None:
    name = "broker under memory alarm"
    parked = await world.truth.parked()
    async with world.load() as load:
        await asyncio.sleep(world.calm + 1)
        async with alarm(world):
            await in_trouble(world, load, name, SECONDS)
            backlog = await world.truth.unpublished()
    await calm_again(world, name, f"{backlog} unpublished")
    assert backlog > SECONDS
    assert await world.truth.parked() == parked


async def test_commands_go_on_while_nobody_consumes(world: World) -> None:
    name = "all workers frozen"
    parked = await world.truth.parked()
    broker = world.pids(["broker"])["broker"]
    async with world.load() as load:
        await asyncio.sleep(world.calm + _HANDLE)
        before = resident_mib(broker)
        async with frozen_workers(world):
            await in_trouble(world, load, name, SECONDS)
            backlog = sum((await world.truth.queued()).values())
            grown = resident_mib(broker) - before
    await calm_again(world, name, f"{backlog} in queues")
    world.table.add(name, "broker's memory gained (MiB)", f"{grown:.1f}")
    assert backlog > SECONDS
    assert await world.truth.parked() == parked
