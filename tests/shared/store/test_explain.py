"""The database itself says how it would answer each named look-up of each service.

A look-up by ``_id`` is left out: the embedded database explains one as a scan, although it reads
a single document.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.kernel.ids import new_id
from shared.store import Database
from tests.lookups import AnyStore, look_ups, questions, stores

ASKING = [kind for kind in stores() if look_ups(kind)]


@pytest.fixture
async def database(mongo_url: str) -> AsyncIterator[Database]:
    database = Database(mongo_url, f"test_{new_id('db')}")
    yield database
    await database.drop()
    database.close()


async def explained(database: Database, collection: str, command: dict[str, Any]) -> dict[str, Any]:
    """The winning plan of a find."""
    explain = {"find": collection, **command}
    answer = await database.handle.command({"explain": explain, "verbosity": "queryPlanner"})
    plan: dict[str, Any] = answer["queryPlanner"]["winningPlan"]
    return plan


def stages(plan: Any) -> Iterator[dict[str, Any]]:
    """The plan and all stages below it, whatever their arrangement."""
    if isinstance(plan, list):
        for item in plan:
            yield from stages(item)
    elif isinstance(plan, dict):
        if "stage" in plan:
            yield plan
        for item in plan.values():
            yield from stages(item)


@pytest.mark.parametrize("kind", ASKING, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
async def test_no_look_up_scans_its_collection(database: Database, kind: AnyStore) -> None:
    await database.ensure_indexes(kind.collection, kind.all_indexes())
    rows = [{"_id": new_id("row"), "tenant": "vodafone"} for _ in range(20)]
    await database.collection(kind.collection).insert_many(rows)
    for look_up in look_ups(kind):
        for question in await questions(kind, look_up):
            if question.where.keys().isdisjoint({"_id"}) and question.where:
                command: dict[str, Any] = {"filter": dict(question.where)}
                if question.sort:
                    command["sort"] = dict(question.sort)
                plan = list(stages(await explained(database, kind.collection, command)))
                used = {stage["stage"] for stage in plan}
                assert "COLLSCAN" not in used, f"{kind.__name__}.{look_up}: {question}"
                assert "IXSCAN" in used, f"{kind.__name__}.{look_up}: {plan}"


@pytest.mark.parametrize("kind", ASKING, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
async def test_no_look_up_meets_a_tombstone(database: Database, kind: AnyStore) -> None:
    """It has none of the fields that a list is made by, so that no filter need leave it out."""
    await database.ensure_indexes(kind.collection, kind.all_indexes())
    tombstone = {"tenant": "t", "version": 3, "sequence": 2, "deleted": datetime.now(UTC)}
    await database.collection(kind.collection).insert_one({"_id": new_id("row"), **tombstone})
    for look_up in look_ups(kind):
        for question in await questions(kind, look_up):
            found = database.collection(kind.collection).find(dict(question.where))
            everything = not question.where  # the platform's administrator alone asks for that
            assert everything or not await found.to_list(None), f"{look_up}: {question}"


async def test_a_scan_is_explained_as_one(database: Database) -> None:
    await database.collection("boxes").insert_one({"_id": "a", "tenant": "vodafone"})
    plan = await explained(database, "boxes", {"filter": {"tenant": "vodafone", "colour": "red"}})
    assert {stage["stage"] for stage in stages(plan)} == {"COLLSCAN"}
