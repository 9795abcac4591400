"""Saying something in a conversation: once, in order, and not lost on the way.

The message is written first, under the number after the conversation's last; its ``_id`` is
conversation and number, so two writers cannot both have it. The message carries its own event.
Then the heads (last number, unread counts, lists) follow by a versioned write. If the process
dies in between, nothing is lost: the message is there and will be read, and the heads are made
to follow by whoever comes first - the next writer, who finds the number taken, or our own
consumer of MessageSent. The other order would leave a number without a message.

It is not doubled either. A writer loads the heads, then looks for its client_message_id, then
writes the next number. If that number was free, nothing was written in between, so the look was
right; if it was taken, everything is looked at again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from services.messaging.commands.attaching import claim, mark_sent, name_of_message
from services.messaging.model import (
    CONVERSATIONS,
    MESSAGES,
    SYSTEM,
    Acquaintance,
    Conversation,
    Draft,
    Message,
    check_openers,
    redact,
)
from services.messaging.store import Acquaintances, Attachments, Conversations, Messages
from shared.kernel.errors import Conflict
from shared.replicas import People
from shared.scope import Scope
from shared.store import AlreadyExists

ATTEMPTS = 20
"""How often a number may be taken by somebody faster before we give up."""

Answering = Callable[[Conversation], Messages]
"""The store for the message, given the heads as they will be when it is written."""


@dataclass(frozen=True)
class SendMessage:
    """expected is the conversation's version that the caller saw, None when any will do."""

    conversation_id: str
    author: str
    text: str
    client_message_id: str
    expected: int | None = None
    attachments: tuple[str, ...] = ()


async def send_message(cmd: SendMessage, scope: Scope, answering: Answering) -> Message:
    """The message, or the first one with this client_message_id.

    NotFound to strangers, Forbidden (email_not_verified), Precondition, Blocked, Limited.
    """
    conversation = await scope.store(Conversations).get(cmd.conversation_id)
    conversation.role_of(cmd.author)
    await scope.store(People).verified(cmd.author)
    conversation.expect(cmd.expected)
    draft = Draft(cmd.author, cmd.text, cmd.client_message_id)
    draft = await with_attachments(draft, cmd.attachments, conversation.id, scope)
    _, message = await say(draft, conversation, scope, answering)
    return message


async def with_attachments(
    draft: Draft, ids: Sequence[str], conversation_id: str, scope: Scope
) -> Draft:
    """The files are the message's from now on. Invalid (unknown_attachment)."""
    if not ids:
        return draft
    message = name_of_message(conversation_id, draft.author, draft.client_message_id)
    return replace(draft, attachments=await claim(ids, draft.author, message, scope))


async def say(
    draft: Draft, start: Conversation, scope: Scope, answering: Answering
) -> tuple[Conversation, Message]:
    """The conversation as far as it has come, and the message as it was first written.

    start is the conversation, or a new one that is written down with its first message.
    """
    conversations = scope.store(Conversations)
    acquaintance, draft = await _seen_to(draft, start, scope)
    for _ in range(ATTEMPTS):
        conversation = await conversations.find(start.id) or replace(start)
        message = conversation.compose(draft, scope.now)
        ahead = replace(conversation)
        ahead.take(message)
        messages = answering(ahead)
        await messages.replay()
        known = await messages.said(start.id, draft.author, draft.client_message_id)
        if known is not None:
            return conversation, known
        acquaintance.check_open(draft.author)
        await _check_limits(draft, conversation, scope)
        if conversation.version == 0:
            await conversations.ensure(conversation, [])
        try:
            await messages.create(message, message.sent())
        except AlreadyExists:
            await catch_up(start.id, scope)
        else:
            await mark_sent(message, scope.store(Attachments))
            return await _follow(message, ahead, conversations), message
    raise Conflict("this conversation is changing too fast, try again", code="busy")


async def _seen_to(
    draft: Draft, conversation: Conversation, scope: Scope
) -> tuple[Acquaintance, Draft]:
    """What holds between the two, and the draft as it may be read by the other side."""
    people = scope.store(Acquaintances)
    acquaintance = await people.between(*conversation.people)
    if draft.author == SYSTEM:
        return acquaintance, draft
    text, redacted = draft.text, False
    if scope.tenant.rules.contact_redaction and acquaintance.booked_at is None:
        text, redacted = redact(text, scope.tenant.country)
    withheld = acquaintance.withholds_from(conversation.peer_of(draft.author))
    return acquaintance, replace(draft, text=text, redacted=redacted, withheld=withheld)


async def _check_limits(draft: Draft, conversation: Conversation, scope: Scope) -> None:
    """Limited when the author has written, opened or asked too much."""
    if draft.author == SYSTEM:
        return
    times = await scope.store(Messages).times(draft.author, MESSAGES.most)
    MESSAGES.check(times, scope.now)
    conversations = scope.store(Conversations)
    if draft.opener:
        known = await conversations.between(*conversation.people)
        check_openers(sum(each.seat_of(draft.author).openers for each in known))
    if conversation.version == 0:
        opened = await conversations.openings(draft.author, CONVERSATIONS.most)
        CONVERSATIONS.check(opened, scope.now)


async def _follow(
    message: Message, ahead: Conversation, conversations: Conversations
) -> Conversation:
    """The heads after the message; if others are faster five times, its event moves them."""
    try:
        return await conversations.update(
            message.conversation_id, lambda heads: heads.take(message)
        )
    except Conflict:
        return ahead


async def catch_up(conversation_id: str, scope: Scope) -> None:
    """Let the heads follow every message that is stored."""
    conversations, messages = scope.store(Conversations), scope.store(Messages)
    while True:
        heads = await conversations.get(conversation_id)
        following = await messages.find(Message.key(heads.id, heads.last_number + 1))
        if following is None:
            return
        await conversations.update(heads.id, partial(Conversation.take, message=following))
