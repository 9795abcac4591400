"""The store: one write, one tenant, one truth about repetition."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from shared.edge import NEVER, Edge, Replay
from shared.kernel.clock import utc_now
from shared.kernel.errors import Conflict, Invalid, NotFound, Precondition, Unavailable
from shared.kernel.ids import new_id
from shared.store import AlreadyExists, Database
from shared.store.aggregates import OUTBOX_LIMIT
from tests.shared.store.conftest import (
    Bench,
    Box,
    BoxFacts,
    BoxPainted,
    BoxStore,
    eventually,
)


def a_box(**fields: Any) -> Box:
    return Box(id=new_id("box"), **fields)


def an_edge(**fields: Any) -> Edge:
    values: dict[str, Any] = {
        "if_match": None,
        "require_match": False,
        "key": None,
        "body_hash": "h1",
        "at": utc_now(),
        "answer": lambda box: f'{{"colour":"{box.colour}"}}'.encode(),
        "status": 200,
    }
    return Edge(**(values | fields))


async def test_what_was_stored_comes_back_equal(bench: Bench):
    box = a_box(colour="blue", tags=["a", "b"], due_at=utc_now() + timedelta(days=1))
    await bench.boxes.create(box, [])
    assert await bench.boxes.get(box.id) == box
    assert box.version == 1


async def test_none_is_not_stored(bench: Bench):
    box = await bench.boxes.create(a_box(note="x"), [])
    await bench.boxes.update(box.id, lambda box: setattr(box, "note", None))
    assert "note" not in await bench.raw(box.id)
    assert (await bench.boxes.get(box.id)).note is None


async def test_another_tenants_aggregate_does_not_exist(bench: Bench):
    box = await bench.boxes.create(a_box(), [])
    assert await bench.foreign_boxes.find(box.id) is None
    with pytest.raises(NotFound):
        await bench.foreign_boxes.update(box.id, lambda box: box.paint("blue"))
    assert await bench.foreign_boxes.of_colour("red") == []
    assert (await bench.boxes.get(box.id)).colour == "red"


async def test_state_and_events_are_one_write(bench: Bench):
    bench.wire.up = False
    box = await bench.boxes.create(a_box(), [])
    await bench.boxes.update(box.id, lambda box: box.paint("blue"))
    document = await bench.raw(box.id)
    assert document["colour"] == "blue"
    assert [entry["sequence"] for entry in document["outbox"]] == [1]
    assert (document["version"], document["sequence"]) == (2, 1)


async def test_two_events_of_one_command_get_two_numbers(bench: Bench):
    painted = BoxPainted(BoxFacts(colour="x"))
    box = await bench.boxes.create(a_box(), [painted, painted])
    await eventually(lambda: bench.empty(box.id))
    assert bench.wire.sequences(box.id) == [1, 2]
    assert len({event.id for event in bench.wire.sent}) == 2


async def test_a_refused_decision_writes_nothing(bench: Bench):
    box = await bench.boxes.create(a_box(), [])
    before = await bench.raw(box.id)
    with pytest.raises(Conflict):
        await bench.boxes.update(box.id, lambda box: box.paint("forbidden"))
    assert await bench.raw(box.id) == before


async def test_a_decision_without_effect_writes_nothing(bench: Bench):
    box = await bench.boxes.create(a_box(), [])
    before = await bench.raw(box.id)
    assert (await bench.boxes.update(box.id, lambda box: None)).version == 1
    assert await bench.raw(box.id) == before


async def test_simultaneous_decisions_all_count(bench: Bench):
    box = await bench.boxes.create(a_box(), [])

    def tag(name: str) -> Any:
        return bench.boxes.update(box.id, lambda box: box.tags.append(name))

    outcomes = await asyncio.gather(*(tag(str(n)) for n in range(4)), return_exceptions=True)
    stored = await bench.boxes.get(box.id)
    assert outcomes.count(None) == 0
    done = [outcome for outcome in outcomes if isinstance(outcome, Box)]
    assert len(stored.tags) == len(done) >= 2
    assert stored.version == 1 + len(done)


async def test_an_id_is_taken_once(bench: Bench):
    box = await bench.boxes.create(a_box(), [])
    with pytest.raises(AlreadyExists):
        await bench.boxes.create(Box(id=box.id), [])
    assert await bench.boxes.ensure(Box(id=box.id), []) is False


async def test_a_stale_version_is_refused_and_a_missing_one_where_it_is_needed(bench: Bench):
    box = await bench.boxes.create(a_box(), [])
    for edge, code in (
        (an_edge(if_match=7), "version_mismatch"),
        (an_edge(if_match=NEVER), "version_mismatch"),
        (an_edge(require_match=True), "precondition_required"),
    ):
        with pytest.raises(Precondition) as refusal:
            await BoxStore.open(bench.scope(), edge).update(box.id, lambda box: box.paint("x"))
        assert refusal.value.reason == code
    right = BoxStore.open(bench.scope(), an_edge(if_match=1, require_match=True))
    assert (await right.update(box.id, lambda box: box.paint("blue"))).version == 2


async def test_a_repeated_change_gets_the_first_answer_again(bench: Bench):
    box = await bench.boxes.create(a_box(), [])

    def store() -> BoxStore:
        return BoxStore.open(bench.scope(), an_edge(key="k1"))

    await store().update(box.id, lambda box: box.paint("blue"))
    await bench.boxes.update(box.id, lambda box: box.paint("green"))
    with pytest.raises(Replay) as replay:
        await store().update(box.id, lambda box: box.paint("blue"))
    assert replay.value.body == b'{"colour":"blue"}'
    assert replay.value.etag == 2
    assert (await bench.boxes.get(box.id)).colour == "green"


async def test_a_key_with_another_body_is_refused(bench: Bench):
    box = await bench.boxes.create(a_box(), [])
    await BoxStore.open(bench.scope(), an_edge(key="k1")).update(
        box.id, lambda box: box.paint("blue")
    )
    with pytest.raises(Invalid) as refusal:
        await BoxStore.open(bench.scope(), an_edge(key="k1", body_hash="h2")).update(
            box.id, lambda box: box.paint("blue")
        )
    assert refusal.value.reason == "idempotency_key_reused"


async def test_a_repeated_creation_gets_the_first_answer_again(bench: Bench):
    box = a_box(colour="blue")
    await BoxStore.open(bench.scope(), an_edge(key="k1", status=201)).create(box, [])
    with pytest.raises(Replay) as replay:
        await BoxStore.open(bench.scope(), an_edge(key="k1", status=201)).create(
            Box(id=box.id, colour="blue"), []
        )
    assert (replay.value.status, replay.value.body) == (201, b'{"colour":"blue"}')


async def test_answers_are_forgotten_after_a_day(bench: Bench):
    box = await bench.boxes.create(a_box(), [])
    old = an_edge(key="old", at=utc_now() - timedelta(hours=25))
    await BoxStore.open(bench.scope(), old).update(box.id, lambda box: box.paint("blue"))
    await BoxStore.open(bench.scope(), an_edge(key="new")).update(
        box.id, lambda box: box.paint("green")
    )
    assert [item["k"] for item in (await bench.raw(box.id))["memory"]] == ["new"]


async def test_a_full_outbox_refuses_further_events(bench: Bench):
    bench.wire.up = False
    box = await bench.boxes.create(a_box(), [])
    painted = BoxPainted(BoxFacts(colour="x"))
    await bench.boxes.update(box.id, lambda box: [painted] * OUTBOX_LIMIT)
    with pytest.raises(Unavailable) as refusal:
        await bench.boxes.update(box.id, lambda box: box.paint("blue"))
    assert (refusal.value.reason, refusal.value.retry_after) == ("outbox_full", 5)
    assert (await bench.boxes.get(box.id)).colour == "red"
    bench.wire.up = True
    await eventually(lambda: bench.empty(box.id))
    assert (await bench.boxes.update(box.id, lambda box: box.paint("blue"))).colour == "blue"
    await eventually(lambda: bench.empty(box.id))
    assert bench.wire.sequences(box.id) == list(range(1, OUTBOX_LIMIT + 2))


async def test_a_database_that_is_away_is_unavailable_and_soon():
    database = Database("mongodb://127.0.0.1:1", "nothing")
    began = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable) as refusal:
        await BoxStore(database, "vodafone", None).get("box_1")
    assert refusal.value.reason == "database_unavailable"
    assert asyncio.get_running_loop().time() - began < 5
    assert await database.ping() is False
    database.close()
