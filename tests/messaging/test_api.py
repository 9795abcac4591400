import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.messaging.model import MASK
from services.messaging.store import Conversations, Evidences
from shared.contracts.identity import TenantConfigured
from shared.contracts.messaging import ConversationReported
from shared.contracts.profiles import HelperListed
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.messaging.builders import (
    Talk,
    a_helper,
    a_job,
    a_talk,
    book,
    get,
    helper_facts,
    post,
    words,
)
from tests.tenants import VODAFONE

PATH = "/v1/conversations"


async def listed(messaging: Harness, who: str) -> list[dict[str, Any]]:
    answer = await get(messaging, PATH, who)
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


async def test_a_customer_writes_to_a_listed_helper(messaging: Harness):
    customer, helper = await messaging.person("Ada"), await a_helper(messaging)
    body = words("Can you help me?", helper_id=helper)
    answer = await post(messaging, PATH, body, customer)
    assert answer.status_code == 201
    view = answer.json()
    assert view["peer"] == {"id": helper, "display_name": "Ben Krause"}
    assert (view["unread"], view["role"], view["job_id"]) == (0, "customer", None)
    assert view["last_message"]["text"] == "Can you help me?"
    assert answer.headers["ETag"]


async def test_the_helper_finds_it_unread_in_the_list(messaging: Harness):
    talk = await a_talk(messaging)
    [item] = await listed(messaging, talk.helper)
    assert (item["id"], item["unread"], item["role"]) == (talk.id, 1, "helper")
    assert item["peer"] == {"id": talk.customer, "display_name": "Ada Berger"}


async def test_opening_again_appends_and_answers_200(messaging: Harness):
    talk = await a_talk(messaging)
    body = words("And one thing more", helper_id=talk.helper)
    answer = await post(messaging, PATH, body, talk.customer)
    assert (answer.status_code, answer.json()["id"]) == (200, talk.id)
    assert [said["sequence"] for said in await talk.heard_by(talk.helper)] == [1, 2]


async def test_opening_twice_with_the_same_client_message_id_says_it_once(messaging: Harness):
    customer, helper = await messaging.person(), await a_helper(messaging)
    body = words(helper_id=helper)
    first = await post(messaging, PATH, body, customer)
    again = await post(messaging, PATH, body, customer)
    assert (first.status_code, again.status_code) == (201, 201)
    talk = Talk(messaging, first.json()["id"], customer, helper, "vodafone")
    assert len(await talk.heard_by(helper)) == 1


async def test_opening_at_once_from_two_places_opens_one(messaging: Harness):
    customer, helper = await messaging.person(), await a_helper(messaging)
    answers = await asyncio.gather(
        *(post(messaging, PATH, words(helper_id=helper), customer) for _ in range(3))
    )
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sorted(answer.status_code for answer in answers) == [200, 200, 201]


async def test_messages_come_in_order_page_by_page(messaging: Harness):
    talk = await a_talk(messaging)
    for number in range(2, 6):
        await talk.say(talk.helper if number % 2 else talk.customer, f"n{number}")
    seen, url = [], f"{talk.path}/messages?limit=2"
    while url:
        page = (await get(messaging, url, talk.customer)).json()
        seen += [said["sequence"] for said in page["data"]]
        cursor = page["next_cursor"]
        url = f"{talk.path}/messages?limit=2&cursor={cursor}" if cursor else ""
    assert seen == [1, 2, 3, 4, 5]


async def test_conversations_come_last_written_first_page_by_page(messaging: Harness):
    customer = await messaging.person()
    talks = [await a_talk(messaging, customer=customer) for _ in range(3)]
    await asyncio.sleep(0.005)
    await talks[0].say(talks[0].helper)
    first = (await get(messaging, f"{PATH}?limit=2", customer)).json()
    assert [item["id"] for item in first["data"]] == [talks[0].id, talks[2].id]
    url = f"{PATH}?limit=2&cursor={first['next_cursor']}"
    second = (await get(messaging, url, customer)).json()
    assert [item["id"] for item in second["data"]] == [talks[1].id]
    assert second["next_cursor"] is None


async def test_a_helper_who_also_asks_sees_both_kinds_in_one_list(messaging: Harness):
    helper = await a_helper(messaging)
    asked = await a_talk(messaging, helper=helper)
    await asyncio.sleep(0.005)
    asking = await a_talk(messaging, customer=helper)
    items = await listed(messaging, helper)
    assert [(item["id"], item["role"]) for item in items] == [
        (asking.id, "customer"),
        (asked.id, "helper"),
    ]


async def test_a_reply_is_unread_until_it_is_read(messaging: Harness):
    talk = await a_talk(messaging)
    await talk.say(talk.helper, "Yes")
    await talk.say(talk.helper, "Tomorrow?")
    assert (await talk.seen_by(talk.customer))["unread"] == 2
    answer = await post(messaging, f"{talk.path}/read", {"sequence": 2}, talk.customer)
    assert (answer.status_code, answer.json()["unread"], answer.json()["read"]) == (200, 1, 2)
    assert (await talk.seen_by(talk.helper))["peer_read"] == 2


async def test_a_repeated_client_message_id_answers_201_with_the_first_message(
    messaging: Harness,
):
    talk = await a_talk(messaging)
    first = await talk.say(talk.customer, "Hello", client_message_id="mine")
    again = await talk.say(talk.customer, "Something else", client_message_id="mine")
    assert (again.status_code, again.json()) == (201, first.json())
    other_side = await talk.say(talk.helper, "Hi", client_message_id="mine")
    assert other_side.json()["sequence"] == first.json()["sequence"] + 1


async def test_the_same_idempotency_key_is_answered_again(messaging: Harness):
    talk = await a_talk(messaging)
    path, body, headers = f"{talk.path}/messages", words(), {"Idempotency-Key": "k1"}
    first = await post(messaging, path, body, talk.customer, headers=headers)
    await talk.say(talk.helper)
    again = await post(messaging, path, body, talk.customer, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    other = await post(messaging, path, words(), talk.customer, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(await talk.heard_by(talk.helper)) == 3


async def test_the_same_idempotency_key_opens_once(messaging: Harness):
    customer, helper = await messaging.person(), await a_helper(messaging)
    body, headers = words(helper_id=helper), {"Idempotency-Key": "k1"}
    first = await post(messaging, PATH, body, customer, headers=headers)
    again = await post(messaging, PATH, body, customer, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(
    "contact", ["0176 12345678", "a@b.de", "www.b.de", "DE89 3704 0044 0532 0130 00"]
)
async def test_contact_details_are_redacted_before_booking_and_the_sender_is_told(
    messaging: Harness, contact: str
):
    talk = await a_talk(messaging)
    answer = await talk.say(talk.helper, f"Reach me: {contact}")
    assert answer.json()["redacted"] is True
    assert answer.json()["text"] == f"Reach me: {MASK}"
    assert (await talk.heard_by(talk.customer))[-1]["text"] == f"Reach me: {MASK}"
    preview = (await talk.seen_by(talk.customer))["last_message"]
    assert (preview["text"], preview["redacted"]) == (f"Reach me: {MASK}", True)


async def test_after_booking_nothing_is_redacted_but_the_past_stays_as_it_is(
    messaging: Harness,
):
    talk = await a_talk(messaging, text="0176 12345678")
    await book(messaging, await a_job(messaging, talk.customer, talk.helper))
    answer = await talk.say(talk.customer, "0176 12345678")
    assert (answer.json()["text"], answer.json()["redacted"]) == ("0176 12345678", False)
    assert (await talk.heard_by(talk.helper))[0]["text"] == MASK


async def test_a_tenant_can_do_without_redaction(messaging: Harness):
    rules = VODAFONE.rules.model_copy(update={"contact_redaction": False})
    changed = VODAFONE.model_copy(update={"rules": rules})
    tenants = messaging.runtime.tenants
    talk = await a_talk(messaging)
    try:
        await messaging.deliver(TenantConfigured(changed), subject="vodafone", sequence=2)
        await tenants.refresh()
        answer = await talk.say(talk.customer, "0176 12345678")
        assert (answer.json()["text"], answer.json()["redacted"]) == ("0176 12345678", False)
    finally:
        await messaging.deliver(TenantConfigured(VODAFONE), subject="vodafone", sequence=3)
        await tenants.refresh()


async def test_the_parties_of_a_job_talk_about_it_apart_from_the_general_talk(
    messaging: Harness,
):
    general = await a_talk(messaging)
    job = await a_job(messaging, general.customer, general.helper)
    own = await a_talk(messaging, customer=general.customer, helper=general.helper, job=job)
    assert own.id != general.id
    assert (await own.seen_by(own.helper))["job_id"] == job.id


async def test_the_helper_of_a_job_may_open_its_conversation(messaging: Harness):
    customer, helper = await messaging.person("Ada"), await a_helper(messaging)
    job = await a_job(messaging, customer, helper)
    body = words("About your job", helper_id=helper, job_id=job.id)
    answer = await post(messaging, PATH, body, helper)
    assert (answer.status_code, answer.json()["peer"]["id"]) == (201, customer)


async def test_nobody_else_talks_about_a_job(messaging: Harness):
    job = await a_job(messaging, await messaging.person(), await a_helper(messaging))
    stranger = await messaging.person("Eve")
    body = words(helper_id=job.helper, job_id=job.id)
    unknown = words(helper_id=job.helper, job_id=new_id("job"))
    assert (await post(messaging, PATH, body, stranger)).status_code == 404
    assert (await post(messaging, PATH, unknown, stranger)).status_code == 404


async def test_a_job_is_talked_about_with_its_own_helper(messaging: Harness):
    job = await a_job(messaging, await messaging.person(), await a_helper(messaging))
    body = words(helper_id=await a_helper(messaging), job_id=job.id)
    answer = await post(messaging, PATH, body, job.customer)
    assert (answer.status_code, answer.json()["code"]) == (422, "not_the_jobs_helper")
    assert answer.json()["errors"][0]["pointer"] == "/helper_id"


async def test_a_broadcast_can_be_talked_about_with_any_listed_helper(messaging: Harness):
    job = await a_job(messaging, await messaging.person(), None)
    body = words(helper_id=await a_helper(messaging), job_id=job.id)
    assert (await post(messaging, PATH, body, job.customer)).status_code == 201


async def test_who_is_no_listed_helper_of_this_tenant_is_not_found(messaging: Harness):
    customer, other = await messaging.person(), await messaging.person()
    foreign = await a_helper(messaging, tenant="swisscom")
    for nobody in (other, foreign, new_id("acc"), "nonsense"):
        answer = await post(messaging, PATH, words(helper_id=nobody), customer)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_writing_waits_for_a_helper_whose_listing_is_on_its_way(messaging: Harness):
    customer, helper = await messaging.person(), await messaging.person("Ben")

    async def list_soon() -> None:
        await asyncio.sleep(0.3)
        await messaging.deliver(HelperListed(helper_facts()), subject=helper)

    _, answer = await asyncio.gather(
        list_soon(), post(messaging, PATH, words(helper_id=helper), customer)
    )
    assert answer.status_code == 201


async def test_nobody_writes_to_oneself(messaging: Harness):
    helper = await a_helper(messaging)
    answer = await post(messaging, PATH, words(helper_id=helper), helper)
    assert (answer.status_code, answer.json()["code"]) == (422, "own_conversation")


async def test_an_unverified_person_does_not_write(messaging: Harness):
    customer, helper = await messaging.person(verified=False), await a_helper(messaging)
    answer = await post(messaging, PATH, words(helper_id=helper), customer)
    assert (answer.status_code, answer.json()["code"]) == (403, "email_not_verified")
    assert await listed(messaging, helper) == []


async def test_strangers_find_no_conversation(messaging: Harness):
    talk = await a_talk(messaging)
    eve = await messaging.person("Eve")
    read, report = {"sequence": 1}, {"reason": "scam"}
    for who, tenant in ((eve, "vodafone"), (talk.customer, "swisscom")):
        for path in (talk.path, f"{talk.path}/messages"):
            assert (await get(messaging, path, who, tenant=tenant)).status_code == 404
        for command, body in (("messages", words()), ("read", read), ("report", report)):
            for headers in ({}, {"If-Match": '"99"'}):
                path = f"{talk.path}/{command}"
                answer = await post(messaging, path, body, who, tenant=tenant, headers=headers)
                assert answer.status_code == 404, (command, headers)
        async with messaging.client(who, tenant=tenant) as client:
            assert (await client.post(f"{talk.path}/block")).status_code == 404
    assert len(await talk.heard_by(talk.helper)) == 1


@pytest.mark.parametrize("path", [PATH, f"{PATH}/x", f"{PATH}/x/messages"])
async def test_reading_needs_a_token(messaging: Harness, path: str):
    answer = await get(messaging, path, None)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"text": ""}, "/text"),
        ({"text": " \n "}, "/text"),
        ({"text": "x" * 4001}, "/text"),
        ({"text": "evil \u202e"}, "/text"),
        ({"text": "evil \u2066"}, "/text"),
        ({"text": "bell \x07"}, "/text"),
        ({"text": "\x00"}, "/text"),
        ({"text": 5}, "/text"),
        ({"text": {"$gt": ""}}, "/text"),
        ({"text": None}, "/text"),
        ({"client_message_id": ""}, "/client_message_id"),
        ({"client_message_id": "x" * 65}, "/client_message_id"),
        ({"client_message_id": {"$ne": 1}}, "/client_message_id"),
        ({"attachments": ["x"] * 11}, "/attachments"),
    ],
)
async def test_a_bad_field_is_named_and_nothing_is_said(
    messaging: Harness, changes: dict[str, Any], pointer: str
):
    talk = await a_talk(messaging)
    answers = [
        await post(messaging, f"{talk.path}/messages", words() | changes, talk.customer),
        await post(messaging, PATH, words(helper_id=talk.helper) | changes, talk.customer),
    ]
    for answer in answers:
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert len(await talk.heard_by(talk.helper)) == 1


async def test_four_thousand_characters_and_html_are_kept_as_they_are(messaging: Harness):
    talk = await a_talk(messaging)
    text = "<script>" + "ä\n" * 1995
    answer = await talk.say(talk.customer, text + "!")
    assert answer.status_code == 201
    assert answer.json()["text"] == text + "!"


@pytest.mark.parametrize("sequence", [0, -1, "1", 1.5, None, True, 2**60])
async def test_a_bad_sequence_is_refused(messaging: Harness, sequence: Any):
    talk = await a_talk(messaging)
    answer = await post(messaging, f"{talk.path}/read", {"sequence": sequence}, talk.helper)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/sequence"


async def test_a_sequence_that_is_not_there_yet_is_refused(messaging: Harness):
    talk = await a_talk(messaging)
    answer = await post(messaging, f"{talk.path}/read", {"sequence": 2}, talk.helper)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_message")


async def test_a_stale_etag_is_refused_and_nothing_is_said(messaging: Harness):
    talk = await a_talk(messaging)
    stale = {"If-Match": '"99"'}
    for command, body in (("messages", words()), ("read", {"sequence": 1})):
        path = f"{talk.path}/{command}"
        answer = await post(messaging, path, body, talk.helper, headers=stale)
        assert answer.status_code == 412
    assert (await talk.seen_by(talk.helper))["unread"] == 1
    current = (await get(messaging, talk.path, talk.helper)).headers["ETag"]
    path = f"{talk.path}/messages"
    answer = await post(messaging, path, words(), talk.helper, headers={"If-Match": current})
    assert answer.status_code == 201


async def test_an_unchanged_conversation_is_304(messaging: Harness):
    talk = await a_talk(messaging)
    etag = (await get(messaging, talk.path, talk.helper)).headers["ETag"]
    async with messaging.client(talk.helper) as client:
        answer = await client.get(talk.path, headers={"If-None-Match": etag})
    assert answer.status_code == 304


async def test_the_twenty_first_message_in_a_minute_is_too_much(messaging: Harness):
    talk = await a_talk(messaging)
    for _ in range(19):
        assert (await talk.say(talk.customer)).status_code == 201
    answer = await talk.say(talk.customer)
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert (await talk.say(talk.helper)).status_code == 201
    messaging.travel(timedelta(seconds=61))
    assert (await talk.say(talk.customer)).status_code == 201


async def test_the_limit_is_told_before_it_is_reached(messaging: Harness):
    talk = await a_talk(messaging)
    answer = await talk.say(talk.customer)
    assert answer.headers["RateLimit-Policy"] == '"messages";q=20;w=60'
    assert answer.headers["RateLimit"].startswith('"messages";r=18;t=')


async def test_a_repeat_is_not_limited(messaging: Harness):
    talk = await a_talk(messaging)
    for _ in range(18):
        await talk.say(talk.customer)
    await talk.say(talk.customer, client_message_id="last")
    assert (await talk.say(talk.customer)).status_code == 429
    assert (await talk.say(talk.customer, client_message_id="last")).status_code == 201


async def test_the_eleventh_new_conversation_in_a_day_is_too_much(messaging: Harness):
    customer = await messaging.person()
    for _ in range(10):
        await a_talk(messaging, customer=customer)
    helper = await a_helper(messaging)
    messaging.travel(timedelta(minutes=2))
    answer = await post(messaging, PATH, words(helper_id=helper), customer)
    assert answer.status_code == 429
    assert 3600 < int(answer.headers["Retry-After"]) <= 86400
    assert await listed(messaging, helper) == []
    messaging.travel(timedelta(days=1, seconds=5))
    answer = await post(messaging, PATH, words(helper_id=helper), customer)
    assert answer.status_code == 201


async def test_the_fourth_opener_waits_for_an_answer(messaging: Harness):
    talk = await a_talk(messaging)
    for _ in range(2):
        body = words(helper_id=talk.helper)
        assert (await post(messaging, PATH, body, talk.customer)).status_code == 200
    job = await a_job(messaging, talk.customer, talk.helper)
    for body in (words(helper_id=talk.helper), words(helper_id=talk.helper, job_id=job.id)):
        answer = await post(messaging, PATH, body, talk.customer)
        assert (answer.status_code, answer.json()["code"]) == (429, "unanswered")
        assert int(answer.headers["Retry-After"]) > 0
    await talk.say(talk.helper, "Here I am")
    body = words(helper_id=talk.helper)
    assert (await post(messaging, PATH, body, talk.customer)).status_code == 200


async def block(messaging: Harness, talk: Talk, who: str) -> Any:
    async with messaging.client(who) as client:
        return await client.post(f"{talk.path}/block")


async def test_a_block_is_silent_to_the_blocked_side(messaging: Harness):
    talk = await a_talk(messaging)
    before = await get(messaging, talk.path, talk.customer)
    assert (await block(messaging, talk, talk.helper)).status_code == 200
    after = await get(messaging, talk.path, talk.customer)
    assert (after.json(), after.headers["ETag"]) == (before.json(), before.headers["ETag"])
    answer = await talk.say(talk.customer, "Are you there?")
    assert answer.status_code == 201
    assert [said["text"] for said in await talk.heard_by(talk.customer)][-1] == "Are you there?"
    assert (await talk.seen_by(talk.customer))["last_message"]["text"] == "Are you there?"


async def test_a_blocked_persons_words_do_not_arrive(messaging: Harness):
    talk = await a_talk(messaging)
    await block(messaging, talk, talk.helper)
    before = await talk.seen_by(talk.helper)
    await talk.say(talk.customer, "Are you there?")
    assert [said["sequence"] for said in await talk.heard_by(talk.helper)] == [1]
    assert await talk.seen_by(talk.helper) == before


async def test_who_blocked_does_not_write_either(messaging: Harness):
    talk = await a_talk(messaging)
    await block(messaging, talk, talk.helper)
    await block(messaging, talk, talk.helper)
    answer = await talk.say(talk.helper)
    assert (answer.status_code, answer.json()["code"]) == (409, "blocked")


async def test_another_topic_is_no_way_around_a_block(messaging: Harness):
    talk = await a_talk(messaging)
    await block(messaging, talk, talk.helper)
    job = await a_job(messaging, talk.customer, talk.helper)
    other = await a_talk(messaging, customer=talk.customer, helper=talk.helper, job=job)
    assert await other.heard_by(talk.helper) == []
    assert [item["id"] for item in await listed(messaging, talk.helper)] == [talk.id]


async def test_a_block_takes_no_body_with_fields(messaging: Harness):
    talk = await a_talk(messaging)
    answer = await post(messaging, f"{talk.path}/block", {"reason": "x"}, talk.helper)
    assert answer.status_code == 422


async def test_a_report_freezes_a_copy_and_is_told_on_the_bus(messaging: Harness):
    talk = await a_talk(messaging, text="Pay me in cash, now")
    answer = await post(messaging, f"{talk.path}/report", {"reason": "scam"}, talk.helper)
    assert (answer.status_code, answer.json()["id"]) == (200, talk.id)
    event = await messaging.published(ConversationReported, subject=talk.id)
    facts = event.event.facts
    assert (facts.reported_by, facts.report_reason) == (talk.helper, "scam")
    scope = messaging.scope()
    [report] = (await scope.store(Conversations).get(talk.id)).reports
    await talk.say(talk.customer, "Later")
    evidence = await scope.store(Evidences).get(report.id)
    assert [line.text for line in evidence.lines] == ["Pay me in cash, now"]


@pytest.mark.parametrize("reason", ["", "boring", 5, None])
async def test_an_unknown_reason_is_refused(messaging: Harness, reason: Any):
    talk = await a_talk(messaging)
    answer = await post(messaging, f"{talk.path}/report", {"reason": reason}, talk.helper)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/reason"


@pytest.mark.parametrize(
    "query", ["cursor=abc", "limit=0", "limit=101", "q=x", "limit=", "limit=1&limit=2"]
)
async def test_bad_queries_are_refused(messaging: Harness, query: str):
    talk = await a_talk(messaging)
    for path in (PATH, f"{talk.path}/messages"):
        assert (await get(messaging, f"{path}?{query}", talk.helper)).status_code == 422


async def test_a_cursor_belongs_to_its_reader(messaging: Harness):
    talk = await a_talk(messaging)
    await talk.say(talk.customer)
    url = f"{talk.path}/messages?limit=1"
    cursor = (await get(messaging, url, talk.customer)).json()["next_cursor"]
    answer = await get(messaging, f"{url}&cursor={cursor}", talk.helper)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")
