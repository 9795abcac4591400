"""The audit log: one entry for each look and act, sealed, searched, blanked, never changed."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.identity.commands.audit import (
    BlankSubject,
    ChainEnds,
    blank_subject,
    verify_chain,
    write_down,
)
from services.identity.model.audit import Entry, Observation, Reading, Verdict
from services.identity.store import AuditLog
from shared.contracts import audit
from shared.contracts.audit import AccessFacts
from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.identity.builders import NOON
from tests.identity.test_tenants import a_slug, a_tenant, administrator

AUDIT = "/v1/support/audit"


def seen(number: int = 1, *subjects: str, **fields: Any) -> Observation:
    values: dict[str, Any] = {
        "ref": f"jobs|look_{number}|1",
        "kind": "address",
        "actor_id": "acc_support",
        "role": "support",
        "at": NOON + timedelta(minutes=number),
        "subject_ids": subjects or ("acc_ada",),
        "detail": {"thing": "job_1"},
    }
    return Observation(**(values | fields))


def a_chain(length: int) -> list[Entry]:
    chain: list[Entry] = []
    for number in range(1, length + 1):
        last = chain[-1] if chain else None
        chain.append(
            Entry.after(last, seen(number, "acc_ada", "acc_bea"), "vodafone", f"salt {number}")
        )
    return chain


def verdict(entries: list[Entry]) -> Verdict:
    reading = Reading()
    reading.read(entries)
    return reading.verdict()


# The chain ------------------------------------------------------------------------------------


def test_an_untouched_chain_holds():
    chain = a_chain(5)
    assert verdict(chain) == Verdict(5, chain[-1].seal)


def _set(name: str, value: Any) -> Callable[[Entry], None]:
    return lambda entry: setattr(entry, name, value)


def _forge_subject(entry: Entry) -> None:
    known = entry.subjects[0]
    entry.subjects[0] = type(known)(known.digest, "acc_other", known.salt)


@pytest.mark.parametrize(
    "tamper",
    [
        _set("actor_id", "acc_other"),
        _set("role", "tenant_admin"),
        _set("kind", "nothing"),
        _set("at", NOON),
        _set("ref", "jobs|look_9|1"),
        _set("order", "9"),
        _set("previous", "0" * 64),
        _set("subjects", []),
        _set("about", ["acc_ada"]),
        _forge_subject,
    ],
)
def test_tampering_is_found_where_it_is(tamper: Callable[[Entry], None]):
    chain = a_chain(5)
    tamper(chain[2])
    found = verdict(chain)
    assert (found.entries, found.broken_at) == (2, 3)
    assert found.fault


def test_a_changed_entry_with_a_new_seal_breaks_at_the_next():
    chain = a_chain(5)
    chain[2].actor_id = "acc_other"
    chain[2].seal = chain[2].computed()
    found = verdict(chain)
    assert (found.broken_at, found.fault) == (4, "it is not sealed to the entry before it")


def test_a_missing_entry_is_found():
    chain = a_chain(5)
    del chain[1]
    assert verdict(chain).fault == "entry 2 is missing"


def test_blanking_is_no_break_and_leaves_nothing_of_the_person():
    chain = a_chain(3)
    chain[1].blank("acc_ada")
    assert verdict(chain) == Verdict(3, chain[-1].seal)
    assert [each.text for each in chain[1].subjects] == [None, "acc_bea"]
    assert chain[1].told == {}
    assert chain[1].actor_id == "acc_support"


def test_a_blanked_text_cannot_be_found_by_guessing():
    secrets = ("a", "b")
    same = [Entry.after(None, seen(), "vodafone", each).subjects[0].digest for each in secrets]
    assert same[0] != same[1]


# Written down -----------------------------------------------------------------------------------


ENDS = ChainEnds()


def a_log(identity: Harness) -> AuditLog:
    """Of a tenant that no other test knows."""
    return AuditLog.unrelayed(identity.runtime.database, a_slug())


async def test_writers_at_once_make_one_chain(identity: Harness):
    log = a_log(identity)
    await asyncio.gather(*(write_down(seen(number), log, ENDS) for number in range(1, 13)))
    assert (await verify_chain(log)).entries == 12
    assert (await verify_chain(log)).fault is None


async def test_another_process_has_gone_on_or_the_log_has_begun_anew(identity: Harness):
    log, here, there = a_log(identity), ChainEnds(), ChainEnds()
    for number, ends in enumerate((here, there, there, here, there, here), 1):
        await write_down(seen(number), log, ends)
    assert (await verify_chain(log)).entries == 6
    documents = identity.runtime.database.collection(AuditLog.collection)
    await documents.delete_many({"tenant": log.tenant})
    for number, ends in enumerate((there, there, here), 1):
        await write_down(seen(number), log, ends)
    verdict = await verify_chain(log)
    assert (verdict.entries, verdict.fault) == (3, None)


async def test_an_event_heard_twice_at_once_is_one_entry(identity: Harness):
    log = a_log(identity)
    await write_down(seen(1), log, ENDS)
    await asyncio.gather(*(write_down(seen(2), log, ENDS) for _ in range(6)))
    await write_down(seen(1), log, ENDS)
    assert (await verify_chain(log)).entries == 2


async def test_a_changed_document_is_found_in_the_database(identity: Harness):
    log = a_log(identity)
    for number in range(1, 4):
        await write_down(seen(number), log, ENDS)
    documents = identity.runtime.database.collection(AuditLog.collection)
    key = {"_id": Entry.key(log.tenant, 2)}
    await documents.update_one(key, {"$set": {"actor_id": "acc_other"}})
    assert (await verify_chain(log)).broken_at == 2


async def test_a_blanked_person_is_in_no_entry_and_the_chain_holds(identity: Harness):
    log = a_log(identity)
    for number in range(1, 4):
        await write_down(seen(number, "acc_ada" if number < 3 else "acc_bea"), log, ENDS)
    assert await blank_subject(BlankSubject("acc_ada"), log) == 2
    assert await log.about("acc_ada") == []
    assert len(await log.about("acc_bea")) == 1
    assert (await verify_chain(log)).fault is None


async def test_looks_of_every_service_are_heard_and_a_retold_one_is_the_same(identity: Harness):
    subject = new_id("acc")
    for service in audit.AUDITED:
        facts = AccessFacts(
            actor_id=new_id("acc"), role="support", subject_ids=[subject], kind="x", at=utc_now()
        )
        look = new_id("look")
        await identity.deliver(audit.AUDITED[service](facts), subject=look)
        await identity.deliver(audit.SNAPSHOTS[service](facts), subject=look)
    log = identity.scope().store(AuditLog)
    assert len(await log.about(subject)) == len(audit.AUDITED)


# What administrators do -------------------------------------------------------------------------


async def entries(client: httpx.AsyncClient, **filters: Any) -> list[dict[str, Any]]:
    answer = await client.get(AUDIT, params=filters)
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


async def test_a_suspension_is_an_entry_about_the_person_by_who_did_it(identity: Harness):
    async with identity.client() as visitor:
        body = {
            "email": f"{new_id('x')}@people.example", "password": "plum tree river stone",
            "display_name": "Ada", "language": "de",
        }  # fmt: skip
        account = (await visitor.post("/v1/accounts", json=body)).json()["id"]
    support = new_id("acc")
    async with identity.client(support, roles=("support",)) as desk:
        path = f"/v1/support/accounts/{account}/suspend"
        assert (await desk.post(path, json={"reason": "spam"})).status_code == 200
        assert (await desk.post(path, json={"reason": "spam"})).status_code == 409

        async def told() -> list[dict[str, Any]]:
            return await entries(desk, subject=account, actor=support)

        [entry] = await identity.eventually(told)
        assert (entry["kind"], entry["role"]) == ("identity_suspend_account", "support")
        assert entry["subject_ids"] == [account]
        assert entry["detail"] == {"thing": account}


async def test_tenants_keys_and_clients_tell_who_changed_them(identity: Harness):
    slug = a_slug()
    async with administrator(identity) as admin:
        path = f"/v1/admin/tenants/{slug}"
        await admin.put(path, json=a_tenant(slug))
        made = (
            await admin.post(f"{path}/clients", json={"name": "x", "scopes": ["events:read"]})
        ).json()
        await admin.post(f"{path}/clients/{made['id']}/rotate")
        await admin.delete(f"{path}/clients/{made['id']}")
        await admin.post(f"{path}/suspend", json={"reason": "trial"})
        await admin.post(f"{path}/reinstate")
        await admin.post(f"{path}/reinstate")
        log = AuditLog.unrelayed(identity.runtime.database, slug)

        async def all_told() -> list[str]:
            found = await log.from_number(1, 100)
            return [each.kind for each in found] if len(found) >= 6 else []

        assert sorted(await identity.eventually(all_told, 15)) == [
            "identity_configure_tenant",
            "identity_create_client",
            "identity_reinstate_tenant",
            "identity_revoke_client",
            "identity_rotate_client",
            "identity_suspend_tenant",
        ]
        assert (await verify_chain(log)).fault is None


# Read -------------------------------------------------------------------------------------------


async def test_the_log_is_searched_page_by_page_and_reading_it_is_a_look(identity: Harness):
    actor, subject = new_id("acc"), new_id("acc")
    log = identity.scope().store(AuditLog)
    for number in range(1, 6):
        ref = new_id("look")
        await write_down(seen(number, subject, ref=ref, actor_id=actor, kind="trial"), log, ENDS)
    reader = new_id("acc")
    async with identity.client(reader, roles=("support",)) as desk:
        first = await desk.get(AUDIT, params={"actor": actor, "limit": 3})
        cursor = first.json()["next_cursor"]
        second = await desk.get(AUDIT, params={"actor": actor, "limit": 3, "cursor": cursor})
        found = [*first.json()["data"], *second.json()["data"]]
        minutes = [each["at"][14:16] for each in found]
        assert minutes == ["05", "04", "03", "02", "01"]
        stolen = await desk.get(AUDIT, params={"actor": subject, "cursor": cursor})
        assert stolen.json()["code"] == "invalid_cursor"
        since, until = NOON + timedelta(minutes=2), NOON + timedelta(minutes=4)
        times = {"since": since.isoformat(), "until": until.isoformat()}
        between = await entries(desk, subject=subject, kind="trial", actor=actor, **times)
        assert [each["at"][14:16] for each in between] == ["03", "02"]

        async def looked() -> list[dict[str, Any]]:
            return await entries(desk, actor=reader, kind="audit_log", subject=subject)

        assert await identity.eventually(looked)


@pytest.mark.parametrize(
    ("filters", "parameter"),
    [
        ({"actor": "ada"}, "actor"),
        ({"subject": "job_01"}, "subject"),
        ({"kind": "$ne"}, "kind"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-03-02T12:00:00Z", "until": "2026-03-02T12:00:00Z"}, "until"),
        ({"name": "ada"}, "name"),
    ],
)
async def test_a_filter_that_means_nothing_is_refused(
    identity: Harness, filters: dict[str, str], parameter: str
):
    async with identity.client(new_id("acc"), roles=("support",)) as desk:
        answer = await desk.get(AUDIT, params=filters)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["parameter"] == parameter


async def test_only_offices_read_it_and_only_their_tenants(identity: Harness):
    subject = new_id("acc")
    await write_down(
        seen(1, subject, ref=new_id("look")), identity.scope("swisscom").store(AuditLog), ENDS
    )
    async with identity.client(new_id("acc")) as customer:
        assert (await customer.get(AUDIT)).status_code == 403
    async with identity.client(new_id("acc"), roles=("support",)) as desk:
        assert await entries(desk, subject=subject) == []
    there = identity.client(new_id("acc"), roles=("tenant_admin",), tenant="swisscom")
    async with there as desk:
        assert len(await entries(desk, subject=subject)) == 1
