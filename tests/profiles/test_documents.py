"""Proofs through the HTTP door: handed in, looked at, run out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.profiles.model.document import DocumentStatus
from services.profiles.store import DocumentFiles, DocumentStore, HelperStore
from shared.contracts.profiles import (
    DocumentExpired,
    DocumentReviewed,
    HelperListed,
    HelperUnlisted,
)
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.profiles.builders import (
    A_PDF,
    an_image,
    decide,
    describe,
    hand_in,
    listed,
    own,
    show_photo,
    sit,
)

FORM = "multipart/form-data; boundary=between"


async def a_person(profiles: Harness, tenant: str = "vodafone") -> str:
    person = await profiles.person(tenant=tenant)
    await describe(profiles, person, tenant)
    return person


def where(answer: Any) -> str:
    error = answer.json()["errors"][0]
    return str(error.get("pointer", error.get("parameter")))


async def test_an_insurance_waits_for_support(profiles: Harness):
    person = await a_person(profiles, "swisscom")
    answer = await hand_in(profiles, person, "swisscom", valid_until="2040-01-31")
    assert answer.status_code == 201, answer.text
    view = answer.json()
    assert (view["kind"], view["status"]) == ("insurance", "pending")
    assert view["sum"] == {"amount_minor": 500_000_000, "currency": "CHF"}
    assert view["valid_until"] == "2040-01-31T23:00:00.000Z"
    async with profiles.client(person, tenant="swisscom") as client:
        listed_documents = (await client.get("/v1/helpers/me/documents")).json()["data"]
    assert [each["id"] for each in listed_documents] == [view["id"]]


async def test_verification_lists_a_swisscom_helper_and_publishes(profiles: Harness):
    person = await profiles.person(tenant="swisscom")
    await describe(profiles, person, "swisscom")
    await show_photo(profiles, person, tenant="swisscom")
    await sit(profiles, person, tenant="swisscom")
    assert (await own(profiles, person, "swisscom"))["missing"] == ["document:insurance"]
    document = (await hand_in(profiles, person, "swisscom")).json()["id"]
    decided = await decide(profiles, document, tenant="swisscom")
    assert (decided.status_code, decided.json()["status"]) == (200, "verified")
    view = await own(profiles, person, "swisscom")
    assert (view["status"], view["missing"], view["insured"]) == ("listed", [], True)
    reviewed = await profiles.published(DocumentReviewed, subject=person, tenant="swisscom")
    await profiles.published(HelperListed, subject=person, tenant="swisscom")
    assert reviewed.event.facts.insured_until is not None


async def test_a_rejection_has_a_reason_that_its_helper_reads(profiles: Harness):
    person = await a_person(profiles)
    document = (await hand_in(profiles, person)).json()["id"]
    nameless = await decide(profiles, document, "rejected")
    assert (nameless.status_code, where(nameless)) == (422, "/reason")
    assert (await decide(profiles, document, "rejected", "blurred")).status_code == 200
    async with profiles.client(person) as client:
        (shown,) = (await client.get("/v1/helpers/me/documents")).json()["data"]
    assert (shown["status"], shown["reason"]) == ("rejected", "blurred")
    assert "decided_by" not in shown


async def test_a_document_is_decided_once(profiles: Harness):
    document = (await hand_in(profiles, await a_person(profiles))).json()["id"]
    await decide(profiles, document)
    for decision in ("rejected", "verified"):
        again = await decide(profiles, document, decision, "changed my mind")
        assert (again.status_code, again.json()["code"]) == (409, "document_reviewed")


async def test_a_decision_that_was_cut_short_is_mended_by_the_next_try(profiles: Harness):
    person = await a_person(profiles)
    document_id = (await hand_in(profiles, person)).json()["id"]
    await decide(profiles, document_id)
    documents = profiles.scope().store(DocumentStore)

    def forget(document: Any) -> None:
        document.status = DocumentStatus.PENDING
        document.review = document.due_at = None

    await documents.update(document_id, forget)
    other = await decide(profiles, document_id, "rejected", "no")
    assert other.status_code == 409
    assert (await documents.get(document_id)).status == "verified"


async def test_nobody_reviews_their_own_documents(profiles: Harness):
    person = await a_person(profiles)
    document = (await hand_in(profiles, person)).json()["id"]
    refused = await decide(profiles, document, by=person)
    assert (refused.status_code, refused.json()["code"]) == (403, "own_document")


async def test_the_queue_is_for_support(profiles: Harness):
    person = await a_person(profiles)
    document = (await hand_in(profiles, person)).json()["id"]
    async with profiles.client(person) as client:
        for method, path in [
            ("GET", "/v1/support/documents"),
            ("GET", f"/v1/support/documents/{document}/file"),
            ("POST", f"/v1/support/documents/{document}/decision"),
        ]:
            answer = await client.request(method, path, json=None)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_another_tenants_support_finds_nothing(profiles: Harness):
    document = (await hand_in(profiles, await a_person(profiles))).json()["id"]
    assert (await decide(profiles, document, tenant="swisscom")).status_code == 404
    async with profiles.client(new_id("acc"), tenant="swisscom", roles=("support",)) as client:
        assert (await client.get(f"/v1/support/documents/{document}/file")).status_code == 404
        queue = (await client.get("/v1/support/documents?limit=100")).json()["data"]
    assert document not in [each["id"] for each in queue]


async def test_support_pages_through_the_queue_oldest_first(profiles: Harness):
    person = await a_person(profiles)
    handed_in = [(await hand_in(profiles, person)).json()["id"] for _ in range(3)]
    found: list[str] = []
    async with profiles.client(new_id("acc"), roles=("support",)) as client:
        url = "/v1/support/documents?status=pending&limit=2"
        while url:
            answer = await client.get(url)
            page = answer.json()
            found += [each["id"] for each in page["data"] if each["helper_id"] == person]
            url = answer.links["next"]["url"] if page["next_cursor"] else ""
        assert found == handed_in
        assert page["data"][-1]["holder"] == "Ada Berger"
        odd = await client.get("/v1/support/documents?status=lost")
        assert (odd.status_code, where(odd)) == (422, "status")


async def test_support_opens_the_file(profiles: Harness):
    document = (await hand_in(profiles, await a_person(profiles))).json()["id"]
    async with profiles.client(new_id("acc"), roles=("support",)) as client:
        answer = await client.get(f"/v1/support/documents/{document}/file")
    assert answer.content == A_PDF
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_photographed_document_is_encoded_anew(profiles: Harness):
    file = an_image("PNG", (3_000, 100))
    answer = await hand_in(profiles, await a_person(profiles), file=file)
    assert (answer.status_code, answer.json()["content_type"]) == (201, "image/jpeg")


async def test_an_identity_has_neither_insurer_nor_sum(profiles: Harness):
    person = await a_person(profiles)
    bare: dict[str, Any] = {
        "insurer": None,
        "policy_number": None,
        "sum_minor": None,
        "covers_paid_work": None,
    }
    answer = await hand_in(profiles, person, kind="identity", valid_until=None, **bare)
    assert (answer.status_code, answer.json()["valid_until"]) == (201, None)
    odd = await hand_in(profiles, person, kind="identity", **(bare | {"insurer": "Allianz"}))
    assert (odd.status_code, where(odd)) == (422, "/insurer")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"kind": "diploma"}, "/kind"),
        ({"kind": None}, "/kind"),
        ({"insurer": None}, "/insurer"),
        ({"insurer": "x" * 121}, "/insurer"),
        ({"insurer": "two\nlines"}, "/insurer"),
        ({"policy_number": None}, "/policy_number"),
        ({"sum_minor": None}, "/sum_minor"),
        ({"sum_minor": "0"}, "/sum_minor"),
        ({"sum_minor": "-5"}, "/sum_minor"),
        ({"sum_minor": "5.5"}, "/sum_minor"),
        ({"sum_minor": "9" * 20}, "/sum_minor"),
        ({"covers_paid_work": None}, "/covers_paid_work"),
        ({"covers_paid_work": "perhaps"}, "/covers_paid_work"),
        ({"valid_until": None}, "/valid_until"),
        ({"valid_until": "2020-01-01"}, "/valid_until"),
        ({"valid_until": "tomorrow"}, "/valid_until"),
        ({"valid_until": "9999-12-31"}, "/valid_until"),
        ({"surprise": "1"}, "/surprise"),
        ({"insurer": ["Allianz", "Axa"]}, "/insurer"),
    ],
)
async def test_a_bad_form_names_the_field(profiles: Harness, fields: dict[str, Any], pointer: str):
    answer = await hand_in(profiles, await a_person(profiles), **fields)
    assert (answer.status_code, where(answer)) == (422, pointer), answer.text


@pytest.mark.parametrize(
    ("file", "status"),
    [
        (b"MZ\x90\x00 this is a program", 415),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
        (b"%PDF-1.4 cut off", 422),
        (b"", 422),
        (A_PDF + b" " * 10 * 1024 * 1024, 413),
    ],
)
async def test_a_bad_file_is_refused(profiles: Harness, file: bytes, status: int):
    person = await a_person(profiles)
    assert (await hand_in(profiles, person, file=file)).status_code == status
    async with profiles.client(person) as client:
        assert (await client.get("/v1/helpers/me/documents")).json()["data"] == []


async def test_json_is_no_form(profiles: Harness):
    async with profiles.client(await a_person(profiles)) as client:
        answer = await client.post("/v1/helpers/me/documents", json={"kind": "identity"})
    assert answer.status_code == 415


async def test_an_insurance_without_paid_work_is_not_verified(profiles: Harness):
    person = await a_person(profiles)
    document = (await hand_in(profiles, person, covers_paid_work="false")).json()["id"]
    refused = await decide(profiles, document)
    assert (refused.status_code, refused.json()["code"]) == (409, "document_not_verifiable")
    assert (await decide(profiles, document, "rejected", "not for work")).status_code == 200


async def test_five_documents_at_most_wait_for_support(profiles: Harness):
    person = await a_person(profiles)
    for _ in range(5):
        assert (await hand_in(profiles, person)).status_code == 201
    sixth = await hand_in(profiles, person)
    assert (sixth.status_code, sixth.json()["code"]) == (409, "too_many_documents")


async def test_a_repeated_request_keeps_one_document_and_one_file(profiles: Harness):
    person = await a_person(profiles)
    key = {"Idempotency-Key": new_id("key")}
    files = profiles.runtime.database.handle[f"{DocumentFiles.bucket}.files"]
    # The date would differ around midnight, and so the body; the boundary of the form is fixed.
    same: dict[str, Any] = {"valid_until": "2040-01-31", "headers": key | {"Content-Type": FORM}}
    before = await files.count_documents({})
    first, again = [await hand_in(profiles, person, **same) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201), again.text
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()
    other = await hand_in(profiles, person, **same, insurer="Axa")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await files.count_documents({}) == before + 1


async def test_documents_need_a_profile(profiles: Harness):
    assert (await hand_in(profiles, await profiles.person())).status_code == 404


async def test_an_insurance_that_runs_out_unlists_where_it_is_required(clock: Harness):
    person = await listed(clock, "swisscom")
    clock.travel(timedelta(days=302))
    await clock.published(DocumentExpired, subject=person, tenant="swisscom")
    unlisted = await clock.published(HelperUnlisted, subject=person, tenant="swisscom")
    assert unlisted.event.facts.status == "unlisted"
    helper = await clock.scope("swisscom").store(HelperStore).get(person)
    assert helper.missing() == ["document:insurance"]

    async def expired() -> bool:
        found = await clock.scope("swisscom").store(DocumentStore).of_helper(person, None, 1)
        return found[0].status == "expired"

    assert await clock.eventually(expired)


async def test_where_it_is_optional_it_only_loses_the_label(clock: Harness):
    person = await listed(clock)
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    document = (await hand_in(clock, person, valid_until=until)).json()["id"]
    await decide(clock, document)
    assert (await own(clock, person))["insured"]
    clock.travel(timedelta(days=31))
    await clock.published(DocumentExpired, subject=person)
    view = await own(clock, person)
    assert (view["status"], view["insured"]) == ("listed", False)
