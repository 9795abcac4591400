"""Events that claim to be another tenant's: what they tell of must not change the true tenant's."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractMessage, HeadersType
from pymongo import MongoClient

from deploy.local.stack import SERVICES
from shared.contracts.identity import TenantConfigured, TenantFacts
from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id
from shared.rabbit import Outgoing
from shared.rabbit.envelope import to_message
from shared.replicas import TenantReplica
from tests.isolation.conftest import Recorder
from tests.isolation.world import World

Documents = dict[str, Any]
"""``service.collection.id`` -> the whole document."""

LATER = 1000
"""Added to the sequence, so that the event is news wherever it is believed."""

_SETTLED = 20.0


@pytest.fixture(scope="module")
def database(world: World) -> Iterator["MongoClient[Any]"]:
    client: MongoClient[Any] = MongoClient(world.platform.stack.database_url, tz_aware=True)
    yield client
    client.close()


def documents(database: "MongoClient[Any]", tenant: str) -> Documents:
    """What all services keep for a tenant; mails on their way are not looked at."""
    return {
        f"{service}.{name}.{document['_id']}": document
        for service in SERVICES
        for name in database[service].list_collection_names()
        if name not in {"mails", "parked"}
        for document in database[service][name].find({"tenant": tenant})
    }


def changes(before: Documents, after: Documents) -> dict[str, Any]:
    return {
        key: (before.get(key), after.get(key))
        for key in before.keys() | after.keys()
        if before.get(key) != after.get(key)
    }


async def republish(
    recorder: Recorder, messages: Sequence[AbstractMessage], tenant: str, ahead: int
) -> None:
    """The same bodies under a tenant of our choice, as new events further on."""
    connection = await aio_pika.connect(recorder.url)
    async with connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange("events")
        for message in messages:
            id = new_id("evt")
            changed: HeadersType = {
                "cloudEvents_id": id,
                "cloudEvents_tenantid": tenant,
                "cloudEvents_sequence": int(str(message.headers["cloudEvents_sequence"])) + ahead,
            }
            again = aio_pika.Message(
                message.body,
                headers={**message.headers, **changed},
                content_type=message.content_type,
                message_id=id,
                type=message.type,
            )
            await exchange.publish(again, str(message.type))
        await _consumed(channel, recorder.work_queues)


async def _consumed(channel: AbstractChannel, queues: list[str]) -> None:
    """Until every queue is empty, and what was taken from them had time to be applied."""
    deadline = time.monotonic() + _SETTLED
    while time.monotonic() < deadline:
        waiting = 0
        for queue in queues:
            declared = await channel.declare_queue(queue, passive=True)
            waiting += declared.declaration_result.message_count or 0
        if not waiting:
            break
        await asyncio.sleep(0.2)
    await asyncio.sleep(1.5)


async def test_an_event_under_another_tenants_name_changes_nothing(
    world: World, recorder: Recorder, database: "MongoClient[Any]"
) -> None:
    recorded = await recorder.latest_of("vodafone")
    kinds = {message.type for message in recorded}
    assert len(kinds) >= 20, f"too few kinds of events to prove anything: {kinds}"
    ours, theirs = documents(database, "vodafone"), documents(database, "swisscom")
    await republish(recorder, recorded, "swisscom", LATER)
    assert changes(ours, documents(database, "vodafone")) == {}
    changed = changes(theirs, documents(database, "swisscom"))
    assert changed.keys().isdisjoint(theirs), "what the claimed tenant had was touched"
    # A consumer must believe a tenant's name; what it makes of it says nothing but ids.
    ids = {id for named in world.things.values() for id in named}
    for what, secret in world.private.items():
        known = secret in ids or secret.startswith("acc_")
        assert known or secret not in str(changed), f"the {what} crossed over"
    for key in changed:  # Those ids would else be found where a stranger may look.
        service, name, id = key.split(".", 2)
        database[service][name].delete_one({"_id": id, "tenant": "swisscom"})


async def test_a_tenants_facts_under_another_tenants_name_change_nothing(
    world: World, recorder: Recorder, database: "MongoClient[Any]"
) -> None:
    replica = database["jobs"][TenantReplica.collection].find_one({"_id": "vodafone"})
    assert replica is not None
    facts = TenantFacts.model_validate(replica["facts"])
    stolen = facts.model_copy(
        update={"brand": facts.brand.model_copy(update={"accent_colour": "#000001"})}
    )
    for subject in ("vodafone", "swisscom"):
        message = to_message(
            Outgoing(
                id=new_id("evt"),
                tenant="swisscom",
                routing_key=TenantConfigured.routing_key,
                source="identity",
                subject=subject,
                sequence=1,
                time=utc_now(),
                body=stolen.model_dump_json().encode(),
            ),
            None,
        )
        before = [documents(database, tenant) for tenant in ("vodafone", "swisscom")]
        await republish(recorder, [message], "swisscom", LATER)
        after = [documents(database, tenant) for tenant in ("vodafone", "swisscom")]
        assert [changes(*pair) for pair in zip(before, after, strict=True)] == [{}, {}], subject


async def test_the_same_events_under_their_own_tenant_would_have_been_believed(
    world: World, recorder: Recorder, database: "MongoClient[Any]"
) -> None:
    """Otherwise the tests above could not fail."""
    recorded = await recorder.latest_of("vodafone")
    before = documents(database, "vodafone")
    await republish(recorder, recorded, "vodafone", 2 * LATER)
    changed = changes(before, documents(database, "vodafone"))
    assert {key.split(".")[0] for key in changed} >= {"profiles", "jobs", "messaging", "reviews"}
