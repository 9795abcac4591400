"""Who looks at other people's documents is written down before they see anything."""

from typing import Any

import pytest

from services.profiles.store import LookStore
from shared.audit import Look
from shared.contracts import audit
from shared.contracts.audit import AccessFacts
from shared.kernel.errors import Unavailable
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.profiles.builders import A_PDF, decide, describe, hand_in

AUDITED = audit.AUDITED["profiles"]


async def a_document(profiles: Harness, tenant: str = "vodafone") -> tuple[str, str]:
    """Its helper and its id."""
    person = await profiles.person(tenant=tenant)
    await describe(profiles, person, tenant)
    return person, (await hand_in(profiles, person, tenant)).json()["id"]


async def looks_of(profiles: Harness, actor: str, tenant: str = "vodafone") -> list[Look]:
    found = profiles.runtime.database.collection(LookStore.collection).find({"actor_id": actor})
    store = profiles.scope(tenant).store(LookStore)
    return [await store.get(each["_id"]) for each in await found.sort("_id", 1).to_list(None)]


async def test_opening_a_file_is_recorded_and_published(profiles: Harness):
    helper, document = await a_document(profiles)
    support = new_id("acc")
    async with profiles.client(support, roles=("customer", "support")) as client:
        answer = await client.get(f"/v1/support/documents/{document}/file")
    assert answer.content == A_PDF
    [look] = await looks_of(profiles, support)
    published = await profiles.published(AUDITED, subject=look.id, tenant="vodafone")
    assert published.event.facts == AccessFacts(
        actor_id=support,
        role="support",
        subject_ids=[helper],
        kind="document",
        thing_id=document,
        purpose="file",
        at=look.at,
    )


async def test_a_page_of_the_queue_is_one_look_at_everybody_on_it(profiles: Harness):
    first, _ = await a_document(profiles)
    second, _ = await a_document(profiles)
    admin, shown = new_id("acc"), set()
    url = "/v1/support/documents?limit=50"
    async with profiles.client(admin, roles=("tenant_admin",)) as client:
        while url:
            answer = await client.get(url)
            shown |= {each["helper_id"] for each in answer.json()["data"]}
            url = answer.links["next"]["url"] if "next" in answer.links else ""
    looks = await looks_of(profiles, admin)
    assert {first, second} <= shown
    assert {subject for look in looks for subject in look.subject_ids} == shown
    assert {(look.role, look.thing_id) for look in looks} == {("tenant_admin", None)}


async def test_an_empty_page_shows_nobody(profiles: Harness):
    support = new_id("acc")
    async with profiles.client(support, tenant="swisscom", roles=("support",)) as client:
        answer = await client.get("/v1/support/documents?status=rejected")
    assert answer.json()["data"] == []
    assert await looks_of(profiles, support, "swisscom") == []


async def test_a_decision_is_a_look_each_time_it_is_shown(profiles: Harness):
    _, document = await a_document(profiles)
    support = new_id("acc")
    assert (await decide(profiles, document, by=support)).status_code == 200
    assert (await decide(profiles, document, by=support)).status_code == 409
    assert [look.purpose for look in await looks_of(profiles, support)] == ["decision"] * 2


async def test_what_is_not_there_or_not_allowed_is_no_look(profiles: Harness):
    _, document = await a_document(profiles)
    support, customer = new_id("acc"), new_id("acc")
    async with profiles.client(support, roles=("support",)) as client:
        path = f"/v1/support/documents/{new_id('document')}/file"
        assert (await client.get(path)).status_code == 404
    async with profiles.client(customer) as client:
        path = f"/v1/support/documents/{document}/file"
        assert (await client.get(path)).status_code == 403
    assert await looks_of(profiles, support) == await looks_of(profiles, customer) == []


async def test_ones_own_file_is_shown_without_a_record_and_to_nobody_else(profiles: Harness):
    helper, document = await a_document(profiles)
    other, _ = await a_document(profiles)
    path = f"/v1/helpers/me/documents/{document}/file"
    async with profiles.client(helper) as client:
        mine = await client.get(path)
    assert (mine.status_code, mine.content) == (200, A_PDF)
    assert mine.headers["Content-Disposition"].startswith("attachment")
    assert mine.headers["Cache-Control"] == "no-store"
    for stranger, tenant in ((other, "vodafone"), (helper, "swisscom")):
        async with profiles.client(stranger, tenant=tenant) as client:
            assert (await client.get(path)).status_code == 404
    async with profiles.client(new_id("acc"), roles=("support",)) as client:
        assert (await client.get(path)).status_code == 404
    assert await looks_of(profiles, helper) == []


async def test_a_look_that_cannot_be_recorded_is_refused(
    profiles: Harness, monkeypatch: pytest.MonkeyPatch
):
    _, document = await a_document(profiles)
    database = profiles.runtime.database
    reach = database.collection

    def away(name: str) -> Any:
        if name == LookStore.collection:
            raise Unavailable("the database does not answer")
        return reach(name)

    monkeypatch.setattr(database, "collection", away)
    support = new_id("acc")
    async with profiles.client(support, roles=("support",)) as client:
        file = await client.get(f"/v1/support/documents/{document}/file")
        queue = await client.get("/v1/support/documents")
        decided = await client.post(
            f"/v1/support/documents/{document}/decision", json={"decision": "verified"}
        )
    assert [each.status_code for each in (file, queue, decided)] == [503] * 3
    assert document not in queue.text
    monkeypatch.undo()
    async with profiles.client(support, roles=("support",)) as client:
        pending = await client.get("/v1/support/documents?limit=100")
    assert document in pending.text


async def test_a_republish_tells_of_a_look_again(profiles: Harness):
    helper, document = await a_document(profiles)
    support = new_id("acc")
    await decide(profiles, document, by=support)
    [look] = await looks_of(profiles, support)
    assert LookStore.snapshot is audit.SNAPSHOTS["profiles"]
    assert LookStore.snapshot.is_snapshot
    assert LookStore.facts_of(look).model_dump()["subject_ids"] == [helper]


async def test_a_decision_is_an_act_about_the_helper(profiles: Harness):
    helper, document = await a_document(profiles)
    support = new_id("acc")
    async with profiles.client(support, roles=("support",)) as client:
        body = {"decision": "rejected", "reason": "Nicht lesbar"}
        answer = await client.post(f"/v1/support/documents/{document}/decision", json=body)
    assert answer.status_code == 200, answer.text
    told = (await profiles.published(AUDITED, subject=document, tenant="vodafone")).event.facts
    assert told.act
    assert (told.actor_id, told.role, told.subject_ids) == (support, "support", [helper])
    assert (told.kind, told.thing_id) == ("profiles_review_document", document)
