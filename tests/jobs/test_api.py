"""Whole ways through the API, with a real database and a real broker."""

import asyncio
import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.jobs import (
    JobBooked,
    JobCompleted,
    JobExpired,
    JobRequested,
    JobRescheduled,
    ReceiptIssued,
)
from shared.kernel.clock import utc_now
from shared.kernel.geo import Point
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.jobs.journey import (
    DAY,
    DELIVERY,
    HOUR,
    PLACES,
    Story,
    a_helper,
    always,
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


async def receipt_of(story: Story) -> Any:
    async def look():
        answer = await story.get("/receipt", by=story.customer)
        return answer.json() if answer.status_code == 200 else None

    return await story.jobs.eventually(look)


async def test_a_job_goes_from_request_to_receipt(jobs: Harness):
    story = await ask(jobs)
    assert story.view["state"] == "requested"
    assert story.view["allowed"] == ["withdraw", "cancel"]
    assert story.view["version"] == 1
    await story.complete()
    assert story.view["state"] == "completed"
    assert (await jobs.published(JobRequested, subject=story.id)).sequence == 1
    completed = await jobs.published(JobCompleted, subject=story.id)
    assert completed.event.facts.outcome == "solved"
    receipt = await receipt_of(story)
    # 80 minutes at 15.00 = 20.00, travel 3.00, materials used 4.00.
    assert [line["amount"]["amount_minor"] for line in receipt["lines"]] == [2000, 300, 400]
    assert receipt["total"] == money(2700)
    assert receipt["number"].endswith("-0001")
    issued = await jobs.published(ReceiptIssued, subject=receipt["id"])
    assert issued.event.facts.total.amount_minor == 2700


async def test_receipts_are_numbered_per_helper_without_gaps(jobs: Harness):
    first = await ask(jobs)
    await first.complete()
    stories = [first]
    for day in (3, 4):
        story = await ask(jobs, helper=first.helper)
        await story.complete(slot=slot(in_two_days() + day * DAY))
        stories.append(story)
    numbers = {(await receipt_of(story))["number"][-4:] for story in stories}
    assert numbers == {"0001", "0002", "0003"}


async def test_the_agreement_is_canonical_and_carries_its_digest(jobs: Harness):
    story = await ask(jobs)
    assert (await story.get("/agreement", by=story.customer)).status_code == 404
    await story.book()
    for person in (story.customer, story.helper):
        agreement = (await story.get("/agreement", by=person)).json()
        assert agreement["sha256"] == hashlib.sha256(agreement["text"].encode()).hexdigest()
        content = json.loads(agreement["text"])
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert agreement["text"] == canonical
        assert content["price"] == agreement["price"] == money(3050)
        assert content["trader_status"] == "private"


async def test_the_helper_sees_neither_address_nor_exact_place_until_booked(jobs: Harness):
    story = await ask(jobs)
    rounded = PLACES["vodafone"].rounded()

    async def helpers_views() -> list[dict]:
        page = await listed(jobs, story.helper, role="helper")
        return [await story.seen(by=story.helper), *page["data"]]

    for view in await helpers_views():
        assert view["address"] is None
        assert view["place"] == {"lat": rounded.lat, "lon": rounded.lon}
    mine = await story.seen(by=story.customer)
    assert mine["address"]["street"] == "Invalidenstraße 1"
    await story.offer()
    assert story.view["address"] is None
    await story.accept()
    for view in await helpers_views():
        assert view["address"]["street"] == "Invalidenstraße 1"
        assert view["place"] == {"lat": 52.5312, "lon": 13.3889}


async def test_the_address_is_in_no_event(jobs: Harness):
    story = await ask(jobs)
    await story.book()
    booked = await jobs.published(JobBooked, subject=story.id)
    for delivered in [*jobs.heard(story.id), booked]:
        assert "Invalidenstra" not in delivered.event.facts.model_dump_json()
        assert delivered.event.facts.public_place == PLACES["vodafone"].rounded()


async def test_the_timeline_is_whole_and_oldest_first(jobs: Harness):
    story = await ask(jobs)
    await story.complete()
    steps = (await story.get("/timeline", by=story.helper)).json()["data"]
    commands = ["request", "offer", "accept", "confirm", "depart", "start", "deliver", "complete"]
    assert [step["command"] for step in steps] == commands
    assert [step["version"] for step in steps] == list(range(1, 9))
    assert steps[0]["actor"] == story.customer
    assert steps[1]["actor"] == story.helper
    assert steps[-1]["state"] == "completed"


async def test_strangers_other_tenants_and_nobody_learn_nothing(jobs: Harness):
    story = await ask(jobs)
    stranger = await a_helper(jobs)
    elsewhere = await jobs.person("Reto", tenant="swisscom")
    for path in ("", "/timeline", "/agreement", "/receipt"):
        assert (await story.get(path, by=stranger)).status_code == 404
    answer = await story.post("withdraw", by=stranger)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    async with jobs.client(elsewhere, tenant="swisscom") as client:
        assert (await client.get(f"/v1/jobs/{story.id}")).status_code == 404
        assert (await client.post(f"/v1/jobs/{story.id}/withdraw")).status_code == 404
    async with jobs.client(None) as client:
        assert (await client.get(f"/v1/jobs/{story.id}")).status_code == 401
    async with jobs.client(elsewhere, tenant="swisscom", host="vodafone.localhost") as client:
        answer = await client.get(f"/v1/jobs/{story.id}")
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


async def test_a_stale_version_is_no_news_for_strangers(jobs: Harness):
    story = await ask(jobs)
    stranger = await a_helper(jobs)
    stale = {"If-Match": '"77"'}
    assert (await story.post("withdraw", by=stranger, headers=stale)).status_code == 404
    assert (await story.post("withdraw", by=story.helper, headers=stale)).status_code == 403
    assert (await story.post("withdraw", by=story.customer, headers=stale)).status_code == 412
    assert (await story.stored()).state == "requested"


async def test_commands_carry_and_honour_the_version(jobs: Harness):
    story = await ask(jobs)
    answer = await story.post("offer", offer_body(), by=story.helper, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    answer = await story.post("decline", by=story.helper, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["code"]) == (412, "version_mismatch")
    async with jobs.client(story.customer) as client:
        path = f"/v1/jobs/{story.id}"
        fresh = await client.get(path, headers={"If-None-Match": '"2"'})
        assert fresh.status_code == 304


async def test_the_wrong_side_and_the_wrong_state_are_told_apart(jobs: Harness):
    story = await ask(jobs)
    wrong_side = await story.post("offer", offer_body(), by=story.customer)
    assert (wrong_side.status_code, wrong_side.json()["code"]) == (403, "not_your_command")
    wrong_state = await story.post("confirm", by=story.helper)
    assert (wrong_state.status_code, wrong_state.json()["code"]) == (409, "illegal_transition")
    assert wrong_state.json()["allowed"] == ["offer", "decline", "cancel"]


async def test_a_request_repeated_with_its_key_makes_one_job(jobs: Harness):
    customer, helper = await jobs.person(), await a_helper(jobs)
    body, key = request_body(helper), new_id("key")
    first, again = [await request(jobs, customer, body, key=key) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    other = await request(jobs, customer, body | {"title": "Another"}, key=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len((await listed(jobs, customer))["data"]) == 1


async def test_a_request_is_answered_again_even_when_its_slots_are_too_near_by_now(jobs: Harness):
    customer, helper = await jobs.person(), await a_helper(jobs)
    body, key = request_body(helper), new_id("key")
    first = await request(jobs, customer, body, key=key)
    jobs.travel(3 * DAY)
    again = await request(jobs, customer, body, key=key)
    assert (again.status_code, again.content) == (201, first.content)


async def test_an_accept_repeated_with_its_key_books_once(jobs: Harness):
    story = await ask(jobs)
    await story.offer()
    body = {"offer_id": story.view["offers"][0]["id"]}
    first, again = [
        await story.post("accept", body, by=story.customer, key="accept-1") for _ in range(2)
    ]
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"]
    assert (await story.stored()).version == first.json()["version"]


async def test_ten_copies_of_an_accept_at_once_book_once(jobs: Harness):
    story = await ask(jobs)
    await story.offer()
    body = {"offer_id": story.view["offers"][0]["id"]}
    answers = await asyncio.gather(
        *(story.post("accept", body, by=story.customer, key="same") for _ in range(10))
    )
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    job = await story.stored()
    assert [step.command for step in job.timeline].count("accept") == 1
    await book_must_fail(jobs, story)


async def book_must_fail(jobs: Harness, story: Story) -> None:
    """The slot is really held: nobody else gets it."""
    other = await ask(jobs, helper=story.helper)
    answer = await other.post("offer", offer_body(), by=other.helper)
    assert (answer.status_code, answer.json()["code"]) == (409, "slot_taken")


@pytest.mark.parametrize(
    "command",
    ["offer", "counter", "accept", "approve-change", "deliver", "complete", "cancel", "no-show"],
)
async def test_money_and_bookings_need_an_idempotency_key(jobs: Harness, command: str):
    story = await ask(jobs)
    answer = await story.post(command, {}, by=story.helper, key=None)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_required")


async def test_a_request_needs_an_idempotency_key(jobs: Harness):
    answer = await request(jobs, await jobs.person(), request_body(None), key=None)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_required")


async def test_counter_offers_go_back_and_forth(jobs: Harness):
    story = await ask(jobs)
    first = await story.offer()
    await story.step("counter", offer_body(minutes=60), by=story.customer)
    assert "accept" not in story.view["allowed"]
    stale = await story.post("accept", {"offer_id": first["offers"][0]["id"]}, by=story.helper)
    assert (stale.status_code, stale.json()["code"]) == (409, "offer_changed")
    own = await story.post(
        "accept", {"offer_id": story.view["offers"][-1]["id"]}, by=story.customer
    )
    assert (own.status_code, own.json()["code"]) == (403, "not_your_command")
    await story.step("accept", {"offer_id": story.view["offers"][-1]["id"]}, by=story.helper)
    assert story.view["price"] == money(1500 + 300 + 500)
    assert [offer["status"] for offer in story.view["offers"]] == ["superseded", "accepted"]


async def test_the_sixth_counter_offer_is_refused(jobs: Harness):
    story = await ask(jobs)
    await story.offer()
    sides = [story.customer, story.helper] * 3
    for side in sides[:5]:
        await story.step("counter", offer_body(), by=side)
    answer = await story.post("counter", offer_body(), by=sides[5])
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_transition")
    assert answer.json()["allowed"] == ["accept", "decline", "cancel"]


async def test_a_broadcast_is_seen_by_listed_helpers_in_reach_without_address(jobs: Harness):
    near = await a_helper(jobs)
    far = await a_helper(jobs, place=Point(52.40, 13.05), radius_m=5_000)
    unskilled = await a_helper(jobs, skills=["tv"])
    unlisted = await a_helper(jobs, status="unlisted")
    story = await ask(jobs, helper=near, broadcast=True)
    page = await listed(jobs, near, role="helper", state="requested")
    [seen] = [job for job in page["data"] if job["id"] == story.id]
    assert seen["address"] is None
    assert seen["place"] != {"lat": 52.5312, "lon": 13.3889}
    assert seen["allowed"] == ["offer"]
    assert (await story.seen(by=near))["state"] == "requested"
    for other in (far, unskilled, unlisted, await jobs.person()):
        page = await listed(jobs, other, role="helper", state="requested")
        assert story.id not in [job["id"] for job in page["data"]]
        assert (await story.get(by=other)).status_code == 404
        assert (await story.post("offer", offer_body(), by=other)).status_code == 404


async def test_bidders_of_a_broadcast_see_only_their_own_offer(jobs: Harness):
    story = await ask(jobs, broadcast=True)
    second, onlooker = await a_helper(jobs), await a_helper(jobs)
    await story.offer()
    await story.offer(by=second, minutes=60)
    assert len((await story.seen(by=story.customer))["offers"]) == 2
    [own] = (await story.seen(by=second))["offers"]
    assert own["by"] == second
    watching = await story.seen(by=onlooker)
    assert (watching["state"], watching["offers"]) == ("requested", [])
    page = await listed(jobs, onlooker, role="helper", state="requested")
    assert story.id in [job["id"] for job in page["data"]]
    page = await listed(jobs, second, role="helper", state="offered")
    assert story.id in [job["id"] for job in page["data"]]
    steps = (await story.get("/timeline", by=second)).json()["data"]
    assert {step["actor"] for step in steps} == {story.customer, second}


async def test_the_first_accepted_offer_of_a_broadcast_wins(jobs: Harness):
    story = await ask(jobs, broadcast=True)
    second = await a_helper(jobs)
    await story.offer()
    await story.offer(by=second)
    view = await story.seen(by=story.customer)
    await story.accept(view["offers"][0]["id"])
    assert story.view["helper_id"] == story.helper
    assert [offer["status"] for offer in story.view["offers"]] == ["accepted", "lost"]
    assert (await story.get(by=second)).status_code == 404
    late = await story.post("accept", {"offer_id": view["offers"][1]["id"]}, by=story.customer)
    assert (late.status_code, late.json()["code"]) == (409, "illegal_transition")


async def test_a_bidder_who_bows_out_is_out(jobs: Harness):
    story = await ask(jobs, broadcast=True)
    await story.offer()
    view = await story.step("decline", by=story.helper)
    assert (view["state"], view["allowed"]) == ("declined", [])
    assert (await story.get(by=story.helper)).status_code == 404
    assert (await story.seen(by=story.customer))["state"] == "requested"


async def test_of_fifty_accepts_at_once_exactly_one_books(jobs: Harness):
    story = await ask(jobs, broadcast=True)
    helpers = [story.helper, *[await a_helper(jobs) for _ in range(49)]]
    for helper in helpers:
        await story.offer(by=helper)
    offers = (await story.seen(by=story.customer))["offers"]
    answers = await asyncio.gather(
        *(story.post("accept", {"offer_id": each["id"]}, by=story.customer) for each in offers)
    )
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] + [409] * 49
    told = [answer.json() for answer in answers if answer.status_code == 409]
    assert {each["code"] for each in told} == {"illegal_transition"}
    assert all(each["allowed"] == ["propose-reschedule", "cancel"] for each in told)
    job = await story.stored()
    assert [step.command for step in job.timeline].count("accept") == 1
    losers = [helper for helper in helpers if helper != job.helper_id]
    other = await ask(jobs, helper=losers[0])
    await other.book()
    assert other.view["state"] == "booked"


async def test_of_two_overlapping_bookings_of_one_helper_exactly_one_succeeds(jobs: Harness):
    for _ in range(5):
        first = await ask(jobs)
        second = await ask(jobs, helper=first.helper)
        start = in_two_days()
        await first.offer(slot=slot(start))
        await second.offer(slot=slot(start + HOUR))
        answers = await asyncio.gather(
            *(
                story.post("accept", {"offer_id": story.view["offers"][0]["id"]}, by=story.customer)
                for story in (first, second)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        [refused] = [answer for answer in answers if answer.status_code == 409]
        assert refused.json()["code"] == "slot_taken"
        states = sorted([(await first.stored()).state, (await second.stored()).state])
        assert states == ["booked", "offered"]


async def test_a_cancelled_job_frees_its_slot_at_once(jobs: Harness):
    story = await ask(jobs)
    await story.book()
    await book_must_fail(jobs, story)
    body = {"reason": "The Wi-Fi works again", "cause_party": "customer"}
    view = await story.step("cancel", body, by=story.customer)
    assert (view["state"], view["fee"]["status"]) == ("cancelled", "waived")
    other = await ask(jobs, helper=story.helper)
    await other.book()


async def test_a_slot_must_lie_within_working_hours_notice_and_buffers(jobs: Harness):
    story = await ask(jobs, helper=await a_helper(jobs, availability=always(buffer_minutes=60)))
    start = in_two_days()
    await story.book(slot=slot(start))
    other = await ask(jobs, helper=story.helper)
    near = await other.post("offer", offer_body(slot=slot(start + 2.5 * HOUR)), by=other.helper)
    assert (near.status_code, near.json()["code"]) == (409, "slot_taken")
    await other.offer(slot=slot(start + 3 * HOUR))
    idle = await a_helper(jobs, availability=always(notice_minutes=4 * 24 * 60))
    third = await ask(jobs, helper=idle)
    short = await third.post("offer", offer_body(), by=idle)
    assert (short.status_code, short.json()["code"]) == (409, "slot_taken")


async def test_an_offer_can_be_overtaken_by_another_booking(jobs: Harness):
    first = await ask(jobs)
    second = await ask(jobs, helper=first.helper)
    await first.offer()
    await second.offer()
    await second.accept()
    late = await first.post(
        "accept", {"offer_id": first.view["offers"][0]["id"]}, by=first.customer
    )
    assert (late.status_code, late.json()["code"]) == (409, "slot_taken")
    assert (await first.stored()).state == "offered"


async def test_a_helper_who_is_no_longer_listed_cannot_be_booked(jobs: Harness):
    story = await ask(jobs)
    await story.offer()
    await list_helper(jobs, story.helper, sequence=2, status="unlisted")
    answer = await story.post(
        "accept", {"offer_id": story.view["offers"][0]["id"]}, by=story.customer
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "helper_not_listed")


async def test_a_reschedule_moves_the_appointment_and_frees_the_old_slot(jobs: Harness):
    story = await ask(jobs)
    await story.book()
    later = slot(in_two_days() + DAY)
    await story.step("propose-reschedule", {"slot": later}, by=story.helper)
    assert "accept-reschedule" not in story.view["allowed"]
    own = await story.post("accept-reschedule", by=story.helper)
    assert (own.status_code, own.json()["code"]) == (403, "not_your_command")
    view = await story.step("accept-reschedule", by=story.customer)
    assert view["slot"]["start"][:19] == later["start"][:19]
    moved = await jobs.published(JobRescheduled, subject=story.id)
    assert moved.event.facts.slot is not None
    other = await ask(jobs, helper=story.helper)
    taken = await other.post("offer", offer_body(slot=later), by=other.helper)
    assert taken.json()["code"] == "slot_taken"
    await other.book()


async def test_a_refused_reschedule_changes_nothing(jobs: Harness):
    story = await ask(jobs)
    before = (await story.book())["slot"]
    await story.step("propose-reschedule", {"slot": slot(in_two_days() + DAY)}, by=story.customer)
    view = await story.step("refuse-reschedule", by=story.helper)
    assert (view["slot"], view["reschedule"], view["state"]) == (before, None, "booked")


async def test_more_than_agreed_needs_approval(jobs: Harness):
    story = await ask(jobs)
    await story.begin()
    more = DELIVERY | {"minutes": 120}
    silent = await story.post("deliver", more, by=story.helper)
    assert (silent.status_code, silent.json()["code"]) == (409, "change_not_approved")
    await story.step(
        "propose-change", {"minutes": 30, "reason": "Walls of concrete"}, by=story.helper
    )
    still = await story.post("deliver", more, by=story.helper)
    assert still.json()["code"] == "change_not_approved"
    await story.step("approve-change", {"change_id": story.view["change"]["id"]}, by=story.customer)
    await story.step("deliver", more, by=story.helper)
    await story.step("complete", by=story.customer)
    receipt = await receipt_of(story)
    assert receipt["total"] == money(3000 + 300 + 400)


async def test_a_request_nobody_answers_expires_and_can_be_broadcast(jobs: Harness):
    story = await ask(jobs, slots=[slot(in_two_days() + 5 * DAY)])
    jobs.travel(timedelta(hours=48, minutes=1))
    await jobs.published(JobExpired, subject=story.id)
    view = await story.step("broadcast", by=story.customer)
    assert (view["state"], view["broadcast"], view["helper_id"]) == ("requested", True, None)
    assert (await story.seen(by=story.helper))["allowed"] == ["offer"]


async def test_a_declined_request_can_be_broadcast_but_not_to_who_declined(jobs: Harness):
    story = await ask(jobs)
    other = await a_helper(jobs)
    await story.step("decline", {"reason": "On holiday"}, by=story.helper)
    await story.step("broadcast", by=story.customer)
    assert (await story.get(by=story.helper)).status_code == 404
    await story.offer(by=other)
    await story.accept()
    assert story.view["helper_id"] == other


async def test_a_broadcast_with_slots_too_near_asks_for_new_ones(jobs: Harness):
    story = await ask(jobs)
    await story.step("decline", by=story.helper)
    jobs.travel(in_two_days() - utc_now() - HOUR)
    answer = await story.post("broadcast", by=story.customer)
    assert (answer.status_code, answer.json()["code"]) == (422, "slot_too_soon")
    fresh = {"slots": [slot(in_two_days() + 2 * DAY)]}
    await story.step("broadcast", fresh, by=story.customer)


async def test_delivered_work_completes_by_itself_after_48_hours(jobs: Harness):
    story = await ask(jobs)
    await story.begin()
    await story.step("deliver", DELIVERY, by=story.helper)
    jobs.travel(timedelta(hours=48, minutes=1))
    await jobs.published(JobCompleted, subject=story.id)
    assert (await receipt_of(story))["total"] == money(2700)
    steps = (await story.get("/timeline", by=story.customer)).json()["data"]
    assert (steps[-1]["command"], steps[-1]["actor"]) == ("complete", None)


async def test_a_late_cancellation_costs_one_helper_hour(jobs: Harness):
    story = await ask(jobs)
    await story.book()
    jobs.travel(in_two_days() - 3 * HOUR - utc_now())
    body = {"reason": "No time", "cause_party": "customer"}
    view = await story.step("cancel", body, by=story.customer)
    assert view["fee"] == {"amount": money(1500), "status": "due"}


async def test_a_contested_cancellation_waits_for_the_blamed_side(jobs: Harness):
    story = await ask(jobs)
    await story.book()
    jobs.travel(in_two_days() - 3 * HOUR - utc_now())
    body = {"reason": "The customer called it off", "cause_party": "customer"}
    view = await story.step("cancel", body, by=story.helper)
    assert view["fee"]["status"] == "pending"
    wrong = await story.post("agree-cause", by=story.helper)
    assert wrong.json()["code"] == "not_your_command"
    view = await story.step("agree-cause", by=story.customer)
    assert view["fee"] == {"amount": money(1500), "status": "due"}


async def test_only_support_names_the_operator_as_the_cause(jobs: Harness):
    story = await ask(jobs)
    await story.book()
    body = {"reason": "Outage", "cause_party": "operator"}
    answer = await story.post("cancel", body, by=story.customer)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/cause_party")
    sue = await jobs.person("Sue")
    view = await story.step("cancel", body, by=sue, roles=("customer", "support"))
    assert (view["cause_party"], view["fee"]["status"]) == ("operator", "waived")
    assert view["address"] is None


async def test_support_resolves_a_dispute(jobs: Harness):
    story = await ask(jobs)
    await story.complete()
    await story.step("dispute", {"reason": "It does not work"}, by=story.customer)
    sue = await jobs.person("Sue")
    verdict = {"outcome": "Half the price back", "refund": money(1350)}
    view = await story.step("resolve", verdict, by=sue, roles=("customer", "support"))
    assert (view["state"], view["resolution"]["refund"]) == ("resolved", money(1350))


async def test_both_sides_resolve_a_dispute_by_saying_the_same(jobs: Harness):
    story = await ask(jobs)
    await story.complete()
    await story.step("dispute", {"reason": "It does not work"}, by=story.customer)
    verdict = {"outcome": "Ben comes again"}
    view = await story.step("resolve", verdict, by=story.helper)
    assert (view["state"], view["proposed_resolution"]["outcome"]) == (
        "disputed",
        "Ben comes again",
    )
    assert (await story.step("resolve", verdict, by=story.customer))["state"] == "resolved"


async def test_a_party_who_waits_in_vain_reports_a_no_show(jobs: Harness):
    story = await ask(jobs)
    await story.book()
    await story.step("confirm", by=story.helper)
    early = await story.post("no-show", by=story.customer)
    assert (early.status_code, early.json()["code"]) == (409, "illegal_transition")
    jobs.travel(in_two_days() + timedelta(minutes=11) - utc_now())
    view = await story.step("no-show", by=story.customer)
    assert (view["state"], view["cause_party"]) == ("no_show", "helper")


async def test_the_list_pages_newest_first_without_losing_any(jobs: Harness):
    customer, helper = await jobs.person(), await a_helper(jobs)
    made = []
    for _ in range(5):
        answer = await request(jobs, customer, request_body(helper))
        made.append(answer.json()["id"])
    for who, role in ((customer, "customer"), (helper, "helper"), (customer, None)):
        query: dict[str, Any] = {"limit": 2} | ({"role": role} if role else {})
        seen, cursor = [], None
        while True:
            page = await listed(jobs, who, **query, **({"cursor": cursor} if cursor else {}))
            seen += [job["id"] for job in page["data"]]
            assert len(page["data"]) <= 2
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == made[::-1]


async def test_direct_requests_and_broadcasts_share_one_ordered_list(jobs: Harness):
    place = Point(52.30, 13.20)
    helper = await a_helper(jobs, place=place, radius_m=1_500)
    made = []
    for number in range(6):
        customer = await jobs.person()
        whom = helper if number % 2 else None
        body = request_body(whom, place={"lat": place.lat, "lon": place.lon})
        made.append((await request(jobs, customer, body)).json()["id"])
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(6):
        page = await listed(jobs, helper, role="helper", state="requested", limit=4, **cursor)
        seen += [job["id"] for job in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == made[::-1]


async def test_the_state_filters_the_list(jobs: Harness):
    story = await ask(jobs)
    await story.book()
    query = {"role": "customer"}
    assert (await listed(jobs, story.customer, state="requested", **query))["data"] == []
    [job] = (await listed(jobs, story.customer, state="booked", **query))["data"]
    assert job["id"] == story.id


async def test_a_customer_and_a_helper_of_another_tenant_have_a_story_of_their_own(jobs: Harness):
    story = await ask(jobs, tenant="swisscom")
    await story.complete()
    receipt = await receipt_of(story)
    assert receipt["total"] == money(4000 + 300 + 400, "CHF")
    completed = await jobs.published(JobCompleted, subject=story.id, tenant="swisscom")
    assert completed.tenant == "swisscom"
