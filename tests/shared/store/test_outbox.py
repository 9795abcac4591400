"""The relay: in order, confirmed, cleared, and found again when it was lost."""

import asyncio
import time
from datetime import datetime, timedelta
from operator import methodcaller
from statistics import median

import pytest
from pymongo.errors import OperationFailure

from shared.contracts.base import REGISTRY
from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id
from shared.outbox import Outbox, entries_for
from shared.scope import Scope
from shared.store.outboxes import Outboxes
from tests.shared.store.conftest import Bench, Box, BoxFacts, BoxPainted, BoxStore, eventually
from tests.tenants import VODAFONE


async def a_painted_box(bench: Bench, *colours: str) -> str:
    box = await bench.boxes.create(Box(id=new_id("box")), [])
    for colour in colours:
        await bench.boxes.update(box.id, methodcaller("paint", colour))
    return box.id


async def test_events_leave_in_order_and_the_outbox_is_cleared(bench: Bench):
    id = await a_painted_box(bench, "blue", "green", "black")
    await eventually(lambda: bench.empty(id))
    assert bench.wire.sequences(id) == [1, 2, 3]
    event = bench.wire.sent[-1]
    assert (event.tenant, event.source) == ("vodafone", "tests")
    assert event.routing_key == "tests.box_painted.v1"
    assert REGISTRY[event.routing_key] is BoxPainted


async def test_clearing_does_not_change_the_version(bench: Bench):
    id = await a_painted_box(bench, "blue")
    await eventually(lambda: bench.empty(id))
    assert (await bench.boxes.get(id)).version == 2


async def test_a_change_during_publishing_is_published_after_it(bench: Bench):
    bench.wire.delay = 0.05
    id = await a_painted_box(bench, *(f"shade{n}" for n in range(8)))
    await eventually(lambda: bench.empty(id))
    seen = bench.wire.sequences(id)
    assert sorted(set(seen)) == list(range(1, 9))
    firsts = [seen.index(sequence) for sequence in range(1, 9)]
    assert firsts == sorted(firsts)
    assert "outbox_since" not in await bench.raw(id)


async def test_what_could_not_be_published_is_swept_up_later(bench: Bench):
    bench.wire.up = False
    id = await a_painted_box(bench, "blue", "green")
    assert bench.wire.sequences(id) == []
    bench.wire.up = True
    await eventually(lambda: bench.empty(id))
    assert bench.wire.sequences(id) == [1, 2]


async def test_what_is_not_confirmed_holds_back_what_came_after_it(bench: Bench):
    bench.wire.up = False
    id = await a_painted_box(bench, "blue", "green", "black")
    other = await a_painted_box(bench, "blue")
    bench.wire.up, bench.wire.refused = True, {2}

    async def told_again() -> bool:
        return bench.wire.sequences(id).count(1) >= 2

    await eventually(told_again, 20)
    assert set(bench.wire.sequences(id)) == {1}
    assert await bench.empty(other), "one aggregate's trouble is its own"
    bench.wire.refused = set()
    await eventually(lambda: bench.empty(id))
    assert list(dict.fromkeys(bench.wire.sequences(id))) == [1, 2, 3]


@pytest.fixture
async def sweepless(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> BoxStore:
    """Boxes whose relay looks for overdue outboxes at its start and when it is asked to."""
    await bench.outbox.stop()
    monkeypatch.setattr("shared.outbox.SWEEP_EVERY", 3600.0)
    monkeypatch.setattr("shared.outbox.OVERDUE", timedelta(0))
    bench.outbox = bench.relay()
    bench.outbox.start(["boxes"])
    await asyncio.sleep(0.2)
    return bench.boxes


async def test_an_event_is_published_as_soon_as_it_is_written(bench: Bench, sweepless: BoxStore):
    box = await sweepless.create(Box(id=new_id("box")), [])
    waits: list[float] = []
    for number in range(1, 21):
        await sweepless.update(box.id, methodcaller("paint", f"shade{number}"))
        written = time.monotonic()
        while number not in bench.wire.sequences(box.id):
            assert time.monotonic() < written + 5, "nobody was woken"
            await asyncio.sleep(0.001)
        waits.append(time.monotonic() - written)
    assert median(waits) < 0.1


async def test_what_waited_for_the_broker_is_published_as_soon_as_it_is_back(
    bench: Bench, sweepless: BoxStore
):
    bench.wire.up = False
    box = await sweepless.create(Box(id=new_id("box")), [])
    await sweepless.update(box.id, methodcaller("paint", "blue"))
    await asyncio.sleep(0.3)
    bench.wire.up = True
    await asyncio.sleep(0.3)
    assert bench.wire.sequences(box.id) == [], "nobody has told the relay yet"
    bench.outbox.sweep_soon()
    await eventually(lambda: bench.empty(box.id))
    assert bench.wire.sequences(box.id) == [1]


async def test_a_long_backlog_is_worked_off_faster_than_a_batch_a_second(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("shared.outbox.SWEEP_BATCH", 20)
    await bench.outbox.stop()
    ids = [await a_painted_box(bench, "blue") for _ in range(200)]
    monkeypatch.setattr("shared.outbox.OVERDUE", timedelta(0))
    relay = bench.relay()
    relay.start(["boxes"])
    rows = Outboxes(bench.database, "boxes")

    async def worked_off() -> bool:
        return (await rows.backlog())[0] == 0

    await eventually(worked_off)
    await relay.stop()
    assert all(bench.wire.sequences(id) == [1] for id in ids)


async def test_another_process_publishes_what_a_dead_one_left(bench: Bench):
    await bench.outbox.stop()
    id = await a_painted_box(bench, "blue")
    assert bench.wire.sent == []
    relay = bench.relay()
    relay.start(["boxes"])
    await eventually(lambda: bench.empty(id))
    await relay.stop()
    assert bench.wire.sequences(id) == [1]


async def test_two_relays_at_once_lose_nothing(bench: Bench):
    other = bench.relay()
    other.start(["boxes"])
    ids = [await a_painted_box(bench, "blue", "green") for _ in range(10)]
    for id in ids:
        other.wake("boxes", id)
        await eventually(lambda id=id: bench.empty(id))
        assert set(bench.wire.sequences(id)) == {1, 2}
    await other.stop()


async def test_stopping_finishes_what_is_in_flight(bench: Bench):
    bench.wire.delay = 0.2
    id = await a_painted_box(bench, "blue")
    await bench.outbox.stop()
    assert bench.wire.sequences(id) == [1]
    assert await bench.empty(id)


class Stumbling(Outboxes):
    """Real rows of which the first clearing and the first look fail as no code foresaw."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.database, "boxes")
        self.falls = {"clear", "overdue"}

    async def clear(self, published: dict[str, int]) -> set[str]:
        self._fall("clear")
        return await super().clear(published)

    async def overdue(self, before: datetime, limit: int) -> list[tuple[str, datetime]]:
        self._fall("overdue")
        return await super().overdue(before, limit)

    def _fall(self, where: str) -> None:
        if where in self.falls:
            self.falls.remove(where)
            raise OperationFailure("not foreseen")


async def test_an_unforeseen_error_of_the_database_does_not_end_the_relay(bench: Bench):
    await bench.outbox.stop()
    rows = Stumbling(bench)
    relay = Outbox("tests", lambda _: rows, bench.wire.publish, lambda: True)
    relay.start(["boxes"])
    boxes = Scope(VODAFONE, utc_now(), bench.database, relay).store(BoxStore)
    box = await boxes.create(Box(id=new_id("box")), [BoxPainted(BoxFacts(colour="red"))])
    await eventually(lambda: bench.empty(box.id))
    await boxes.update(box.id, methodcaller("paint", "blue"))
    await eventually(lambda: bench.empty(box.id))
    await relay.stop()
    assert not rows.falls
    assert set(bench.wire.sequences(box.id)) == {1, 2}


async def test_an_outbox_that_was_left_empty_halfway_is_not_pending_for_ever(bench: Bench):
    box = await bench.boxes.create(Box(id=new_id("box")), [])
    left = {"outbox": [], "outbox_since": utc_now() - timedelta(minutes=5)}
    await bench.database.collection("boxes").update_one({"_id": box.id}, {"$set": left})

    async def forgotten() -> bool:
        return "outbox_since" not in await bench.raw(box.id)

    await eventually(forgotten)
    assert bench.wire.sequences(box.id) == []


async def test_a_broker_that_confirms_nothing_does_not_fill_the_memory(bench: Bench):
    bench.wire.delay = 0.5
    before = len(asyncio.all_tasks())
    painted = [BoxPainted(BoxFacts(colour="red"))]
    for _ in range(5_000):
        id = new_id("box")
        bench.outbox.hand_over("boxes", id, entries_for(id, "vodafone", 0, painted))
    assert len(asyncio.all_tasks()) - before < 2_000
    await bench.outbox.stop(0.1)
