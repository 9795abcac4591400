"""What a process keeps in memory of its replicas is read again as it is used, and only then."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
import structlog

from shared.kernel.errors import Unavailable
from shared.replicas import Tenants
from tests.shared.store.conftest import Bench

EVERY, READING = 1.0, 0.05


class Slow(Tenants):
    """Counts its readings, which take a moment; error is what the next ones end with."""

    every = EVERY

    def __init__(self) -> None:
        there: Any = SimpleNamespace(lost=False, collection=lambda _: None)
        super().__init__(there, "")
        self.there = there
        self.begun = self.done = 0
        self.pause = READING
        self.error: Exception | None = None

    async def refresh(self) -> None:
        self.begun += 1
        await asyncio.sleep(self.pause)
        if self.error is not None:
            raise self.error
        self.done += 1


async def test_many_who_come_at_once_wait_for_one_reading():
    memory = Slow()
    await asyncio.gather(*(memory.fresh() for _ in range(20)))
    assert (memory.begun, memory.done) == (1, 1)


async def test_at_rest_nothing_is_read_and_the_first_who_comes_then_waits():
    memory = Slow()
    await memory.fresh()
    await asyncio.sleep(1.5 * EVERY)
    assert memory.begun == 1
    await memory.fresh()
    assert memory.done == 2


async def test_while_it_is_used_it_is_read_ahead_and_nobody_waits():
    memory = Slow()
    await memory.fresh()
    ends = time.monotonic() + 2 * EVERY
    while time.monotonic() < ends:
        with pytest.raises(StopIteration):
            memory.fresh().send(None)
        await asyncio.sleep(0.01)
    assert 3 <= memory.done <= 5


async def test_while_the_database_is_lost_the_last_known_goes_on_at_once():
    memory = Slow()
    memory.there.lost = True
    began = time.monotonic()
    await memory.fresh()
    assert time.monotonic() - began < READING
    await asyncio.sleep(2 * READING)
    assert memory.done == 1


async def test_a_database_that_does_not_answer_is_asked_again_later_and_harms_nobody():
    memory = Slow()
    memory.error = Unavailable("the database does not answer")
    await memory.fresh()
    await memory.fresh()
    assert memory.begun == 1
    await asyncio.sleep(EVERY)
    memory.error = None
    await memory.fresh()
    assert (memory.begun, memory.done) == (2, 1)


async def test_a_database_that_hangs_holds_nobody_for_long():
    memory = Slow()
    memory.pause = 10 * EVERY
    began = time.monotonic()
    await memory.fresh()
    assert EVERY <= time.monotonic() - began < 2 * EVERY
    await memory.stop()
    assert (memory.begun, memory.done) == (1, 0)


async def test_a_defect_ends_nothing_and_is_seen():
    memory = Slow()
    memory.error = KeyError("slug")
    with structlog.testing.capture_logs() as said:
        await memory.fresh()
    assert [(line["event"], line["log_level"]) for line in said] == [
        ("replica.unreadable", "error")
    ]
    await asyncio.sleep(EVERY)
    memory.error = None
    await memory.fresh()
    assert memory.done == 1


async def test_whoever_comes_while_what_is_too_old_is_read_waits_as_well():
    memory = Slow()
    first = asyncio.create_task(memory.fresh())
    await asyncio.sleep(READING / 2)
    await memory.fresh()
    assert memory.done == 1
    await first


async def test_one_who_gives_up_takes_nothing_from_the_others():
    memory = Slow()
    first, other = (asyncio.create_task(memory.fresh()) for _ in range(2))
    await asyncio.sleep(READING / 2)
    first.cancel()
    await other
    assert (memory.begun, memory.done) == (1, 1)


async def test_the_first_who_asks_reads_the_replica(bench: Bench):
    tenants = Tenants(bench.database, "platform.localhost")
    assert not tenants.loaded
    await tenants.fresh()
    assert tenants.loaded
    await tenants.stop()
