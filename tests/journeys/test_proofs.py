"""A proof's way: handed in, seen by its owner and support alone, each look told, decided."""

import asyncio
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image
from pymongo import MongoClient

from deploy.local.people import Person
from deploy.local.story import BERLIN, ZURICH
from tests.isolation.conftest import Recorder
from tests.journeys.pair import Pair
from tests.platform import Platform
from tests.profiles.builders import a_pdf

AUDITED = "profiles.access_audited.v1"
OTHER = {"vodafone": "swisscom", "swisscom": "vodafone"}


@pytest.fixture(scope="module", params=[BERLIN, ZURICH], ids=lambda cast: cast.tenant)
def pair(request: pytest.FixtureRequest, platform: Platform) -> Iterator[Pair]:
    made = Pair.begin(platform, request.param)
    yield made
    made.close()


@pytest.fixture
def recorder(platform: Platform) -> Iterator[Recorder]:
    made = Recorder(platform.stack.broker_url)
    asyncio.run(made.begin())
    yield made
    asyncio.run(made.end())


def in_a_year() -> str:
    return (datetime.now(UTC) + timedelta(days=300)).date().isoformat()


def waiting(pair: Pair, status: str = "pending") -> list[Any]:
    """This helper's in support's queue."""
    queue = pair.support.get("/v1/support/documents", status=status, limit=100)["data"]
    return [each for each in queue if each["helper_id"] == pair.helper.id]


def looks(pair: Pair, recorder: Recorder) -> list[tuple[str | None, str]]:
    """What was told of looks at this helper's data: at which thing, and for what. No acts."""
    messages = asyncio.run(recorder.latest_of(pair.cast.tenant))
    facts = [json.loads(each.body) for each in messages if each.type == AUDITED]
    mine = [each for each in facts if pair.helper.id in each["subject_ids"] and not each["act"]]
    assert {each["actor_id"] for each in mine} <= {pair.support.id}
    assert {(each["kind"], each["role"]) for each in mine} <= {("document", "support")}
    return sorted((each["thing_id"] or "", each["purpose"]) for each in mine)


def test_a_proof_goes_its_way_and_every_look_at_it_is_told(pair: Pair, recorder: Recorder):
    helper, support = pair.helper, pair.support
    demanded = helper.get("/v1/tenant")["rules"]["insurance_required"]
    assert ("document:insurance" in helper.get("/v1/helpers/me")["missing"]) == demanded

    # Handed in: an image is encoded anew, a PDF stays as it is; both wait, the oldest first.
    first = pair.hand_in(in_a_year())
    second = pair.hand_in(in_a_year(), a_pdf(), policy_number="G-2")
    assert (first.status, second.status) == (201, 201), (first.body, second.body)
    photographed, printed = first.body["id"], second.body["id"]
    assert first.body["sum"] == pair.money(500_000_000)
    own = f"/v1/helpers/me/documents/{photographed}/file"
    file = helper._client.get(own)
    assert file.headers["content-type"] == "image/jpeg"
    assert file.headers["content-disposition"].startswith("attachment")
    assert not dict(Image.open(io.BytesIO(file.content)).getexif())
    assert looks(pair, recorder) == []
    assert [each["id"] for each in waiting(pair)] == [photographed, printed]
    assert {each["holder"] for each in waiting(pair)} == {pair.cast.helper}
    assert support._client.get(f"/v1/support/documents/{printed}/file").content == a_pdf()

    # Rejected, with a reason that its helper reads; nobody decides twice.
    assert pair.decide(printed, "rejected").status == 422
    assert pair.decide(printed, "rejected", "Die Police gehört jemand anderem").status == 200
    assert pair.decide(printed, "verified").status == 409
    [_, shown] = sorted(
        helper.get("/v1/helpers/me/documents")["data"], key=lambda each: each["submitted_at"]
    )
    assert (shown["id"], shown["status"]) == (printed, "rejected")
    assert shown["reason"] == "Die Police gehört jemand anderem"
    assert not helper.get("/v1/helpers/me")["insured"]

    # Verified: it counts at once, and waits no more.
    assert pair.decide(photographed, "verified").status == 200
    me = helper.get("/v1/helpers/me")
    assert (me["insured"], "document:insurance" in me["missing"]) == (True, False)
    assert waiting(pair) == []
    assert [each["id"] for each in waiting(pair, "verified")] == [photographed]

    # Four looks at the queue of which the last found nobody; a file; decisions, also refused ones.
    expected = sorted(
        [("", "")] * 3
        + [(printed, "file"), (printed, "decision"), (printed, "decision")]
        + [(photographed, "decision")]
    )
    helper.until(lambda: looks(pair, recorder) == expected, f"the looks {expected}")


def test_nobody_else_finds_a_proof(pair: Pair, platform: Platform):
    document = pair.hand_in(in_a_year()).body["id"]
    own, review = f"/v1/helpers/me/documents/{document}/file", f"/v1/support/documents/{document}"
    with platform.person(pair.cast.tenant, "Nele Nachbarin").join() as neighbour:
        assert neighbour.ask("GET", own).status == 404
        for path in (f"{review}/file", "/v1/support/documents"):
            assert neighbour.ask("GET", path).status == 403
        decision = {"decision": "verified"}
        assert neighbour.ask("POST", f"{review}/decision", decision).status == 403
    with platform.visitor(pair.cast.tenant) as visitor:
        assert visitor.ask("GET", own).status == visitor.ask("GET", f"{review}/file").status == 401
    assert pair.helper.ask("POST", f"{review}/decision", {"decision": "verified"}).status == 403
    # Support reads by support's way alone, and only its own tenant's.
    assert pair.support.ask("GET", own).status == 404
    with _support_of(platform, OTHER[pair.cast.tenant]) as foreign:
        assert foreign.ask("GET", f"{review}/file").status == 404
        assert foreign.ask("POST", f"{review}/decision", {"decision": "verified"}).status == 404
        queue = foreign.get("/v1/support/documents", limit=100)["data"]
        assert document not in [each["id"] for each in queue]
    assert [each["id"] for each in waiting(pair)] == [document]
    assert pair.decide(document, "rejected", "Doppelt").status == 200


def _support_of(platform: Platform, tenant: str) -> Person:
    person = platform.person(tenant, "Sam Support").join()
    role = {"email": person.address, "role": "support"}
    platform.admin.request("POST", f"/v1/admin/tenants/{tenant}/roles", role)
    person.log_in()
    return person


def test_nobody_reviews_their_own_proof(pair: Pair, platform: Platform):
    role = {"email": pair.helper.address, "role": "support"}
    path = f"/v1/admin/tenants/{pair.cast.tenant}/roles"
    document = pair.hand_in(in_a_year()).body["id"]
    platform.admin.request("POST", path, role)
    pair.helper.log_in()
    decision = {"decision": "verified"}
    own = pair.helper.ask("POST", f"/v1/support/documents/{document}/decision", decision)
    assert (own.status, own.body["code"]) == (403, "own_document")
    assert pair.decide(document, "rejected", "Doppelt").status == 200


def test_whoever_has_the_database_has_no_proof(platform: Platform):
    """What lies there is no image, and each tenant's is sealed for itself."""
    client: MongoClient[Any] = MongoClient(platform.stack.database_url)
    with client:
        for cast in (BERLIN, ZURICH):
            pair = Pair.begin(platform, cast)
            document = pair.hand_in(in_a_year()).body["id"]
            [row] = client["profiles"]["documents"].find({"_id": document})
            key = f"{cast.tenant}|{row['file_id']}"
            [chunk] = client["profiles"]["document_files.chunks"].find({"files_id": key})
            assert len(chunk["data"]) > 1000
            for mark in (b"\xff\xd8\xff", b"JFIF"):
                assert mark not in chunk["data"][:4096]
            pair.close()
