from typing import Any

import pytest

from services.messaging.model import Acquaintance
from shared.contracts.messaging import PeerBlocked
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.messaging.builders import Talk, a_job, a_talk, book, get, post


async def page(messaging: Harness, path: str, who: str) -> dict[str, Any]:
    answer = await get(messaging, path, who)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def found(messaging: Harness, q: str, who: str) -> list[str]:
    data = (await page(messaging, f"/v1/messages?limit=100&q={q}", who))["data"]
    return [each["message"]["text"] for each in data]


async def a_long_talk(messaging: Harness, length: int = 6) -> Talk:
    talk = await a_talk(messaging, text="number 1")
    for number in range(2, length + 1):
        await talk.say(talk.customer, f"number {number}")
    return talk


async def test_messages_can_be_read_from_the_newest_back(messaging: Harness):
    talk = await a_long_talk(messaging)
    path = f"{talk.path}/messages?order=descending&limit=4"
    first = await page(messaging, path, talk.helper)
    assert [each["sequence"] for each in first["data"]] == [6, 5, 4, 3]
    second = await page(messaging, f"{path}&cursor={first['next_cursor']}", talk.helper)
    assert [each["sequence"] for each in second["data"]] == [2, 1]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("order", ["ascending", "descending"])
async def test_what_came_after_a_message_can_be_asked_for(messaging: Harness, order: str):
    talk = await a_long_talk(messaging)
    path = f"{talk.path}/messages?order={order}&after=3&limit=2"
    first = await page(messaging, path, talk.helper)
    second = await page(messaging, f"{path}&cursor={first['next_cursor']}", talk.helper)
    heard = [each["sequence"] for each in first["data"] + second["data"]]
    assert heard == ([4, 5, 6] if order == "ascending" else [6, 5, 4])
    assert second["next_cursor"] is None


@pytest.mark.parametrize("query", ["order=sideways", "after=-1", "after=x", "order=", "before=3"])
async def test_other_wishes_are_refused(messaging: Harness, query: str):
    talk = await a_talk(messaging)
    answer = await get(messaging, f"{talk.path}/messages?{query}", talk.helper)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_words_are_found_whatever_their_case_accents_and_order(messaging: Harness):
    talk = await a_talk(messaging, text="Der Fernseher steht in der Küche, Größe 55 Zoll")
    await talk.say(talk.helper, "Und der Router?")
    for q in ("fernseher", "KUCHE", "Küche+fernseher", "grosse+55"):
        for who in (talk.customer, talk.helper):
            assert len(await found(messaging, q, who)) == 1, q
    assert await found(messaging, "router", talk.customer) == ["Und der Router?"]
    for q in ("fernseher+router", "fern", "toaster"):
        assert await found(messaging, q, talk.customer) == []


async def test_results_come_newest_first_page_by_page(messaging: Harness):
    talk = await a_long_talk(messaging)
    path = "/v1/messages?q=number&limit=4"
    first = await page(messaging, path, talk.helper)
    second = await page(messaging, f"{path}&cursor={first['next_cursor']}", talk.helper)
    texts = [each["message"]["text"] for each in first["data"] + second["data"]]
    assert texts == [f"number {number}" for number in range(6, 0, -1)]
    assert {each["conversation_id"] for each in first["data"]} == {talk.id}


async def test_nobody_finds_what_they_cannot_see(messaging: Harness):
    talk = await a_talk(messaging, text="a giraffe")
    await post(messaging, f"{talk.path}/block", None, talk.helper)
    await talk.say(talk.customer, "an elephant")
    assert await found(messaging, "elephant", talk.customer) == ["an elephant"]
    assert await found(messaging, "elephant", talk.helper) == []
    stranger = await messaging.person()
    assert await found(messaging, "giraffe", stranger) == []


async def test_what_was_redacted_cannot_be_searched_for(messaging: Harness):
    talk = await a_talk(messaging, text="write to max.muster@gmail.com please")
    assert await found(messaging, "gmail", talk.customer) == []
    assert len(await found(messaging, "please", talk.customer)) == 1


@pytest.mark.parametrize("query", ["", "q=", "q=a", "q=%2B%2B%2B", "q=" + "x" * 101, "q=ab&q=cd"])
async def test_a_search_without_a_word_is_refused(messaging: Harness, query: str):
    answer = await get(messaging, f"/v1/messages?{query}", await messaging.person())
    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_a_block_tells_which_jobs_somebody_has_to_look_after(messaging: Harness):
    talk = await a_talk(messaging)
    booked = await a_job(messaging, talk.customer, talk.helper)
    await book(messaging, booked)
    await a_job(messaging, talk.customer, talk.helper)
    await a_job(messaging, talk.customer, new_id("acc"))
    await post(messaging, f"{talk.path}/block", None, talk.helper)
    pair = Acquaintance.key("vodafone", talk.customer, talk.helper)
    told = (await messaging.published(PeerBlocked, subject=pair)).event.facts
    assert told.people == sorted((talk.customer, talk.helper))
    assert told.blocked_by == talk.helper
    assert told.active_job_ids == [booked.id]
