"""Looks into other people's data, for any service: recorded with their event, or refused."""

from typing import Any

import pytest

from shared.audit import Look, Looks, record_look
from shared.contracts import audit
from shared.contracts.audit import LookEvent
from shared.contracts.base import REGISTRY
from shared.http.call import Call
from shared.http.tokens import Actor
from shared.kernel.clock import utc_now
from shared.kernel.errors import Unavailable
from shared.rabbit import Consumers
from shared.store import Database
from tests.shared.store.conftest import Bench, eventually
from tests.tenants import SWISSCOM, VODAFONE


class MyLooks(Looks):
    audited, snapshot = audit.AUDITED["jobs"], audit.SNAPSHOTS["jobs"]


def a_call(bench: Bench, *roles: str, tenant: Any = VODAFONE) -> Call:
    actor = Actor("acc_me", tenant.slug, frozenset(roles), "session", utc_now())
    return Call(tenant, utc_now(), bench.database, bench.outbox, actor=actor)


async def looks(bench: Bench) -> list[Look]:
    found = await bench.database.collection("looks").find({}).to_list(None)
    return [await bench.scope().store(MyLooks).get(each["_id"]) for each in found]


async def published(bench: Bench) -> bool:
    return bool(bench.wire.sent)


async def test_a_look_carries_its_event_in_the_same_write(bench: Bench):
    call = a_call(bench, "support")
    await record_look(call, MyLooks, kind="address", subjects=["acc_b", "acc_a", "acc_b"])
    [look] = await looks(bench)
    assert (look.actor_id, look.subject_ids, look.kind) == ("acc_me", ["acc_a", "acc_b"], "address")
    [document] = await bench.database.collection("looks").find({}).to_list(None)
    assert (document["sequence"], len(document["outbox"])) == (1, 1)
    await eventually(lambda: published(bench))
    [sent] = bench.wire.sent
    assert (sent.routing_key, sent.subject) == ("jobs.access_audited.v1", look.id)
    assert sent.body == look.facts().model_dump_json().encode()


async def test_ones_own_data_is_no_look(bench: Bench):
    call = a_call(bench, "support")
    await record_look(call, MyLooks, kind="address", subjects=["acc_me"])
    await record_look(call, MyLooks, kind="address", subjects=[])
    assert await looks(bench) == []
    await record_look(call, MyLooks, kind="address", subjects=["acc_me", "acc_a"])
    assert [look.subject_ids for look in await looks(bench)] == [["acc_a"]]


@pytest.mark.parametrize(
    ("roles", "role"),
    [
        (("customer", "support"), "support"),
        (("tenant_admin", "support"), "support"),
        (("tenant_admin", "helper"), "tenant_admin"),
        (("platform_admin",), "platform_admin"),
        (("customer", "helper"), "customer"),
    ],
)
async def test_the_role_that_sufficed_is_named(bench: Bench, roles: tuple[str, ...], role: str):
    await record_look(a_call(bench, *roles), MyLooks, kind="address", subjects=["acc_a"])
    assert [look.role for look in await looks(bench)] == [role]


async def test_every_look_counts_also_the_same_one_again(bench: Bench):
    call = a_call(bench, "support")
    for _ in range(2):
        await record_look(
            call, MyLooks, kind="message", subjects=["acc_a"], thing_id="m_1", case_id="case_1"
        )
    assert [look.case_id for look in await looks(bench)] == ["case_1"] * 2


async def test_a_look_belongs_to_the_tenant_in_which_it_was(bench: Bench):
    call = a_call(bench, "support", tenant=SWISSCOM)
    await record_look(call, MyLooks, kind="address", subjects=["acc_a"])
    [document] = await bench.database.collection("looks").find({}).to_list(None)
    assert await bench.scope().store(MyLooks).find(document["_id"]) is None
    assert await bench.scope(SWISSCOM).store(MyLooks).find(document["_id"]) is not None


async def test_without_a_database_the_look_is_refused(bench: Bench):
    nowhere = Database("mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=100", "nowhere")
    actor = Actor("acc_me", "vodafone", frozenset(("support",)), "session", utc_now())
    call = Call(VODAFONE, utc_now(), nowhere, bench.outbox, actor=actor)
    with pytest.raises(Unavailable):
        await record_look(call, MyLooks, kind="address", subjects=["acc_a"])
    nowhere.close()


def test_every_service_has_its_event_and_one_subscription_hears_them_all():
    for service, event in audit.AUDITED.items():
        assert event.publisher == service
        assert event.routing_key == f"{service}.access_audited.v1"
        assert REGISTRY[event.routing_key] is event
        assert audit.SNAPSHOTS[service].is_snapshot
    log = Consumers("identity")
    log.on("audit", LookEvent)(_nothing)
    wanted = {*audit.AUDITED.values(), *audit.SNAPSHOTS.values()}
    assert set(log.subscriptions[0].events) == wanted


async def _nothing(*_: Any) -> None:
    return
