"""What goes wrong by people's doing: each a clear problem document, and nothing changed."""

import io
import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image

from deploy.local.people import Answer, Person, Visitor
from deploy.local.story import BERLIN, ZURICH, Story
from tests.platform import Platform
from tests.shared.tokens import TokenMaker

CREATE = {"If-None-Match": "*"}


def refused(answer: Answer, status: int, code: str, where: str = "") -> None:
    """A problem document of the right kind that names the field."""
    assert answer.status == status, answer.body
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.body
    assert problem["code"] == code
    assert problem["status"] == status
    assert problem["request_id"]
    if where:
        fields = [error.get("pointer", error.get("parameter")) for error in problem["errors"]]
        assert where in fields


@pytest.fixture(scope="module")
def customer(platform: Platform) -> Iterator[Person]:
    with platform.person("vodafone", "Clara Kunde") as person:
        yield person.join()


@pytest.fixture(scope="module")
def helper(platform: Platform) -> Iterator[Person]:
    """Registered and verified, with a profile but not listed."""
    with platform.person("vodafone", "Hakan Helfer") as person:
        person.join()
        body = a_profile()
        person.until(
            lambda: person.ask("PUT", "/v1/helpers/me", body, headers=CREATE).status == 201,
            "the profile",
        )
        yield person


@pytest.fixture(scope="module")
def booked(platform: Platform) -> Story:
    """A story told as far as the booking."""
    story = platform.story(BERLIN)
    story._join()
    story._qualify()
    story._find_and_write()
    story._book()
    return story


def a_profile(**fields: Any) -> dict[str, Any]:
    return {
        "headline": "Hilfe im Kiez",
        "bio": "",
        "skills": ["wifi"],
        "languages": ["de"],
        "hourly_rate": {"amount_minor": 1500, "currency": "EUR"},
        "min_minutes": 30,
        "place": {"lat": 52.5, "lon": 13.4},
        "radius_m": 5000,
        "trader_status": "private",
        "availability": {"weekly": [], "exceptions": []},
    } | fields


def a_request(helper_id: str, **fields: Any) -> dict[str, Any]:
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=3)
    slot = {"start": start.isoformat(), "end": (start + timedelta(hours=2)).isoformat()}
    return {
        "helper_id": helper_id,
        "category": "wifi",
        "title": "WLAN",
        "description": "Es geht nicht.",
        "address": {"street": "Weg 1", "postcode": "10961", "city": "Berlin"},
        "place": {"lat": 52.4986, "lon": 13.4034},
        "slots": [slot],
    } | fields


def test_a_wrong_code_verifies_nobody(platform: Platform):
    with platform.person("vodafone") as person:
        person.register()
        body = {"email": person.address, "code": "000000"}
        refused(person.ask("POST", "/v1/accounts/verify", body), 422, "invalid_code", "/code")
        person.log_in()
        assert person.get("/v1/me")["email_verified"] is False


def test_a_leaked_shape_of_password_is_refused(platform: Platform):
    with platform.visitor("vodafone") as visitor:
        body = {
            "email": "weak@people.example",
            "password": "Password12345",
            "display_name": "W",
            "language": "de",
        }
        refused(visitor.ask("POST", "/v1/accounts", body), 422, "weak_password", "/password")


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"hourly_rate": {"amount_minor": 3001, "currency": "EUR"}}, "/hourly_rate"),
        ({"hourly_rate": {"amount_minor": 699, "currency": "EUR"}}, "/hourly_rate"),
        ({"hourly_rate": {"amount_minor": 1500, "currency": "CHF"}}, "/hourly_rate"),
        ({"skills": ["plumbing"]}, "/skills/0"),
        ({"place": {"lat": 48.137, "lon": 11.575}}, "/place"),
        ({"place": {"lat": 91, "lon": 13}}, "/place/lat"),
        ({"bio": "x" * 4001}, "/bio"),
        ({"radius_m": 50_001}, "/radius_m"),
    ],
)
def test_a_profile_outside_the_rules_names_the_field(
    helper: Person, fields: dict[str, Any], where: str
):
    before = helper.ask("GET", "/v1/helpers/me")
    answer = helper.ask(
        "PUT",
        "/v1/helpers/me",
        a_profile(**fields),
        headers={"If-Match": before.headers["etag"]},
    )
    assert answer.status == 422, answer.body
    pointers = [error["pointer"] for error in answer.body["errors"]]
    assert any(pointer.startswith(where) for pointer in pointers), pointers
    assert helper.ask("GET", "/v1/helpers/me").headers["etag"] == before.headers["etag"]


def a_bomb() -> bytes:
    """A PNG of a few kilobytes that claims 30,000 x 30,000 pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        length = struct.pack(">I", len(content))
        return length + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000))
    ending = chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + ending


def an_image(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "declared", "status"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", 415),
        (b"this is a letter, not a picture", "image/jpeg", 415),
        (an_image("JPEG")[:300], "image/jpeg", 422),
        (a_bomb(), "image/png", 413),
        (an_image("GIF"), "image/gif", 415),
    ],
    ids=["svg", "text", "cut", "bomb", "gif"],
)
def test_what_is_no_proper_photo_is_refused(
    helper: Person, content: bytes, declared: str, status: int
):
    answer = helper.ask(
        "PUT", "/v1/helpers/me/photo", content=content, headers={"Content-Type": declared}
    )
    assert answer.status == status, answer.body
    assert "photo" in helper.get("/v1/helpers/me")["missing"]


def test_answers_after_the_time_count_as_failed(platform: Platform, helper: Person):
    attempt = helper.post("/v1/helpers/me/attempts", {"skill": "wifi"})
    path = f"/v1/helpers/me/attempts/{attempt['id']}/answers"
    platform.stack.clock_file.write_text(str(16 * 60))
    try:
        late = helper.ask("POST", path, {"answers": {}})
    finally:
        platform.stack.clock_file.write_text("0")
    refused(late, 409, "attempt_expired")


def test_one_may_not_request_what_is_not_offered(customer: Person, booked: Story):
    helper_id = booked.helper.id
    for fields, where in (
        ({"category": "plumbing"}, "/category"),
        ({"place": {"lat": 48.137, "lon": 11.575}}, "/place"),
    ):
        answer = customer.ask(
            "POST", "/v1/jobs", a_request(helper_id, **fields), headers={"Idempotency-Key": "k1"}
        )
        assert answer.status == 422, answer.body
        assert answer.body["errors"][0]["pointer"].startswith(where)
    nobody = customer.ask(
        "POST",
        "/v1/jobs",
        a_request("acc_01jzzzzzzzzzzzzzzzzzzzzzzz"),
        headers={"Idempotency-Key": "k2"},
    )
    refused(nobody, 404, "not_found")
    assert customer.get("/v1/jobs", role="customer")["data"] == []


def test_somebody_elses_job_does_not_exist(customer: Person, helper: Person, booked: Story):
    offer = {
        "slot": a_request("")["slots"][0],
        "minutes": 60,
        "hourly_rate": {"amount_minor": 1500, "currency": "EUR"},
    }
    path = f"/v1/jobs/{booked.job_id}"
    key = {"Idempotency-Key": "k3"}
    refused(helper.ask("POST", f"{path}/offer", offer, headers=key), 404, "not_found")
    refused(customer.ask("GET", path), 404, "not_found")
    refused(customer.ask("POST", f"{path}/complete", headers=key), 404, "not_found")


def test_accepting_twice_is_told(booked: Story):
    job = booked.customer.get(f"/v1/jobs/{booked.job_id}")
    offer_id = job["offers"][-1]["id"]
    answer = booked.customer.ask(
        "POST",
        f"/v1/jobs/{booked.job_id}/accept",
        {"offer_id": offer_id},
        headers={"Idempotency-Key": "another"},
    )
    refused(answer, 409, "illegal_transition")
    assert "accept" not in answer.body["allowed"]
    assert booked.customer.get(f"/v1/jobs/{booked.job_id}")["version"] == job["version"]


def test_the_other_sides_command_is_not_yours(booked: Story):
    answer = booked.customer.ask("POST", f"/v1/jobs/{booked.job_id}/confirm")
    refused(answer, 403, "not_your_command")


def test_there_is_no_review_before_the_end(booked: Story):
    body = booked._marks("zu früh")
    answer = booked.customer.ask("POST", "/v1/reviews", body, headers={"Idempotency-Key": "r"})
    refused(answer, 409, "not_reviewable")


def test_a_change_without_its_key_is_refused_where_money_is_at_stake(customer: Person):
    answer = customer.ask("POST", "/v1/jobs", a_request("acc_x"))
    assert answer.status == 422
    customer.ask("POST", "/v1/jobs", a_request("acc_01jzzzzzzzzzzzzzzzzzzzzzzz"))
    assert customer.get("/v1/jobs", role="customer")["data"] == []


def test_a_repeated_request_makes_one_job(platform: Platform, booked: Story):
    body = a_request(booked.helper.id)
    key = {"Idempotency-Key": "same-again"}
    first = booked.customer.ask("POST", "/v1/jobs", body, headers=key)
    again = booked.customer.ask("POST", "/v1/jobs", body, headers=key)
    assert (first.status, again.status) == (201, 201), (first.body, again.body)
    assert again.body == first.body
    assert again.headers["idempotent-replayed"] == "true"
    other = booked.customer.ask("POST", "/v1/jobs", body | {"title": "Anders"}, headers=key)
    refused(other, 422, "idempotency_key_reused")


def test_a_token_of_the_other_tenant_opens_nothing(platform: Platform, customer: Person):
    token = customer._client.headers["Authorization"].split()[1]
    with platform.visitor("swisscom") as elsewhere:
        elsewhere.believe(token)
        refused(elsewhere.ask("GET", "/v1/me"), 401, "invalid_token")


def test_forged_and_expired_tokens_open_nothing(platform: Platform, customer: Person):
    forger = TokenMaker()
    with platform.visitor("vodafone") as visitor:
        visitor.believe(forger.token(customer.id, "vodafone"))
        refused(visitor.ask("GET", "/v1/me"), 401, "invalid_token")
        visitor.believe("not.a.token")
        refused(visitor.ask("GET", "/v1/jobs?role=customer"), 401, "invalid_token")


def test_an_unknown_host_is_nobodys(platform: Platform):
    with Visitor(platform.stack.address(), "nobody", platform.stack.ports.gateway) as visitor:
        refused(visitor.ask("GET", "/v1/tenant"), 404, "unknown_tenant")
        refused(visitor.ask("GET", "/v1/me"), 404, "unknown_tenant")


def test_tenants_keep_their_own_prices_and_rules(platform: Platform):
    with platform.visitor("vodafone") as berlin, platform.visitor("swisscom") as zurich:
        one, two = berlin.get("/v1/tenant"), zurich.get("/v1/tenant")
    assert one["hourly_rate"]["min"] == {"amount_minor": 700, "currency": "EUR"}
    assert two["hourly_rate"]["max"] == {"amount_minor": 6000, "currency": "CHF"}
    assert two["rules"]["insurance_required"] is True
    assert one["rules"]["insurance_required"] is False
    assert ZURICH.currency == two["currency"]
