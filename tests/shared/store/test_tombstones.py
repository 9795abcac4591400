"""The end of aggregates and rows: what is gone stays gone, whatever comes late."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from datetime import timedelta
from operator import methodcaller
from typing import Any

import pytest

from shared.contracts.base import Delivered, Event
from shared.contracts.identity import ERASED, AccountErased, AccountSnapshot, AccountSuspended
from shared.edge import Edge
from shared.http import Actor
from shared.kernel.clock import utc_now
from shared.kernel.errors import Conflict, NotFound, Precondition, Unavailable
from shared.kernel.ids import new_id
from shared.rabbit import read
from shared.rabbit.envelope import to_message
from shared.replicas import TOKEN_LIFE, People, Revocations
from shared.republish import republish
from shared.store import AlreadyExists, Buried
from shared.store.aggregates import OUTBOX_LIMIT
from shared.timers import Ticker
from tests.shared.store.conftest import (
    ASHES,
    Bench,
    Box,
    BoxBurnt,
    BoxEvent,
    BoxFacts,
    BoxPainted,
    BoxSnapshot,
    BoxStore,
    Row,
    Rows,
    eventually,
)
from tests.shared.store.test_background import an_account
from tests.tenants import SWISSCOM


async def a_burnt_box(bench: Bench, **fields: Any) -> str:
    box = await bench.boxes.create(Box(id=new_id("box"), **fields), [])
    await bench.boxes.update(box.id, lambda box: box.paint("blue"))
    await bench.boxes.bury(box.id, Box.burn)
    return box.id


def telling(events: Sequence[BoxEvent]) -> Callable[[Box], Sequence[BoxEvent]]:
    return lambda _: events


def an_edge(**fields: Any) -> Edge:
    values: dict[str, Any] = {
        "if_match": None,
        "require_match": False,
        "key": None,
        "body_hash": "h",
        "at": utc_now(),
        "answer": lambda box: box.colour.encode(),
        "status": 200,
    }
    return Edge(**(values | fields))


# Aggregates ---------------------------------------------------------------------------------


async def test_nothing_of_the_state_remains_and_the_end_is_told_by_the_same_write(bench: Bench):
    bench.wire.up = False
    keyed = BoxStore.open(bench.scope(), an_edge(key="k1"))
    box = Box(id=new_id("box"), note="secret", tags=["a"], due_at=utc_now())
    await keyed.create(box, [BoxPainted(BoxFacts(colour="red"))])
    await bench.boxes.bury(box.id, Box.burn)
    left = await bench.raw(box.id)
    pending = left.pop("outbox")
    assert [(entry["sequence"], entry["key"]) for entry in pending] == [
        (1, BoxPainted.routing_key),
        (2, BoxBurnt.routing_key),
    ]
    assert left.pop("outbox_since") <= left["deleted"]
    assert left == {
        "_id": box.id,
        "tenant": "vodafone",
        "version": 2,
        "sequence": 2,
        "deleted": pending[-1]["time"],
    }


async def test_what_is_buried_is_not_there(bench: Bench):
    id = await a_burnt_box(bench)
    assert await bench.boxes.find(id) is None
    assert await bench.boxes.of_colour("blue") == []
    calls = (
        bench.boxes.get(id),
        bench.boxes.update(id, lambda box: box.paint("green")),
        bench.boxes.bury(id, Box.burn),
    )
    for call in calls:
        with pytest.raises(Buried) as refusal:
            await call
        assert refusal.value.reason == NotFound.code, "a caller cannot tell it from never"
    assert (await bench.raw(id))["version"] == 3


async def test_an_id_is_not_given_again(bench: Bench):
    id = await a_burnt_box(bench)
    before = await bench.raw(id)
    with pytest.raises(AlreadyExists):
        await bench.boxes.create(Box(id=id), [BoxPainted(BoxFacts(colour="red"))])
    assert await bench.boxes.ensure(Box(id=id), []) is False
    with pytest.raises(AlreadyExists):
        await BoxStore.open(bench.scope(), an_edge(key="k1")).create(Box(id=id), [])
    after = await bench.raw(id)
    assert {**before, "outbox": 0, "outbox_since": 0} == {**after, "outbox": 0, "outbox_since": 0}


async def test_another_tenant_cannot_bury(bench: Bench):
    box = await bench.boxes.create(Box(id=new_id("box")), [])
    with pytest.raises(NotFound):
        await bench.foreign_boxes.bury(box.id, Box.burn)
    assert (await bench.boxes.get(box.id)).colour == "red"


async def test_an_end_that_is_refused_changes_nothing(bench: Bench):
    box = await bench.boxes.create(Box(id=new_id("box"), colour="forbidden"), [])
    before = await bench.raw(box.id)
    with pytest.raises(Conflict):
        await bench.boxes.bury(box.id, Box.burn)
    with pytest.raises(Precondition):
        await BoxStore.open(bench.scope(), an_edge(if_match=7)).bury(box.id, Box.burn)
    for events in ([], [BoxBurnt(BoxFacts(colour="still red"))]):
        with pytest.raises(ValueError, match="what remains"):
            await bench.boxes.bury(box.id, telling(events))
    assert await bench.raw(box.id) == before


async def test_an_end_waits_for_room_in_the_outbox(bench: Bench):
    bench.wire.up = False
    box = await bench.boxes.create(Box(id=new_id("box")), [])
    painted = BoxPainted(BoxFacts(colour="x"))
    await bench.boxes.update(box.id, lambda _: [painted] * OUTBOX_LIMIT)
    with pytest.raises(Unavailable):
        await bench.boxes.bury(box.id, Box.burn)
    bench.wire.up = True
    await eventually(lambda: bench.empty(box.id))
    await bench.boxes.bury(box.id, Box.burn)
    assert await bench.boxes.find(box.id) is None


async def test_a_change_and_an_end_at_once_are_one_after_the_other(bench: Bench):
    box = await bench.boxes.create(Box(id=new_id("box")), [])
    outcomes = await asyncio.gather(
        *(bench.boxes.update(box.id, methodcaller("paint", f"shade{n}")) for n in range(3)),
        bench.boxes.bury(box.id, Box.burn),
        return_exceptions=True,
    )
    assert all(isinstance(each, Box | Buried | None) for each in outcomes)
    await eventually(lambda: bench.empty(box.id))
    last = max(bench.wire.sent, key=lambda event: event.sequence)
    assert last.routing_key == BoxBurnt.routing_key
    left = await bench.raw(box.id)
    assert set(bench.wire.sequences(box.id)) == set(range(1, left["sequence"] + 1))
    assert "colour" not in left


async def test_the_end_is_published_in_order_and_its_outbox_cleared(bench: Bench):
    bench.wire.delay = 0.05
    id = await a_burnt_box(bench)
    await eventually(lambda: bench.empty(id))
    assert list(dict.fromkeys(bench.wire.sequences(id))) == [1, 2]
    assert "outbox_since" not in await bench.raw(id)


async def test_an_end_that_was_not_published_is_swept_up(bench: Bench):
    bench.wire.up = False
    id = await a_burnt_box(bench)
    bench.wire.up = True
    await eventually(lambda: bench.empty(id))
    assert bench.wire.sequences(id) == [1, 2]


async def test_nothing_falls_due_after_the_end(bench: Bench):
    id = await a_burnt_box(bench, due_at=utc_now() - timedelta(hours=1))
    before = await bench.raw(id)
    ticker = Ticker(bench.database, [BoxStore], bench.scope_of, utc_now)
    await ticker.work_off(BoxStore)
    assert (await bench.raw(id))["version"] == before["version"]


# Rows ---------------------------------------------------------------------------------------


def told(id: str, sequence: int, event: BoxEvent | None = None) -> Delivered[Any]:
    event = event or BoxPainted(BoxFacts(colour=str(sequence)))
    time = utc_now() - timedelta(hours=1)
    return Delivered(new_id("evt"), "vodafone", id, sequence, time, event)


async def apply(rows: Rows, delivered: Delivered[Any]) -> bool:
    if delivered.event.facts == ASHES:
        return await rows.bury(delivered.subject, delivered)
    row = Row(id=delivered.subject, colour=delivered.event.facts.colour, note="secret")
    return await rows.put(row, delivered)


async def in_the_rows(bench: Bench, id: str) -> dict[str, Any]:
    found: dict[str, Any] = await bench.database.collection("rows").find_one({"_id": id})
    return found


@pytest.mark.parametrize("order", list(itertools.permutations([1, 2, 3])))
async def test_a_late_event_cannot_bring_a_row_back(bench: Bench, order: tuple[int, ...]):
    rows, id = bench.scope().store(Rows), new_id("box")
    events = {1: told(id, 1), 2: told(id, 2), 3: told(id, 3, BoxBurnt(ASHES))}
    for sequence in order:
        await apply(rows, events[sequence])
    assert await rows.find(id) is None
    with pytest.raises(Buried):
        await rows.get(id)
    assert await in_the_rows(bench, id) == {
        "_id": id,
        "tenant": "vodafone",
        "sequence": 3,
        "deleted": events[3].time,
    }


async def test_an_end_that_is_told_again_stays_the_end(bench: Bench):
    rows, id = bench.scope().store(Rows), new_id("box")
    end = told(id, 2, BoxBurnt(ASHES))
    assert await apply(rows, end) is True
    assert await apply(rows, end) is True
    assert await apply(rows, told(id, 2, BoxSnapshot(ASHES))) is True
    assert await apply(rows, told(id, 1)) is False


async def test_not_even_a_newer_event_brings_a_row_back(bench: Bench):
    """Nothing follows an end; whoever says otherwise is not to be believed with somebody's data."""
    rows, id = bench.scope().store(Rows), new_id("box")
    await apply(rows, told(id, 2, BoxBurnt(ASHES)))
    assert await apply(rows, told(id, 3)) is False
    assert await rows.find(id) is None


async def test_another_tenants_row_is_not_buried(bench: Bench):
    rows, id = bench.scope().store(Rows), new_id("box")
    await apply(rows, told(id, 1))
    assert await apply(bench.scope(SWISSCOM).store(Rows), told(id, 2, BoxBurnt(ASHES))) is False
    assert (await rows.get(id)).colour == "1"


# Told again ---------------------------------------------------------------------------------


async def heard_again(bench: Bench) -> dict[str, Delivered[Event[BoxFacts]]]:
    bench.wire.sent.clear()
    await republish(bench.database, BoxStore, bench.wire.publish)
    return {event.subject: read(to_message(event, None)) for event in bench.wire.sent}


async def test_who_missed_the_end_hears_of_it_by_a_republish(bench: Bench):
    rows = bench.scope().store(Rows)
    gone, alive = await a_burnt_box(bench), new_id("box")
    await bench.boxes.create(Box(id=alive), [BoxPainted(BoxFacts(colour="red"))])
    for id in (gone, alive):
        await eventually(lambda id=id: bench.empty(id))
        await apply(rows, told(id, 1))
    again = await heard_again(bench)
    for delivered in again.values():
        await apply(rows, delivered)
    assert await rows.find(gone) is None
    assert await rows.find(alive) is not None
    tombstone, source = await in_the_rows(bench, gone), await bench.raw(gone)
    assert again[gone].is_snapshot
    assert tombstone["deleted"] == source["deleted"] == again[gone].time
    assert (await heard_again(bench))[gone] == again[gone], "repeats are the same message"


# People -------------------------------------------------------------------------------------


def erased(id: str, sequence: int = 9, kind: Any = AccountErased) -> Delivered[Any]:
    return Delivered(new_id("evt"), "vodafone", id, sequence, utc_now(), kind(ERASED))


def a_token_of(id: str, *, issued: timedelta = timedelta(0)) -> Actor:
    return Actor(id, "vodafone", frozenset(), "s", utc_now() + issued)


@pytest.mark.parametrize("kind", [AccountErased, AccountSnapshot])
async def test_a_late_event_cannot_bring_a_person_back(bench: Bench, kind: Any):
    people, id = bench.scope().store(People), new_id("acc")
    await people.follow(an_account(id, 1))
    await people.follow(erased(id, kind=kind))
    await people.follow(an_account(id, 2))
    assert await people.find(id) is None
    left = await bench.database.collection("people").find_one({"_id": id})
    assert left.keys() == {"_id", "tenant", "sequence", "deleted"}


@pytest.mark.parametrize("known", [True, False])
async def test_an_erased_persons_tokens_are_refused(bench: Bench, known: bool):
    people, revocations = bench.scope().store(People), Revocations(bench.database)
    await bench.database.ensure_indexes("people", People.all_indexes())
    gone, free, id = new_id("acc"), new_id("acc"), new_id("acc")
    await people.follow(an_account(free, 1))
    if known:
        suspended = {"status": "suspended", "tokens_valid_from": utc_now()}
        await people.follow(an_account(gone, 1, AccountSuspended, **suspended))
    await people.follow(erased(gone))
    await people.follow(an_account(id, 1, AccountSuspended, status="suspended"))
    await revocations.refresh()
    for issued in (-timedelta(minutes=10), timedelta(minutes=1)):
        assert revocations.refuses(a_token_of(gone, issued=issued))
        assert revocations.refuses(a_token_of(id, issued=issued))
        assert not revocations.refuses(a_token_of(free, issued=issued))


async def test_an_end_older_than_any_token_needs_no_memory(bench: Bench):
    people, revocations, id = (
        bench.scope().store(People),
        Revocations(bench.database),
        new_id("acc"),
    )
    long_ago = utc_now() - TOKEN_LIFE - timedelta(seconds=1)
    await people.bury(id, Delivered(id, "vodafone", id, 2, long_ago, AccountErased(ERASED)))
    await revocations.refresh()
    assert not revocations.refuses(a_token_of(id))
