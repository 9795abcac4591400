"""What happens when writers meet, or a process ends between two writes."""

import asyncio
from typing import Any

import pytest

from services.messaging.commands import SendMessage, catch_up, send_message
from services.messaging.model import Conversation, Evidence, Message
from services.messaging.store import Conversations, Evidences, Messages
from shared.kernel.errors import Limited
from shared.scope import Scope
from tests.harness import Harness
from tests.messaging.builders import NOW, Talk, a_draft, a_talk, post


async def store_without_heads(scope: Scope, conversation_id: str, **changes: Any) -> Message:
    """A message whose writer ended before the heads followed; its event is never published."""
    heads = await scope.store(Conversations).get(conversation_id)
    message = heads.compose(a_draft(heads.customer_id, **changes), NOW)
    await scope.store(Messages).create(message, [])
    return message


async def heads_of(messaging: Harness, talk: Talk) -> Conversation:
    return await messaging.scope().store(Conversations).get(talk.id)


async def send(scope: Scope, talk: Talk, author: str, client_message_id: str) -> Message:
    command = SendMessage(talk.id, author, "Hello", client_message_id)
    return await send_message(command, scope, lambda _: scope.store(Messages))


async def test_messages_of_many_writers_at_once_have_numbers_without_gaps(messaging: Harness):
    talk = await a_talk(messaging)
    scope = messaging.scope()
    writers = [talk.customer, talk.helper]
    await asyncio.gather(*(send(scope, talk, writers[n % 2], f"m{n}") for n in range(10)))
    numbers = [said["sequence"] for said in await talk.heard_by(talk.helper)]
    assert numbers == list(range(1, 12))
    assert (await talk.seen_by(talk.helper))["unread"] == 6


async def test_one_message_sent_many_times_at_once_is_stored_once(messaging: Harness):
    talk = await a_talk(messaging)
    scope = messaging.scope()
    sent = await asyncio.gather(*(send(scope, talk, talk.customer, "same") for _ in range(8)))
    assert len({message.id for message in sent}) == 1
    assert len(await talk.heard_by(talk.helper)) == 2


async def test_the_limit_holds_for_writers_at_once(messaging: Harness):
    talk = await a_talk(messaging)
    scope = messaging.scope()
    for n in range(14):
        await send(scope, talk, talk.customer, f"m{n}")
    outcomes = await asyncio.gather(
        *(send(scope, talk, talk.customer, f"n{n}") for n in range(9)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert [type(outcome) for outcome in refused] == [Limited] * 4
    assert len(await talk.heard_by(talk.helper)) == 20


async def test_a_message_without_heads_is_read_and_the_next_one_gets_the_next_number(
    messaging: Harness,
):
    talk = await a_talk(messaging)
    lost = await store_without_heads(messaging.scope(), talk.id)
    assert lost.id in [said["id"] for said in await talk.heard_by(talk.helper)]
    answer = await talk.say(talk.helper)
    assert answer.json()["sequence"] == lost.number + 1
    assert (await talk.seen_by(talk.helper))["unread"] == 2


async def test_the_messages_own_event_moves_the_heads(messaging: Harness):
    talk = await a_talk(messaging)
    lost = await store_without_heads(messaging.scope(), talk.id)
    assert (await heads_of(messaging, talk)).last_number == 1
    await messaging.deliver(lost.sent()[0], subject=lost.id)
    await messaging.deliver(lost.sent()[0], subject=lost.id)
    assert (await heads_of(messaging, talk)).last_number == 2
    assert (await talk.seen_by(talk.helper))["unread"] == 2


async def test_catching_up_takes_everything_in_order(messaging: Harness):
    talk = await a_talk(messaging)
    scope = messaging.scope()
    heads = await scope.store(Conversations).get(talk.id)
    for _ in range(3):
        message = heads.compose(a_draft(talk.helper), NOW)
        heads.take(message)
        await scope.store(Messages).create(message, [])
    await catch_up(talk.id, scope)
    assert (await heads_of(messaging, talk)).last_number == 4
    assert (await talk.seen_by(talk.customer))["unread"] == 3


async def test_a_message_can_be_marked_as_read_before_the_heads_have_followed(
    messaging: Harness,
):
    talk = await a_talk(messaging)
    lost = await store_without_heads(messaging.scope(), talk.id)
    answer = await post(messaging, f"{talk.path}/read", {"sequence": lost.number}, talk.helper)
    assert answer.status_code == 200
    assert answer.json()["unread"] == 0


async def test_a_repeat_finds_a_message_whose_heads_never_followed(messaging: Harness):
    talk = await a_talk(messaging)
    lost = await store_without_heads(messaging.scope(), talk.id)
    answer = await talk.say(talk.customer, client_message_id=lost.client_message_id)
    assert (answer.status_code, answer.json()["id"]) == (201, lost.id)


async def test_evidence_is_made_by_the_event_if_the_reporters_process_ended(messaging: Harness):
    talk = await a_talk(messaging, text="Pay me outside")
    scope = messaging.scope()
    conversations = scope.store(Conversations)
    events: list[Any] = []

    def report(heads: Conversation) -> list[Any]:
        events.extend(heads.report("scam", by=talk.helper, at=NOW))
        return []

    reported = await conversations.update(talk.id, report)
    await talk.say(talk.customer, "And something later")
    await messaging.deliver(events[0], subject=talk.id, sequence=2)
    evidence: Evidence = await scope.store(Evidences).get(reported.reports[0].id)
    assert [line.text for line in evidence.lines] == ["Pay me outside"]


@pytest.mark.parametrize("tenant", ["vodafone", "swisscom"])
async def test_a_tenants_stores_see_only_their_own(messaging: Harness, tenant: str):
    talk = await a_talk(messaging, tenant=tenant)
    other = "swisscom" if tenant == "vodafone" else "vodafone"
    assert await messaging.scope(other).store(Conversations).find(talk.id) is None
    messages = messaging.scope(other).store(Messages)
    assert await messages.seen_by(talk.customer, talk.id, 0, 10) == []
    assert await messages.times(talk.customer, 10) == []
