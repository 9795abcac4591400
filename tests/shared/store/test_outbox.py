"""The relay: in order, confirmed, cleared, and found again when it was lost."""

from operator import methodcaller

from shared.contracts.base import REGISTRY
from shared.kernel.ids import new_id
from tests.shared.store.conftest import Bench, Box, BoxPainted, eventually


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
