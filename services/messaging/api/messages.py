"""Routes of messages: sending, listing, marking as read."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field
from starlette.responses import Response

from services.messaging import commands, views
from services.messaging.api.content import AttachmentIds, check_content
from services.messaging.api.limits import report_limit
from services.messaging.model import words_of
from services.messaging.store import Conversations, Messages
from shared.http import PERSON, CallDep, PagingDep, Router, answer, page_response
from shared.http.fields import SAFE_INTEGER, Body, Line, Page, Text
from shared.kernel.errors import Invalid
from shared.replicas import People

router = Router()


class SendBody(Body):
    """client_message_id is the caller's own; the same one is sent once. A message with
    attachments needs no text."""

    text: Annotated[str, Text(0, 4000)]
    client_message_id: Annotated[str, Line(1, 64)]
    attachments: AttachmentIds = Field(default_factory=list)


class ReadBody(Body):
    """sequence is that of the last message that was read."""

    sequence: Annotated[int, Field(strict=True, ge=1, le=SAFE_INTEGER)]


@router.get(
    "/v1/conversations/{conversation_id}/messages",
    operation_id="messaging_list_messages",
    response_model=Page[views.MessageView],
    openapi_extra=PERSON,
)
async def list_messages(
    conversation_id: str,
    call: CallDep,
    paging: PagingDep,
    order: Annotated[Literal["ascending", "descending"], Query()] = "ascending",
    after: Annotated[int, Query(ge=0, le=SAFE_INTEGER)] = 0,
) -> Response:
    """Messages by ascending sequence, or the newest first; behind ``after`` only."""
    me = call.person.id
    conversation = await call.store(Conversations).get(conversation_id)
    conversation.role_of(me)
    messages, many = call.store(Messages), paging.limit + 1
    if order == "ascending":
        begin = paging.after[0] if paging.after else after
        found = await messages.seen_by(me, conversation.id, begin, many)
    else:
        begin = paging.after[0] if paging.after else SAFE_INTEGER
        newest = await messages.seen_before(me, conversation.id, begin, many)
        found = [each for each in newest if each.number > after]
    shown = found[: paging.limit]
    language = (await call.store(People).arrived(me)).language
    next = [shown[-1].number] if len(found) > paging.limit else None
    return page_response(paging, [views.message_view(said, language) for said in shown], next)


@router.get(
    "/v1/messages",
    operation_id="messaging_search_messages",
    response_model=Page[views.FoundView],
    openapi_extra=PERSON,
)
async def search_messages(
    call: CallDep, paging: PagingDep, q: Annotated[str, Query(), Line(2, 100)]
) -> Response:
    """What was said to and by the caller with all of these words, newest first."""
    me, words = call.person.id, words_of(q)
    if not words:
        raise Invalid("must have a word", parameter="q", code="invalid_request")
    before = paging.after[0] if paging.after else None
    found = await call.store(Messages).with_words(me, words, before, paging.limit + 1)
    shown = found[: paging.limit]
    next = [shown[-1].order] if len(found) > paging.limit else None
    return page_response(paging, [views.found_view(said) for said in shown], next)


@router.post(
    "/v1/conversations/{conversation_id}/messages",
    operation_id="messaging_send_message",
    status_code=201,
    response_model=views.MessageView,
    openapi_extra=PERSON,
)
async def send_message(conversation_id: str, body: SendBody, call: CallDep) -> Response:
    """Until the two have booked a job, contact details are taken out and ``redacted`` is true."""
    check_content(body.text, body.attachments)
    command = commands.SendMessage(
        conversation_id=conversation_id,
        author=call.person.id,
        text=body.text,
        client_message_id=body.client_message_id,
        expected=call.exchange.if_match,
        attachments=tuple(body.attachments),
    )
    await report_limit(call)
    message = await commands.send_message(
        command,
        call,
        lambda _: call.answering(Messages, lambda said: views.message_view(said, "")),
    )
    return answer(call, views.message_view(message, ""))


@router.post(
    "/v1/conversations/{conversation_id}/read",
    operation_id="messaging_read_messages",
    response_model=views.ConversationView,
    openapi_extra=PERSON,
)
async def read_messages(conversation_id: str, body: ReadBody, call: CallDep) -> Response:
    """Everything up to this sequence has been read; a mark never goes back."""
    me = call.person.id
    seen = await call.store(Conversations).get(conversation_id)
    names = await views.names_of([seen.peer_of(me)], call.store(People))
    conversations = call.answering(
        Conversations, lambda known: views.conversation_view(known, me, names)
    )
    command = commands.ReadMessages(conversation_id, body.sequence, me)
    conversation = await commands.read_messages(command, call, conversations)
    view = views.conversation_view(conversation, me, names)
    return answer(call, view, etag=conversation.version)
