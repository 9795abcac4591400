"""Bad input about jobs in the tenants of both currencies: told by field, changing nothing."""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from deploy.local.people import Answer, Person
from deploy.local.story import CASTS
from tests.jobs.claims import a_picture
from tests.journeys.crowd import DAY, HOUR, Crowd, command, done, gathered, give, refusal
from tests.journeys.pair import travel, travelling
from tests.journeys.test_bad_turns import a_bomb
from tests.journeys.test_free_times import next_change
from tests.platform import Platform

OTHER = {"EUR": "CHF", "CHF": "EUR"}
MINUTE = timedelta(minutes=1)
ABSURD = 10_000_000
Change = Callable[[Crowd], dict[str, Any]]


@pytest.fixture(scope="module", params=CASTS, ids=lambda cast: cast.tenant)
def crowd(platform: Platform, request: pytest.FixtureRequest) -> Iterator[Crowd]:
    with gathered(platform, request.param, customers=2) as made:
        made.requested(*made.pair)
        yield made


@pytest.fixture(scope="module")
def job(crowd: Crowd) -> str:
    """Requested, with one offer that waits."""
    made: str = crowd.requested(*crowd.pair)["id"]
    done(crowd.helpers[0], made, "offer", crowd.terms())
    return made


@pytest.fixture(scope="module")
def visit(crowd: Crowd) -> str:
    """Begun."""
    customer, helper = crowd.pair
    made = crowd.booked(customer, helper, crowd.slot(6 * DAY))
    for name in ("confirm", "start"):
        done(helper, made, name)
    return made


def state_of(person: Person, job: str) -> tuple[str, list[Any]]:
    return person.get(f"/v1/jobs/{job}")["state"], person.get(f"/v1/jobs/{job}/timeline")["data"]


def naive(slot: dict[str, str]) -> dict[str, str]:
    return slot | {"start": slot["start"][:19]}


BAD_REQUESTS: dict[str, tuple[Change, str, str]] = {
    "in the past": (lambda c: {"slots": [c.slot(-DAY)]}, "slot_too_soon", "/slots/0/start"),
    "too soon": (lambda c: {"slots": [c.slot(3 * HOUR)]}, "slot_too_soon", "/slots/0/start"),
    "overlapping": (
        lambda c: {"slots": [c.slot(), c.slot(2 * DAY + HOUR)]},
        "invalid",
        "/slots/1",
    ),
    "3 minutes": (lambda c: {"slots": [c.slot(length=3 * MINUTE)]}, "invalid", "/slots/0/end"),
    "3 days": (lambda c: {"slots": [c.slot(length=3 * DAY)]}, "invalid", "/slots/0/end"),
    "backwards": (lambda c: {"slots": [c.slot(length=-HOUR)]}, "invalid", "/slots/0/end"),
    "far away": (lambda c: {"slots": [c.slot(91 * DAY)]}, "invalid", "/slots/0/start"),
    "without offset": (
        lambda c: {"slots": [naive(c.slot())]},
        "invalid_request",
        "/slots/0/start",
    ),
    "four": (
        lambda c: {"slots": [c.slot(day * DAY) for day in range(2, 6)]},
        "invalid_request",
        "/slots",
    ),
    "nobody": (lambda c: {"helper_id": None}, "invalid_request", "/helper_id"),
    "both": (lambda c: {"broadcast": True}, "invalid_request", "/helper_id"),
    "category": (lambda c: {"category": "plumbing"}, "unknown_category", "/category"),
    "operator": (lambda c: {"title": {"$gt": ""}}, "invalid_request", "/title"),
    "bidi": (lambda c: {"description": "gut \u202e"}, "invalid_request", "/description"),
}


@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_a_request_outside_the_rules_names_the_field(crowd: Crowd, name: str):
    customer, helper = crowd.customers[1], crowd.helpers[0]
    change, code, where = BAD_REQUESTS[name]
    refused = refusal(give(customer, "/v1/jobs", crowd.wish(helper) | change(crowd)))
    assert (refused[0], refused[1]) == (422, code)
    assert where in refused[2]
    assert customer.get("/v1/jobs", role="customer")["data"] == []


BAD_OFFERS: dict[str, tuple[Change, str]] = {
    "negative": (lambda c: {"travel": c.money(-1)}, "/travel/amount_minor"),
    "absurd travel": (lambda c: {"travel": c.money(ABSURD)}, "/travel/amount_minor"),
    "absurd materials": (lambda c: {"materials": c.money(ABSURD)}, "/materials/amount_minor"),
    "absurd rate": (lambda c: {"hourly_rate": c.money(ABSURD)}, "/hourly_rate/amount_minor"),
    "negative rate": (lambda c: {"hourly_rate": c.money(-1500)}, "/hourly_rate/amount_minor"),
    "fraction": (
        lambda c: {"travel": c.money(100) | {"amount_minor": 1.5}},
        "/travel/amount_minor",
    ),
    "other currency": (
        lambda c: {"hourly_rate": c.money(2500) | {"currency": OTHER[c.cast.currency]}},
        "/hourly_rate/currency",
    ),
    "no currency": (
        lambda c: {"materials": c.money(1) | {"currency": "XXQ"}},
        "/materials/currency",
    ),
    "3 minutes": (lambda c: {"minutes": 3}, "/minutes"),
    "3 days": (lambda c: {"minutes": 3 * 24 * 60}, "/minutes"),
    "longer than the slot": (lambda c: {"minutes": 180}, "/minutes"),
    "slot of 3 days": (lambda c: {"slot": c.slot(length=3 * DAY)}, "/slot/end"),
}


@pytest.mark.parametrize("name", BAD_OFFERS)
def test_an_offer_outside_the_rules_names_the_field(crowd: Crowd, job: str, name: str):
    customer, helper = crowd.pair
    change, where = BAD_OFFERS[name]
    before = state_of(customer, job)
    terms = crowd.terms() | change(crowd)
    [offer] = customer.get(f"/v1/jobs/{job}")["offers"]
    counter = refusal(command(customer, job, "counter", terms | {"offer_id": offer["id"]}))
    assert (counter[0], where in counter[2]) == (422, True), counter
    fresh = crowd.requested(customer, helper)["id"]
    refused = refusal(command(helper, fresh, "offer", terms))
    assert (refused[0], where in refused[2]) == (422, True), refused
    assert state_of(customer, job) == before
    done(customer, fresh, "withdraw")


def test_an_offer_in_the_past_is_no_free_time(crowd: Crowd):
    customer, helper = crowd.pair
    job = crowd.requested(customer, helper)["id"]
    refused = refusal(command(helper, job, "offer", crowd.terms(slot=crowd.slot(-DAY))))
    assert refused[:2] == (409, "slot_taken")


BAD_COMMANDS: list[tuple[str, Change, str]] = [
    ("cancel", lambda c: {"reason": "x", "cause_party": "weather"}, "/cause_party"),
    ("cancel", lambda c: {"reason": "x", "cause_party": "operator"}, "/cause_party"),
    ("cancel", lambda c: {"reason": "", "cause_party": "customer"}, "/reason"),
    ("fail", lambda c: {"cause": "tired"}, "/cause"),
    ("deliver", lambda c: c.report(outcome="fine"), "/outcome"),
    ("deliver", lambda c: c.report(minutes=-5), "/minutes"),
    ("deliver", lambda c: c.report(materials=c.money(-1)), "/materials/amount_minor"),
    ("propose-change", lambda c: {"minutes": 20}, "/minutes"),
    ("resolve", lambda c: {"outcome": "x", "refund": c.money(1), "fee": c.money(1)}, "/fee"),
    ("dispute", lambda c: {"reason": "x" * 4001}, "/reason"),
    ("accept", lambda c: {"offer_id": {"$ne": 1}}, "/offer_id"),
]


@pytest.mark.parametrize(("name", "change", "where"), BAD_COMMANDS)
def test_a_command_with_a_bad_word_names_the_field(
    crowd: Crowd, job: str, name: str, change: Change, where: str
):
    customer = crowd.customers[0]
    before = state_of(customer, job)
    refused = refusal(command(customer, job, name, change(crowd)))
    assert (refused[0], where in refused[2]) == (422, True), refused
    assert state_of(customer, job) == before


def test_a_version_that_has_passed_and_a_key_with_other_words_change_nothing(crowd: Crowd):
    customer, helper = crowd.pair
    job = crowd.requested(customer, helper)
    path, seen = f"/v1/jobs/{job['id']}", helper.ask("GET", f"/v1/jobs/{job['id']}")
    done(helper, job["id"], "offer", crowd.terms())
    for stale in (seen.headers["etag"], 'W/"2"', "2"):
        late = {"If-Match": stale}
        assert refusal(give(customer, f"{path}/withdraw", **late))[:2] == (412, "version_mismatch")

    key = {"Idempotency-Key": f"{job['id']}-1"}
    [offer] = customer.get(path)["offers"]
    accept = {"offer_id": offer["id"]}
    first, again = [customer.ask("POST", f"{path}/accept", accept, headers=key) for _ in range(2)]
    assert (first.status, again.status, again.body) == (200, 200, first.body)
    assert again.headers["idempotent-replayed"] == "true"
    other = customer.ask("POST", f"{path}/accept", {"offer_id": "offer_x"}, headers=key)
    assert refusal(other)[:2] == (422, "idempotency_key_reused")
    missing = customer.ask("POST", f"{path}/cancel", {"reason": "x", "cause_party": "customer"})
    assert refusal(missing)[:2] == (422, "idempotency_key_required")
    commands = [each["command"] for each in state_of(customer, job["id"])[1]]
    assert commands == ["request", "offer", "accept"]


def test_lengths_are_true_hours_when_the_clocks_change(crowd: Crowd):
    """Neither the hour that is skipped nor the one that comes twice deceives."""
    customer, helper = crowd.pair
    zone = ZoneInfo(crowd.cast.time_zone)
    with travelling(crowd.platform):
        for month, start, end, status in (
            (3, "01:46", "03:00", 422),
            (3, "01:45", "03:00", 201),
            (10, "00:00", "11:01", 422),
            (10, "00:00", "11:00", 201),
        ):
            sunday = next_change(month)
            at = datetime.combine(sunday, time(9), UTC) - 7 * DAY
            travel(crowd.platform, at - datetime.now(UTC))
            slot = {
                name: datetime.combine(sunday, time.fromisoformat(clock), zone).isoformat()
                for name, clock in (("start", start), ("end", end))
            }
            answer = give(customer, "/v1/jobs", crowd.wish(helper, slots=[slot]))
            assert answer.status == status, (month, start, end, answer.body)


FILES: list[tuple[bytes, str, int]] = [
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/jpeg", 415),
    (b"MZ" + b"\0" * 200, "image/png", 415),
    (a_picture()[:300], "image/jpeg", 422),
    (a_bomb(), "image/png", 413),
    (b"x" * (10 * 2**20 + 1), "image/jpeg", 413),
    (b"", "image/jpeg", 422),
]
"""Wrong behind the right suffix, cut, a bomb, too big, nothing."""


@pytest.mark.parametrize(("content", "kind", "status"), FILES)
def test_files_that_are_no_pictures_are_on_no_job_and_no_claim(
    crowd: Crowd, visit: str, content: bytes, kind: str, status: int
):
    customer = crowd.customers[0]
    path = f"/v1/jobs/{visit}/photos"
    photo = customer.ask("POST", path, content=content, headers={"Content-Type": kind})
    assert refusal(photo)[0] == status
    loss = {"item": "Vase", "incident": "Sie fiel", "estimated_loss": crowd.money(9000)}
    claim = give(customer, f"/v1/jobs/{visit}/claims", loss).body
    file = {"file": ("vase.jpg", content, kind)}
    refused = customer.ask("POST", f"/v1/claims/{claim['id']}/evidence", files=file)
    assert refusal(refused)[0] == status
    assert customer.get(path)["data"] == []
    assert customer.get(f"/v1/claims/{claim['id']}")["evidence"] == []


def test_photos_of_the_problem_are_for_the_two_and_hide_what_a_camera_tells(crowd: Crowd):
    customer, helper = crowd.pair
    path = f"/v1/jobs/{crowd.requested(customer, helper)['id']}/photos"
    kind = {"Content-Type": "image/jpeg"}
    picture = a_picture(hidden=b"Secret Camera")
    added = customer.post(path, content=picture, headers=kind)["data"]
    for person in (customer, helper):
        [photo] = person.get(path)["data"]
        file = person._client.get(f"{path}/{photo['id']}")
        assert (file.status_code, file.headers["content-type"]) == (200, "image/jpeg")
        assert b"Secret Camera" not in file.content
        assert Image.open(io.BytesIO(file.content)).size == (60, 40)
    stranger = crowd.customers[1]
    for where in (path, f"{path}/{added[0]['id']}"):
        assert stranger.ask("GET", where).status == 404


BAD_NOTICES: list[tuple[Change, str]] = [
    (lambda c: {"estimated_loss": c.money(-1)}, "/estimated_loss/amount_minor"),
    (lambda c: {"estimated_loss": c.money(ABSURD + 1)}, "/estimated_loss/amount_minor"),
    (
        lambda c: {"estimated_loss": c.money(1) | {"currency": OTHER[c.cast.currency]}},
        "/estimated_loss/currency",
    ),
    (lambda c: {"item": "zwei\nZeilen"}, "/item"),
    (lambda c: {"incident": "x" * 4001}, "/incident"),
]


@pytest.mark.parametrize(("change", "where"), BAD_NOTICES)
def test_a_claim_that_cannot_be_names_the_field(
    crowd: Crowd, visit: str, change: Change, where: str
):
    customer = crowd.customers[0]
    before = len(customer.get("/v1/claims", limit=100)["data"])
    loss = {"item": "Vase", "incident": "Sie fiel", "estimated_loss": crowd.money(9000)}
    refused: Answer = give(customer, f"/v1/jobs/{visit}/claims", loss | change(crowd))
    assert (refused.status, where in refusal(refused)[2]) == (422, True), refused.body
    assert len(customer.get("/v1/claims", limit=100)["data"]) == before
