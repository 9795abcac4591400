"""Bad input is refused by name and changes nothing."""

import asyncio
from datetime import timedelta

import pytest

from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.jobs.journey import (
    DAY,
    DELIVERY,
    HOUR,
    a_helper,
    ask,
    in_two_days,
    list_helper,
    listed,
    money,
    offer_body,
    request,
    request_body,
    slot,
)
from tests.tenants import TENANTS

MISSING = object()


def changed(body: dict, path: str, value) -> dict:
    """The body with the member at this pointer replaced or taken out."""
    copy = dict(body)
    name, _, rest = path.partition("/")
    if rest:
        copy[name] = changed(copy[name], rest, value)
    elif value is MISSING:
        del copy[name]
    else:
        copy[name] = value
    return copy


BAD_REQUESTS = [
    ("title", MISSING, "/title"),
    ("title", "", "/title"),
    ("title", "x" * 121, "/title"),
    ("title", 5, "/title"),
    ("title", {"$gt": ""}, "/title"),
    ("title", "evil \u202e text", "/title"),
    ("description", "x" * 4001, "/description"),
    ("category", "plumbing", "/category"),
    ("category", {"$ne": 1}, "/category"),
    ("helper_id", MISSING, "/helper_id"),
    ("helper_id", {"$ne": 1}, "/helper_id"),
    ("broadcast", True, "/helper_id"),
    ("broadcast", "yes", "/broadcast"),
    ("address", MISSING, "/address"),
    ("address/street", "", "/address/street"),
    ("address/city", MISSING, "/address/city"),
    ("place", {"lat": 91, "lon": 13.4}, "/place/lat"),
    ("place", {"lat": "52.5", "lon": 13.4}, "/place/lat"),
    ("place", {"lat": 48.14, "lon": 11.58}, "/place"),
    ("slots", [], "/slots"),
    ("slots", [slot()] * 4, "/slots"),
    ("slots", [slot(), slot()], "/slots/1"),
    ("slots", [slot(length=timedelta(minutes=14))], "/slots/0/end"),
    ("slots", [slot(length=13 * HOUR)], "/slots/0/end"),
    ("slots", [slot(in_two_days() + 100 * DAY)], "/slots/0/start"),
    ("slots", [slot(in_two_days() - 3 * DAY)], "/slots/0/start"),
    ("slots", [{"start": "2026-03-01T10:00:00", "end": "x"}], "/slots/0/start"),
    ("price", 5, "/price"),
]


@pytest.mark.parametrize(("path", "value", "pointer"), BAD_REQUESTS)
async def test_a_bad_request_names_the_field(jobs: Harness, path: str, value, pointer: str):
    customer, helper = await jobs.person(), await a_helper(jobs)
    answer = await request(jobs, customer, changed(request_body(helper), path, value))
    assert answer.status_code == 422, answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert (await listed(jobs, customer))["data"] == []


async def test_rules_have_codes_of_their_own(jobs: Harness):
    customer = await a_helper(jobs)
    helper = await a_helper(jobs)

    async def code(whom: str | None, **changes) -> tuple[int, str]:
        answer = await request(jobs, customer, request_body(whom, **changes))
        return answer.status_code, answer.json()["code"]

    soon = in_two_days() - 2 * DAY
    assert await code(helper, slots=[slot(soon - 20 * HOUR)]) == (422, "slot_too_soon")
    assert await code(helper, category="plumbing") == (422, "unknown_category")
    assert await code(helper, category="printer") == (422, "category_not_offered")
    far = {"lat": 48.14, "lon": 11.58}
    assert await code(None, place=far) == (422, "outside_service_area")
    assert await code(customer) == (422, "own_request")
    assert await code(new_id("acc")) == (404, "not_found")
    unlisted = await a_helper(jobs, status="unlisted")
    assert await code(unlisted) == (404, "not_found")
    elsewhere = await a_helper(jobs, tenant="swisscom")
    assert await code(elsewhere) == (404, "not_found")


async def test_an_unverified_customer_cannot_ask(jobs: Harness):
    customer, helper = await jobs.person(verified=False), await a_helper(jobs)
    answer = await request(jobs, customer, request_body(helper))
    assert (answer.status_code, answer.json()["code"]) == (403, "email_not_verified")
    assert (await listed(jobs, customer))["data"] == []


async def test_a_helper_whose_listing_is_on_its_way_is_waited_for(jobs: Harness):
    customer, helper = await jobs.person(), await jobs.person()

    async def late() -> None:
        await asyncio.sleep(0.3)
        await list_helper(jobs, helper)

    answer, _ = await asyncio.gather(request(jobs, customer, request_body(helper)), late())
    assert answer.status_code == 201


BAD_OFFERS = [
    ("minutes", 14, "/minutes"),
    ("minutes", 721, "/minutes"),
    ("minutes", 121, "/minutes"),
    ("minutes", 60.0, "/minutes"),
    ("hourly_rate", MISSING, "/hourly_rate"),
    ("hourly_rate", 15, "/hourly_rate"),
    ("hourly_rate", money(699), "/hourly_rate/amount_minor"),
    ("hourly_rate", money(3001), "/hourly_rate/amount_minor"),
    ("hourly_rate", money(1500, "CHF"), "/hourly_rate/currency"),
    ("travel", money(-1), "/travel/amount_minor"),
    ("travel", money(10**13), "/travel/amount_minor"),
    ("travel", money(10**12), "/travel/amount_minor"),
    ("travel", money(300_001), "/travel/amount_minor"),
    ("materials", money(300_001), "/materials/amount_minor"),
    ("materials", money(100, "XXQ"), "/materials/currency"),
    ("materials", money(100, "USD"), "/materials/currency"),
    ("slot", MISSING, "/slot"),
    ("slot", slot(length=13 * HOUR), "/slot/end"),
]


@pytest.mark.parametrize(("path", "value", "pointer"), BAD_OFFERS)
async def test_a_bad_offer_names_the_field(jobs: Harness, path: str, value, pointer: str):
    story = await ask(jobs)
    answer = await story.post("offer", changed(offer_body(), path, value), by=story.helper)
    assert answer.status_code == 422, answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert (await story.stored()).version == 1


@pytest.mark.parametrize("tenant", ["vodafone", "swisscom"])
async def test_materials_cost_at_most_what_a_hundred_of_the_dearest_hours_do(
    jobs: Harness, tenant: str
):
    facts = TENANTS[tenant]
    most = 100 * facts.hourly_rate_max.amount_minor
    story = await ask(jobs, tenant=tenant)
    await story.begin(materials=money(most, facts.currency))
    for amount, status in ((most + 1, 422), (most, 200)):
        body = {"materials": money(amount, facts.currency)}
        answer = await story.post("propose-change", body, by=story.helper)
        assert answer.status_code == status, answer.text
        if status == 422:
            told = answer.json()
            assert told["code"] == "absurd_amount"
            assert told["errors"][0]["pointer"] == "/materials/amount_minor"


async def test_travel_and_materials_are_nothing_unless_given(jobs: Harness):
    story = await ask(jobs)
    body = {"slot": slot(), "minutes": 60, "hourly_rate": money(1500)}
    view = await story.step("offer", body, by=story.helper)
    assert view["offers"][0]["price"] == money(1500)


async def test_an_offer_in_the_past_is_no_free_slot(jobs: Harness):
    story = await ask(jobs)
    past = offer_body(slot=slot(in_two_days() - 3 * DAY))
    answer = await story.post("offer", past, by=story.helper)
    assert (answer.status_code, answer.json()["code"]) == (409, "slot_taken")


@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("accept", {}),
        ("accept", {"offer_id": ["x"]}),
        ("cancel", {"reason": "", "cause_party": "customer"}),
        ("cancel", {"reason": "x", "cause_party": "weather"}),
        ("cancel", {"reason": "x"}),
        ("fail", {"cause": "tired"}),
        ("dispute", {}),
        ("resolve", {}),
        ("resolve", {"outcome": "x", "refund": money(1), "fee": money(1)}),
        ("deliver", DELIVERY | {"outcome": "fine"}),
        ("deliver", DELIVERY | {"minutes": 0}),
        ("deliver", DELIVERY | {"materials": money(1, "CHF")}),
        ("propose-change", {"minutes": 20}),
        ("propose-change", {}),
        ("propose-reschedule", {"slot": slot(length=timedelta(minutes=5))}),
        ("confirm", {"sure": True}),
        ("withdraw", {"reason": 5}),
    ],
)
async def test_a_bad_command_is_refused_before_the_job_is_looked_at(
    jobs: Harness, command: str, body: dict
):
    story = await ask(jobs)
    answer = await story.post(command, body, by=story.customer)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]
    assert (await story.stored()).version == 1


async def test_an_offer_id_that_never_was_is_not_the_open_one(jobs: Harness):
    story = await ask(jobs)
    await story.offer()
    answer = await story.post("accept", {"offer_id": "offer_x"}, by=story.customer)
    assert (answer.status_code, answer.json()["code"]) == (409, "offer_changed")


async def test_commands_without_a_body_take_none_or_an_empty_one(jobs: Harness):
    story = await ask(jobs)
    await story.book()
    await story.step("confirm", {}, by=story.helper)
    await story.step("depart", by=story.helper)


@pytest.mark.parametrize("command", ["request", "close", "expire", "lapse-offer", "explode"])
async def test_nobody_gives_the_timers_commands(jobs: Harness, command: str):
    story = await ask(jobs)
    assert (await story.post(command, by=story.customer)).status_code == 404


@pytest.mark.parametrize(
    "query", [{"role": "boss"}, {"state": "open"}, {"limit": 0}, {"order": "x"}, {"cursor": "x"}]
)
async def test_bad_filters_are_refused(jobs: Harness, query: dict):
    async with jobs.client(await jobs.person()) as client:
        answer = await client.get("/v1/jobs", params=query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] in query


@pytest.mark.parametrize("job_id", ["job_x", new_id("job"), "%7B%7D", "x" * 99])
async def test_an_id_of_nothing_is_not_found(jobs: Harness, job_id: str):
    async with jobs.client(await jobs.person()) as client:
        assert (await client.get(f"/v1/jobs/{job_id}")).status_code == 404
