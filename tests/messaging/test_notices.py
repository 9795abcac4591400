import asyncio
from datetime import timedelta

import httpx
import pytest

from services.messaging.commands import send_notices
from services.messaging.store import Conversations
from shared.contracts.messaging import ConversationNoticed
from shared.kernel.ids import new_id
from shared.mail import Mail, MailStore, message_of
from shared.timers import Ticker
from tests.harness import Harness
from tests.messaging.builders import Talk, a_helper, a_talk, get, post

AFTER = timedelta(minutes=10, seconds=5)


async def mails_to(messaging: Harness, who: str, tenant: str = "vodafone") -> list[Mail]:
    where = {"recipient": f"{who}@people.example"}
    return await messaging.scope(tenant).store(MailStore)._find(where)


async def mailed(messaging: Harness, who: str, count: int = 1) -> list[Mail]:
    async def enough() -> list[Mail]:
        found = await mails_to(messaging, who)
        return found if len(found) >= count else []

    found: list[Mail] = await messaging.eventually(enough)
    return found


async def looked(messaging: Harness) -> None:
    """Every due conversation has been looked at, by two tickers at once."""
    tickers = [
        Ticker(
            messaging.runtime.database,
            [Conversations],
            messaging.runtime.scope_of,
            messaging.runtime.clock.now,
        )
        for _ in range(2)
    ]
    await asyncio.gather(*(ticker.work_off(Conversations) for ticker in tickers))


async def settled(messaging: Harness, talk: Talk) -> ConversationNoticed:
    told = await messaging.published(ConversationNoticed, subject=talk.id)
    event: ConversationNoticed = told.event
    return event


async def test_ten_unread_minutes_bring_one_mail_for_the_whole_burst(messaging: Harness):
    talk = await a_talk(messaging)
    for number in range(3):
        await talk.say(talk.customer, f"secret {number}")
    assert await mails_to(messaging, talk.helper) == []
    messaging.travel(AFTER)
    await looked(messaging)
    [mail] = await mailed(messaging, talk.helper)
    assert mail.subject == "Ada Berger hat Ihnen geschrieben"
    assert "4 ungelesene Nachrichten von Ada Berger" in (mail.text or "")
    assert "secret" not in (mail.text or "")
    assert mail.sender_name == messaging.scope().tenant.brand.programme_name
    assert await mails_to(messaging, talk.customer) == []


async def test_no_second_mail_before_something_was_read(messaging: Harness):
    talk = await a_talk(messaging)
    messaging.travel(AFTER)
    await looked(messaging)
    await mailed(messaging, talk.helper)
    await talk.say(talk.customer, "still there?")
    messaging.travel(3 * AFTER)
    await looked(messaging)
    assert len(await mails_to(messaging, talk.helper)) == 1
    await post(messaging, f"{talk.path}/read", {"sequence": 2}, talk.helper)
    await talk.say(talk.customer, "and now?")
    messaging.travel(5 * AFTER)
    await looked(messaging)
    assert len(await mailed(messaging, talk.helper, 2)) == 2


async def test_a_day_later_another_mail_reminds_of_what_came_since(messaging: Harness):
    talk = await a_talk(messaging)
    messaging.travel(AFTER)
    await looked(messaging)
    await mailed(messaging, talk.helper)
    messaging.travel(timedelta(hours=25))
    await talk.say(talk.customer, "still there?")
    messaging.travel(timedelta(hours=26))
    await looked(messaging)
    assert len(await mailed(messaging, talk.helper, 2)) == 2


async def test_what_was_read_in_time_brings_none_and_the_clock_begins_anew(messaging: Harness):
    talk = await a_talk(messaging)
    messaging.travel(timedelta(minutes=8))
    await post(messaging, f"{talk.path}/read", {"sequence": 1}, talk.helper)
    await talk.say(talk.customer, "one more")
    messaging.travel(timedelta(minutes=12))
    await looked(messaging)
    heads = await messaging.scope().store(Conversations).get(talk.id)
    assert (heads.helper.noticed, heads.helper.notice_due is not None) == (None, True)
    messaging.travel(timedelta(minutes=19))
    await looked(messaging)
    await mailed(messaging, talk.helper)


async def test_the_same_notice_is_written_once_however_often_it_is_heard(messaging: Harness):
    talk = await a_talk(messaging)
    messaging.travel(AFTER)
    await looked(messaging)
    unread = await settled(messaging, talk)
    scope = messaging.scope()
    await asyncio.gather(*(send_notices(talk.id, unread.facts, scope) for _ in range(5)))
    await messaging.deliver(unread, subject=talk.id, sequence=2)
    assert len(await mails_to(messaging, talk.helper)) == 1


async def test_a_mail_is_in_its_readers_language(messaging: Harness):
    talk = await a_talk(messaging, helper=await a_helper(messaging, language="it"))
    messaging.travel(AFTER)
    await looked(messaging)
    [mail] = await mailed(messaging, talk.helper)
    assert mail.subject == "Ada Berger le ha scritto"


async def test_a_blocked_persons_words_bring_no_mail(messaging: Harness):
    talk = await a_talk(messaging)
    await post(messaging, f"{talk.path}/read", {"sequence": 1}, talk.helper)
    await post(messaging, f"{talk.path}/block", None, talk.helper)
    await talk.say(talk.customer, "listen!")
    messaging.travel(AFTER)
    await looked(messaging)
    heads = await messaging.scope().store(Conversations).get(talk.id)
    assert heads.helper.noticed is None


async def one_click(
    messaging: Harness, link: str, body: str, *, tenant: str = "vodafone"
) -> httpx.Response:
    async with messaging.client(None, tenant=tenant) as client:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return await client.post(httpx.URL(link).path, content=body, headers=kind)


async def test_one_click_ends_the_mails_and_they_can_be_had_again(messaging: Harness):
    talk = await a_talk(messaging)
    messaging.travel(AFTER)
    await looked(messaging)
    [mail] = await mailed(messaging, talk.helper)
    written = message_of(mail)
    assert written["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = written["List-Unsubscribe"].strip("<>")
    assert link.startswith("https://vodafone.localhost/v1/")
    answer = await one_click(messaging, link, "List-Unsubscribe=One-Click")
    assert (answer.status_code, answer.json()) == (200, {"wanted": False})
    path = "/v1/me/message-notices"
    assert (await get(messaging, path, talk.helper)).json() == {"wanted": False}
    await post(messaging, f"{talk.path}/read", {"sequence": 1}, talk.helper)
    await talk.say(talk.customer, "one more")
    messaging.travel(3 * AFTER)
    await looked(messaging)
    noticed = await settled(messaging, talk)
    await messaging.deliver(noticed, subject=talk.id, sequence=9)
    assert len(await mails_to(messaging, talk.helper)) == 1
    answer = await post(messaging, path, {"wanted": True}, talk.helper)
    assert (answer.status_code, answer.json()) == (200, {"wanted": True})


@pytest.mark.parametrize("token", ["x", "AAAA", "äöü", "A" * 60, new_id("acc")])
async def test_an_address_that_we_have_not_made_unsubscribes_nobody(messaging: Harness, token: str):
    link = f"https://vodafone.localhost/v1/message-notices/unsubscribe/{token}"
    answer = await one_click(messaging, link, "List-Unsubscribe=One-Click")
    assert answer.status_code == 404


async def test_an_address_counts_in_its_tenant_and_for_one_click_alone(messaging: Harness):
    talk = await a_talk(messaging)
    messaging.travel(AFTER)
    await looked(messaging)
    [mail] = await mailed(messaging, talk.helper)
    link = mail.headers["List-Unsubscribe"].strip("<>")
    body = "List-Unsubscribe=One-Click"
    assert (await one_click(messaging, link, body, tenant="swisscom")).status_code == 404
    assert (await one_click(messaging, link, "something=else")).status_code == 422
    assert (await get(messaging, "/v1/me/message-notices", talk.helper)).json() == {"wanted": True}
