"""Damage claims through the API, with a real database and a real broker."""

import io
from datetime import timedelta

import pytest
from PIL import Image

from services.jobs.model.claim import Claim
from services.jobs.privacy import JobsData
from services.jobs.store import ClaimStore, EvidenceFiles
from shared.contracts import audit
from shared.contracts.jobs import (
    ClaimEscalated,
    ClaimRejected,
    ClaimReported,
    ClaimSettled,
)
from shared.contracts.privacy import ErasureFacts, ErasureRequested
from shared.kernel.errors import NotFound
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.jobs.claims import (
    NOTICE,
    SUPPORT,
    a_claim,
    a_picture,
    a_visit,
    act,
    look,
    looks_by,
    notice,
    report,
    show,
)
from tests.jobs.journey import DAY, Story, a_helper, ask, money


async def stored(story: Story, claim: str) -> Claim:
    return await story.jobs.scope(story.tenant).store(ClaimStore).get(claim)


@pytest.mark.parametrize("tenant", ["vodafone", "swisscom"])
async def test_a_broken_vase_is_reported_shown_offered_and_settled(jobs: Harness, tenant: str):
    story, claim = await a_claim(jobs, tenant)
    assert (claim["state"], claim["role"]) == ("reported", "claimant")
    assert claim["allowed"] == ["evidence", "withdraw"]
    shown = await show(story, claim["id"], by=story.customer, note="what is left of it")
    assert shown.status_code == 201, shown.text
    [evidence] = shown.json()["evidence"]
    assert evidence["note"] == "what is left of it"
    amount = {"amount": money(9000, notice(tenant)["estimated_loss"]["currency"])}
    offered = await act(story, claim["id"], "offer", amount, by=story.helper)
    assert offered.json()["state"] == "offered"
    offer = {"offer_id": offered.json()["offer"]["id"]}
    settled = await act(story, claim["id"], "accept", offer, by=story.customer)
    assert settled.status_code == 200, settled.text
    assert settled.json()["settlement"]["amount"] == amount["amount"]
    assert settled.headers["etag"] == '"4"'
    facts = (await jobs.published(ClaimSettled, subject=claim["id"], tenant=tenant)).event.facts
    assert (facts.settled.amount_minor, facts.evidence) == (9000, 1)
    told = [each.event.facts.model_dump_json() for each in jobs.heard(claim["id"])]
    assert not any("Vase" in text or "shelf" in text for text in told)


async def test_evidence_loses_its_metadata_and_is_sealed(jobs: Harness):
    story, claim = await a_claim(jobs)
    shown = await show(story, claim["id"], a_picture(hidden=b"Secret Camera"), by=story.helper)
    [evidence] = shown.json()["evidence"]
    for reader in (story.customer, story.helper):
        file = await look(story, evidence["file_url"], by=reader)
        assert (file.status_code, file.headers["content-type"]) == (200, "image/jpeg")
        assert file.headers["content-disposition"].startswith("attachment")
        assert file.headers["cache-control"] == "no-store"
        assert b"Secret Camera" not in file.content
        assert Image.open(io.BytesIO(file.content)).size == (60, 40)
    chunks = jobs.runtime.database.collection(f"{EvidenceFiles.bucket}.chunks")
    [kept] = (await stored(story, claim["id"])).evidence
    found = await chunks.find({"files_id": f"vodafone|{kept.file_id}"}).to_list(None)
    assert found
    assert not any(file.content[:100] in chunk["data"] for chunk in found)


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"GIF89a" + b"\0" * 50, 415), (b"", 422), (b"\xff\xd8\xff\xe0" + b"\0" * 200, 422)],
)
async def test_evidence_that_is_no_picture_changes_nothing(
    jobs: Harness, content: bytes, status: int
):
    story, claim = await a_claim(jobs)
    refused = await show(story, claim["id"], content, by=story.customer)
    assert refused.status_code == status, refused.text
    kept = await stored(story, claim["id"])
    assert (kept.version, kept.evidence) == (1, [])


async def test_a_repeated_upload_is_one_file(jobs: Harness):
    story, claim = await a_claim(jobs)
    picture, key = a_picture(), new_id("key")
    async with jobs.client(story.customer) as client:
        sent = client.build_request(
            "POST",
            f"/v1/claims/{claim['id']}/evidence",
            files={"file": ("vase.jpg", picture, "image/jpeg")},
            headers={"Idempotency-Key": key},
        )
        content = await sent.aread()
        first = await client.send(sent)
        again = await client.post(
            f"/v1/claims/{claim['id']}/evidence",
            content=content,
            headers={"Idempotency-Key": key, "Content-Type": sent.headers["content-type"]},
        )
    assert again.status_code == first.status_code == 201
    assert again.headers["idempotent-replayed"] == "true"
    assert again.content == first.content
    assert len((await stored(story, claim["id"])).evidence) == 1


async def test_a_claim_needs_a_key_and_is_made_once(jobs: Harness):
    story = await a_visit(jobs)
    missing = await report(story, key=None)
    assert (missing.status_code, missing.json()["code"]) == (422, "idempotency_key_required")
    key = new_id("key")
    first = await report(story, key=key)
    jobs.travel(60 * DAY)
    again = await report(story, key=key)
    assert (first.status_code, again.content) == (201, first.content)
    other = await report(story, key=key, body=notice(item="Lamp"))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_damage_is_reported_within_fourteen_days(jobs: Harness):
    story = await ask(jobs)
    await story.complete()
    jobs.travel(13 * DAY)
    assert (await report(story)).status_code == 201
    jobs.travel(15 * DAY)
    late = await report(story, by=story.helper)
    assert (late.status_code, late.json()["code"]) == (409, "claim_too_late")


async def test_before_a_visit_there_is_nothing_to_report(jobs: Harness):
    story = await ask(jobs)
    await story.book()
    early = await report(story)
    assert (early.status_code, early.json()["code"]) == (409, "visit_not_begun")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"item": ""}, "/item"),
        ({"item": "x" * 121}, "/item"),
        ({"item": "two\nlines"}, "/item"),
        ({"incident": ""}, "/incident"),
        ({"incident": "x" * 4001}, "/incident"),
        ({"estimated_loss": money(0)}, "/estimated_loss/amount_minor"),
        ({"estimated_loss": money(10_000_001)}, "/estimated_loss/amount_minor"),
        ({"estimated_loss": money(1, "CHF")}, "/estimated_loss/currency"),
        ({"estimated_loss": {"amount_minor": 1.5, "currency": "EUR"}}, None),
        ({"estimated_loss": {"$gt": 0}}, None),
        ({"blame": "the cat"}, "/blame"),
    ],
)
async def test_a_bad_notice_names_its_field(jobs: Harness, changes: dict, pointer: str | None):
    story = await a_visit(jobs)
    refused = await report(story, body=notice() | changes)
    assert refused.status_code == 422, refused.text
    errors = refused.json()["errors"]
    assert errors
    assert pointer in (None, errors[0]["pointer"])
    assert (await look(story, "/v1/claims", by=story.customer)).json()["data"] == []


async def test_strangers_and_other_tenants_learn_nothing(jobs: Harness):
    story, claim = await a_claim(jobs)
    shown = await show(story, claim["id"], by=story.customer)
    [evidence] = shown.json()["evidence"]
    stranger = await a_helper(jobs)
    foreign = await jobs.person(tenant="swisscom")
    unknown = new_id("claim")
    for who, tenant, roles in (
        (stranger, "vodafone", ("customer", "helper")),
        (foreign, "swisscom", SUPPORT),
    ):
        async with jobs.client(who, tenant=tenant, roles=roles) as client:
            for path in (f"/v1/claims/{claim['id']}", evidence["file_url"]):
                real = await client.get(path)
                false = await client.get(path.replace(claim["id"], unknown))
                assert real.status_code == false.status_code == 404
                assert real.json()["detail"] == false.json()["detail"]
            for command, body in (
                ("withdraw", None),
                ("offer", {"amount": money(1)}),
                ("reject", {"reason": "no"}),
            ):
                path = f"/v1/claims/{claim['id']}/{command}"
                given = await client.post(path, json=body) if body else await client.post(path)
                assert given.status_code == 404, given.text
                stale = await client.post(path, headers={"If-Match": '"99"'}, json=body or {})
                assert stale.status_code == 404
            assert (await client.get("/v1/claims")).json()["data"] == []
    outsider = await story.post("claims", notice(), by=stranger)
    assert outsider.status_code == 404


async def test_the_wrong_side_and_the_wrong_moment_are_told_apart(jobs: Harness):
    story, claim = await a_claim(jobs)
    wrong = await act(story, claim["id"], "contest", {"reason": "no"}, by=story.customer)
    assert (wrong.status_code, wrong.json()["code"]) == (403, "not_your_command")
    early = await act(story, claim["id"], "accept", {"offer_id": "x"}, by=story.customer)
    assert (early.status_code, early.json()["code"]) == (409, "illegal_transition")
    assert early.json()["allowed"] == ["evidence", "withdraw"]
    stale = await act(
        story, claim["id"], "withdraw", by=story.customer, headers={"If-Match": '"9"'}
    )
    assert stale.status_code == 412


async def test_each_side_lists_its_claims_newest_first(jobs: Harness):
    story, first = await a_claim(jobs)
    second = (await report(story, by=story.helper)).json()
    for who in (story.customer, story.helper):
        page = (await look(story, "/v1/claims", by=who, limit=1)).json()
        assert [each["id"] for each in page["data"]] == [second["id"]]
        rest = await look(story, "/v1/claims", by=who, limit=1, cursor=page["next_cursor"])
        assert [each["id"] for each in rest.json()["data"]] == [first["id"]]
        assert rest.json()["next_cursor"] is None


async def test_support_finds_what_waits_for_it_and_each_look_is_recorded(jobs: Harness):
    story, claim = await a_claim(jobs)
    shown = await show(story, claim["id"], by=story.customer)
    await act(story, claim["id"], "contest", {"reason": "it stood there"}, by=story.helper)
    await jobs.published(ClaimEscalated, subject=claim["id"])
    supporter = await jobs.person("Sue Support")
    listed = await look(story, "/v1/support/claims", by=supporter, roles=SUPPORT, limit=100)
    assert claim["id"] in [each["id"] for each in listed.json()["data"]]
    assert (await look(story, "/v1/support/claims", by=story.customer)).status_code == 403
    [evidence] = shown.json()["evidence"]
    await look(story, f"/v1/claims/{claim['id']}", by=supporter, roles=SUPPORT)
    file = await look(story, evidence["file_url"], by=supporter, roles=SUPPORT)
    assert file.status_code == 200
    decided = await act(
        story, claim["id"], "reject", {"reason": "no proof"}, by=supporter, roles=SUPPORT
    )
    assert decided.json()["state"] == "rejected"
    assert decided.json()["timeline"][-1]["reason"] == "no proof"
    looks = await looks_by(jobs, supporter)
    assert [each["purpose"] for each in looks] == ["", "read", "file", "decision"]
    assert all({story.customer, story.helper} <= set(each["subject_ids"]) for each in looks)
    audited = await jobs.published(audit.AUDITED["jobs"], subject=looks[2]["_id"])
    assert audited.event.facts.thing_id == claim["id"]


async def test_a_partys_own_look_is_none(jobs: Harness):
    story, claim = await a_claim(jobs)
    await look(story, f"/v1/claims/{claim['id']}", by=story.helper)
    assert await looks_by(jobs, story.helper) == []


async def test_a_side_that_says_nothing_leaves_it_to_support(jobs: Harness):
    _, claim = await a_claim(jobs)
    jobs.travel(8 * DAY)
    begun = await jobs.published(ClaimEscalated, subject=claim["id"])
    assert begun.event.facts.reviews == 1


async def test_evidence_that_does_not_come_ends_the_claim(jobs: Harness):
    story, claim = await a_claim(jobs)
    supporter = await jobs.person()
    asked = await act(
        story,
        claim["id"],
        "request-evidence",
        {"reason": "the bill"},
        by=supporter,
        roles=SUPPORT,
    )
    assert asked.json()["state"] == "evidence_requested"
    jobs.travel(14 * DAY + timedelta(minutes=1))
    await jobs.published(ClaimRejected, subject=claim["id"])


async def test_an_insurer_pays(jobs: Harness):
    story, claim = await a_claim(jobs)
    insurer = {"insurer": "Allsafe", "reference": "A-4711"}
    referred = await act(story, claim["id"], "refer-to-insurer", insurer, by=story.helper)
    assert referred.json()["insurer"] == {"name": "Allsafe", "reference": "A-4711"}
    paid = await act(story, claim["id"], "settle", {"amount": money(11000)}, by=story.customer)
    assert paid.json()["settlement"]["amount"] == money(11000)
    told = [each.event.facts.model_dump_json() for each in jobs.heard(claim["id"])]
    assert not any("4711" in text for text in told)


async def test_a_claim_outlives_its_job_and_keeps_its_sides_from_being_forgotten(jobs: Harness):
    story = await ask(jobs)
    await story.complete()
    claim = (await report(story)).json()
    insurer = {"insurer": "Allsafe", "reference": "A-1"}
    await act(story, claim["id"], "refer-to-insurer", insurer, by=story.helper)
    jobs.travel(20 * DAY)

    async def closed() -> bool:
        return (await story.stored()).state == "closed"

    await jobs.eventually(closed)
    for person in (story.customer, story.helper):
        matters = await JobsData().open_matters(person, jobs.scope())
        assert matters == [f"claim:{claim['id']}"]
    await act(story, claim["id"], "settle", {"amount": money(1)}, by=story.customer)
    assert await JobsData().open_matters(story.customer, jobs.scope()) == []


async def test_the_wish_to_be_forgotten_is_told_of_the_open_claim(jobs: Harness):
    story, claim = await a_claim(jobs)
    now = jobs.scope().now
    facts = ErasureFacts(
        person_id=story.helper, state="checking", round=1, asked_at=now, deadline_at=now + 30 * DAY
    )
    await jobs.deliver(ErasureRequested(facts), subject=new_id("erasure"))
    answers = jobs.runtime.database.collection("privacy_answers")
    [answer] = await answers.find({"person_id": story.helper}).to_list(None)
    assert f"claim:{claim['id']}" in answer["open_matters"]


async def test_with_a_party_go_words_and_files_but_not_amounts(jobs: Harness):
    story, claim = await a_claim(jobs)
    await show(story, claim["id"], by=story.customer, note="splinters")
    exported = await JobsData().export(story.customer, jobs.scope())
    assert len(exported.files) == 1
    assert exported.data["claims"][0].item == NOTICE["item"]
    assert (await JobsData().export(story.helper, jobs.scope())).files == []
    [evidence] = (await stored(story, claim["id"])).evidence
    await act(story, claim["id"], "withdraw", {"reason": "glued"}, by=story.customer)
    for _ in range(2):
        await JobsData().erase(story.customer, jobs.scope())
    with pytest.raises(NotFound):
        await jobs.scope().store(EvidenceFiles).get(evidence.file_id)
    left = (await look(story, f"/v1/claims/{claim['id']}", by=story.helper)).json()
    assert (left["item"], left["incident"], left["evidence"]) == ("", "", [])
    assert left["estimated_loss"] == money(12000)
    document = await jobs.runtime.database.collection("claims").find_one({"_id": claim["id"]})
    text = str({name: value for name, value in document.items() if name != "outbox"})
    assert not any(word in text for word in ("Vase", "shelf", "splinters", "glued"))


async def test_a_claim_is_published_when_it_is_reported(jobs: Harness):
    story, claim = await a_claim(jobs)
    facts = (await jobs.published(ClaimReported, subject=claim["id"])).event.facts
    assert (facts.job_id, facts.claimant_id, facts.respondent_id) == (
        story.id,
        story.customer,
        story.helper,
    )
    assert facts.estimated_loss.amount_minor == 12000
