"""Facts told again: harmless to those who know them, enough for those who know nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bson
import pytest

from deploy.cli.services import stores
from deploy.topology import SERVICES
from shared.contracts.audit import LookEvent
from shared.contracts.base import REGISTRY
from shared.contracts.jobs import JobSnapshot
from shared.contracts.profiles import HelperSnapshot
from shared.replicas import People, TenantReplica
from shared.republish import publishing
from shared.store import Projection
from shared.store.database import Document
from tests.republish.world import Dump, World, a_service, dump

REPLICAS = {TenantReplica.collection, People.collection}

CALLED_INTO_BEING = {"messaging": ["acquaintances"], "reviews": ["review_pairs"]}
"""Aggregates that foreign facts alone make."""

WRITTEN = {
    *("version", "sequence", "outbox", "outbox_since", "memory", "due_at"),
    *("awaiting", "by_customer", "by_helper", "published_at", "shown_order", "mark"),
}
"""Fields of aggregates that count writes, or that their own service decides."""


@pytest.fixture(scope="module")
async def silent(world: World) -> World:
    """Nobody listens any more; what was heard stays as it is."""
    for harness in world.services.values():
        assert harness.runtime.consuming is not None
        await harness.runtime.consuming.stop()
    return world


def test_whatever_publishes_events_can_tell_its_facts_again() -> None:
    published = {(event.publisher, event.aggregate) for event in REGISTRY.values()}
    told = [
        (kind.snapshot.publisher, kind.snapshot.aggregate)
        for service in SERVICES
        for kind in publishing(stores(service))
        if kind.snapshot is not None and kind.snapshot.is_snapshot
    ]
    # Not every service has something of other people's to look at.
    wanted = {pair for pair in published if pair[1] != LookEvent.aggregate or pair in told}
    assert sorted(told) == sorted(pair for pair in wanted if pair[0] in SERVICES)


async def test_who_knows_everything_learns_nothing_from_snapshots(world: World) -> None:
    before = await world.dumps()
    number = await world.republish()
    assert number > 30
    await world.quiet()
    after = await world.dumps()
    assert {name: _differing(before[name], after[name]) for name in SERVICES} == {
        name: [] for name in SERVICES
    }
    assert not any(found.get("parked") for found in after.values())


def _differing(before: Dump, after: Dump) -> list[str]:
    """Collection, id and what differs, document by document."""
    return [
        f"{collection} {id}: {one} became {other}"
        for collection in before.keys() | after.keys()
        for id in before.get(collection, {}).keys() | after.get(collection, {}).keys()
        if (one := before.get(collection, {}).get(id))
        != (other := after.get(collection, {}).get(id))
    ]


async def test_a_repeated_snapshot_is_the_same_message(world: World) -> None:
    await world.republish("jobs", "profiles")
    await world.republish("jobs", "profiles")
    await world.quiet()
    job, helper = world.jobs["completed"], world.people["ben"]
    for service, subject, kind in (
        ("jobs", job, JobSnapshot),
        ("profiles", helper, HelperSnapshot),
    ):
        heard = world.services[service].heard(subject)
        told = [each for each in heard if type(each.event) is kind]
        assert len(told) >= 2
        assert len({each.id for each in told}) == 1
        happened = [
            each for each in heard if not each.is_snapshot and type(each.event) in _like(kind)
        ]
        assert {each.sequence for each in told} == {max(each.sequence for each in happened)}
        assert told[-1].event.facts == max(happened, key=lambda each: each.sequence).event.facts


def _like(snapshot: type[Any]) -> set[type[Any]]:
    mine = (snapshot.publisher, snapshot.aggregate)
    return {event for event in REGISTRY.values() if (event.publisher, event.aggregate) == mine}


async def test_effects_that_were_lost_come_back(world: World) -> None:
    before = await world.dumps()
    lost = [("jobs", "receipts"), ("reviews", "ratings"), ("messaging", "evidence")]
    for service, collection in lost:
        assert before[service][collection], collection
        await world.database(service).collection(collection).delete_many({})
    await (
        world.database("identity")
        .collection("accounts")
        .update_one({"_id": world.people["ben"]}, {"$set": {"roles": ["customer"]}})
    )
    await world.republish()
    await world.quiet()
    after = await world.dumps()
    for service, collection in lost:
        assert _comparable(after[service][collection]) == _comparable(before[service][collection])
    account = after["identity"]["accounts"][world.people["ben"]]
    assert account["roles"] == ["customer", "helper"]
    assert after["identity"]["mails"] == before["identity"]["mails"]
    assert after["messaging"]["messages"] == before["messaging"]["messages"]


async def test_a_restored_platform_is_level_again_once_all_is_told_again(
    world: World, tmp_path: Path
) -> None:
    """As docs/kubernetes.md says. The services' backups are never of the same moment."""
    before = await world.dumps()
    for service in SERVICES:
        await _back_up(world.database(service).handle, tmp_path)
        await _forget_everything(world.database(service))
        assert not any((await dump(world.database(service))).values())
        await _restore(world.database(service).handle, tmp_path)
    lost = [row for service in SERVICES for row in _newest_rows(service, before[service])]
    assert len(lost) >= 5
    for service, collection, id in lost:
        await world.database(service).collection(collection).delete_one({"_id": id})
    await world.republish()
    await world.quiet()
    after = await world.dumps()
    for service in SERVICES:
        for collection, documents in before[service].items():
            found = after[service].get(collection, {})
            assert _comparable(found) == _comparable(documents), f"{service}.{collection}"


def _newest_rows(service: str, found: Dump) -> Iterator[tuple[str, str, str]]:
    """What an earlier backup of this service would not have: service, collection and id."""
    for kind in stores(service):
        if issubclass(kind, Projection) and (rows := found.get(kind.collection)):
            yield service, kind.collection, max(rows, key=lambda id: int(rows[id]["sequence"]))


async def _back_up(database: Any, folder: Path) -> None:
    """A file of documents for each collection, as mongodump writes them."""
    (folder / database.name).mkdir()
    for name in await database.list_collection_names():
        with (folder / database.name / f"{name}.bson").open("wb") as file:
            async for document in database[name].find({}):
                file.write(bson.encode(document))


async def _restore(database: Any, folder: Path) -> None:
    """Into collections whose indexes stand, as services make them when they start."""
    for source in sorted((folder / database.name).iterdir()):
        with source.open("rb") as file:
            if documents := list(bson.decode_file_iter(file)):
                await database[source.stem].insert_many(documents)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_that_comes_late_learns_everything_from_snapshots(
    silent: World, mongo_url: str, tmp_path: Path, service: str
) -> None:
    """Its own facts would tell it nothing, unless they are those of the tenants and people."""
    await silent.empty_queues()
    sources = [name for name in SERVICES if name != service or service == "identity"]
    if service == "identity":
        sources = ["identity"]
    late = a_service(service, silent.broker_url, mongo_url, tmp_path / service)
    async with late as harness:
        await _forget_everything(harness.runtime.database)
        await harness.runtime.tenants.refresh()
        assert not harness.runtime.tenants.ready
        await silent.republish(*sources)
        await silent.quiet_for(service, harness.runtime.database)
        learnt = await dump(harness.runtime.database)
    known = await dump(silent.database(service))
    for collection in _learnt_by(service):
        assert known.get(collection), f"{collection} is empty: nothing is compared"
        assert _comparable(learnt.get(collection, {})) == _comparable(known[collection]), collection
    assert not learnt.get("parked")


async def _forget_everything(database: Any) -> None:
    for name in await dump(database):
        await database.collection(name).delete_many({})


def _learnt_by(service: str) -> list[str]:
    kinds = [kind for kind in stores(service) if issubclass(kind, Projection)]
    rows = {kind.collection for kind in kinds} | REPLICAS
    return sorted(rows | {*CALLED_INTO_BEING.get(service, ())})


def _comparable(documents: dict[str, Document]) -> dict[str, Document]:
    """Rows of a projection whole, their sequence too; aggregates without what is their own."""
    aggregates = any("version" in document for document in documents.values())
    left_out = WRITTEN if aggregates else set()
    return {
        id: {name: value for name, value in document.items() if name not in left_out}
        for id, document in documents.items()
    }
