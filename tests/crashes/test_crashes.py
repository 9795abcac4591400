"""Wherever a process ends, nothing is lost and nothing is applied twice."""

import ast
from itertools import product

import pytest
from motor.motor_asyncio import AsyncIOMotorCollection

from deploy.local.programs import PROJECT
from tests.crashes.breaking import HARMLESS, WRITES
from tests.crashes.conftest import Trials
from tests.crashes.points import EXIT_CODE, POINTS, Point, Step
from tests.crashes.service import GONE, HISTORY, POISON, QUEUE
from tests.crashes.trial import Heard, Outcome, State, badges, sequences

every_point = pytest.mark.parametrize("point", POINTS, ids=str)


@every_point
async def test_a_process_ends_and_the_next_makes_everything_true(
    trials: Trials, point: Point
) -> None:
    outcome = await trials[point]
    assert outcome.exits[0] == EXIT_CODE, "the process never came to this point"
    every_command_happened_wholly_or_not_at_all(outcome.crashed, outcome.heard_then)
    assert outcome.exits[1] == 0
    every_command_happened_once(outcome.ended)
    every_event_was_published(outcome)
    every_event_was_applied_once(outcome)


def every_command_happened_wholly_or_not_at_all(crashed: State, heard: list[Heard]) -> None:
    told = sequences(heard)
    for id, thing in crashed.things.items():
        written = thing["sequence"]
        assert "deleted" in thing or len(thing["steps"]) == written, "state and events are one"
        assert max(told.get(id, [0])) <= written, "an event of a change that was never written"
        waiting = {entry["sequence"] for entry in thing.get("outbox", [])}
        assert waiting | set(told.get(id, [])) == set(range(1, written + 1)), f"{id} lost an event"
        assert ("outbox_since" in thing) or not waiting, "nobody would look for these events"


def every_command_happened_once(ended: State) -> None:
    assert {id: thing.get("steps") for id, thing in ended.things.items()} == {
        **HISTORY,
        GONE: None,
    }
    for id, steps in HISTORY.items():
        thing = ended.things[id]
        assert thing["version"] == thing["sequence"] == len(steps)
    assert ended.things[GONE].keys() == {"_id", "tenant", "version", "sequence", "deleted"}


def every_event_was_published(outcome: Outcome) -> None:
    assert outcome.ended.pending == []
    told = sequences(outcome.heard)
    sources = outcome.ended.things | outcome.ended.badges
    for id, source in sources.items():
        firsts = list(dict.fromkeys(told[id]))
        assert firsts == list(range(1, source["sequence"] + 1)), f"{id}: gaps, or out of order"
    assert told.keys() == sources.keys()
    ids = {(each.subject, each.sequence): each.id for each in outcome.heard}
    assert {each.id for each in outcome.heard} == set(ids.values()), "a copy keeps its id"


def every_event_was_applied_once(outcome: Outcome) -> None:
    ended = outcome.ended
    for id, row in ended.rows.items():
        source = ended.things[id]
        assert [row.get(name) for name in ("steps", "sequence", "tenant")] == [
            source.get(name) for name in ("steps", "sequence", "tenant")
        ]
    assert ended.rows.keys() == ended.things.keys() - {POISON}
    assert ended.rows[GONE].keys() == {"_id", "tenant", "sequence", "deleted"}
    assert ended.badges.keys() == badges()
    assert {(badge["version"], badge["sequence"]) for badge in ended.badges.values()} == {(1, 1)}
    [poisonous] = {each.id for each in outcome.heard if each.subject == POISON}
    assert ended.parked.keys() == {f"{QUEUE}|{poisonous}"}
    assert ended.parked[f"{QUEUE}|{poisonous}"]["reason"] == "refused"
    assert not any(ended.waiting.values()), "a delivery was not settled"


# The list itself ----------------------------------------------------------------------------


def test_every_step_has_a_point_before_and_after_it() -> None:
    listed = [(point.step, point.when) for point in POINTS]
    assert sorted(listed) == sorted(product(Step, ("before", "after")))


def test_every_write_of_the_backbone_is_a_step() -> None:
    """What a process could write otherwise would have no point to end at."""
    writing = {
        name
        for name in dir(AsyncIOMotorCollection)
        if not name.startswith("_") and name not in HARMLESS
    }
    rooms = ("outbox.py", "timers.py", "republish.py", "store/*.py", "rabbit/*.py")
    called: dict[str, str] = {}
    for path in (path for room in rooms for path in (PROJECT / "shared").glob(room)):
        if path.name == "erasing.py":
            continue  # A tenant's end is carried out again until nothing is left.
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and "_documents" in ast.unparse(node.value):
                called[node.attr] = str(path)
            if isinstance(node, ast.Attribute) and "collection(" in ast.unparse(node.value):
                called[node.attr] = str(path)
    assert {"insert_one", "bulk_write", "replace_one"} <= called.keys(), "nothing was looked at"
    unknown = {name: path for name, path in called.items() if name in writing - WRITES}
    assert unknown == {}
