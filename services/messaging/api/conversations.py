"""Routes of conversations: opening, listing, blocking, reporting."""

from typing import Annotated, Literal

from pydantic import Field
from starlette.responses import Response

from services.messaging import commands, views
from services.messaging.api.content import AttachmentIds, check_content
from services.messaging.api.limits import report_limit
from services.messaging.model import Conversation
from services.messaging.store import Acquaintances, Conversations, Messages
from shared.http import PERSON, Call, CallDep, PagingDep, Router, answer, page_response
from shared.http.fields import Body, Line, Page, Text
from shared.replicas import People

router = Router()


class OpenBody(Body):
    """Without job_id the conversation is a general one; client_message_id is the caller's own."""

    helper_id: Annotated[str, Line(1, 64)]
    job_id: Annotated[str, Line(1, 64)] | None = None
    text: Annotated[str, Text(0, 4000)]
    client_message_id: Annotated[str, Line(1, 64)]
    attachments: AttachmentIds = Field(default_factory=list)


class ReportBody(Body):
    reason: Literal[
        "harassment",
        "discrimination",
        "scam",
        "off_platform_payment",
        "personal_data",
        "safety",
        "other",
    ]


@router.post(
    "/v1/conversations",
    operation_id="messaging_open_conversation",
    status_code=201,
    response_model=views.ConversationView,
    responses={200: {"model": views.ConversationView, "description": "There was one; appended."}},
    openapi_extra=PERSON,
)
async def open_conversation(body: OpenBody, call: CallDep) -> Response:
    """Write to a listed helper, or to the other party of a job."""
    me = call.person.id
    check_content(body.text, body.attachments)
    command = commands.OpenConversation(
        caller=me,
        helper_id=body.helper_id,
        job_id=body.job_id,
        text=body.text,
        client_message_id=body.client_message_id,
        expected=call.exchange.if_match,
        attachments=tuple(body.attachments),
    )
    topic = await commands.topic_of(command, call)
    names = await _names([topic], call)
    await report_limit(call)

    def answering(ahead: Conversation) -> Messages:
        return call.answering(
            Messages,
            lambda _: views.conversation_view(ahead, me, names),
            status=_status(ahead.last_number),
        )

    conversation, message = await commands.open_conversation(command, topic, call, answering)
    view = views.conversation_view(conversation, me, names)
    return answer(call, view, status=_status(message.number), etag=conversation.version)


def _status(number: int) -> int:
    """201 when the conversation began with this message."""
    return 201 if number == 1 else 200


@router.get(
    "/v1/conversations",
    operation_id="messaging_list_conversations",
    response_model=Page[views.ConversationView],
    openapi_extra=PERSON,
)
async def list_conversations(call: CallDep, paging: PagingDep) -> Response:
    """The caller's conversations on either side, last written first."""
    me = call.person.id
    before = paging.after[0] if paging.after else None
    found = await call.store(Conversations).of(me, before, paging.limit + 1)
    shown = found[: paging.limit]
    names = await _names(shown, call)
    next = [shown[-1].order_of(me)] if len(found) > paging.limit else None
    return page_response(
        paging, [views.conversation_view(known, me, names) for known in shown], next
    )


@router.get(
    "/v1/conversations/{conversation_id}",
    operation_id="messaging_get_conversation",
    response_model=views.ConversationView,
    openapi_extra=PERSON,
)
async def get_conversation(conversation_id: str, call: CallDep) -> Response:
    conversation = await call.store(Conversations).get(conversation_id)
    conversation.role_of(call.person.id)
    return await _answer(conversation, call)


@router.post(
    "/v1/conversations/{conversation_id}/block",
    operation_id="messaging_block_peer",
    response_model=views.ConversationView,
    openapi_extra=PERSON,
)
async def block_peer(conversation_id: str, call: CallDep) -> Response:
    """Neither side reaches the other any more; the other side is not told."""
    me = call.person.id
    seen = await _seen(conversation_id, call)
    names = await _names([seen], call)
    people = call.answering(Acquaintances, lambda _: views.conversation_view(seen, me, names))
    command = commands.BlockPeer(conversation_id, me, call.exchange.if_match)
    return await _answer(await commands.block_peer(command, call, people), call)


@router.post(
    "/v1/conversations/{conversation_id}/report",
    operation_id="messaging_report_conversation",
    response_model=views.ConversationView,
    openapi_extra=PERSON,
)
async def report_conversation(conversation_id: str, body: ReportBody, call: CallDep) -> Response:
    """Ask support for help; a copy of what was said is kept as evidence."""
    me = call.person.id
    names = await _names([await _seen(conversation_id, call)], call)
    conversations = call.answering(
        Conversations, lambda known: views.conversation_view(known, me, names)
    )
    command = commands.ReportConversation(conversation_id, body.reason, me)
    conversation = await commands.report_conversation(command, call, conversations)
    view = views.conversation_view(conversation, me, names)
    return answer(call, view, etag=conversation.version)


async def _seen(conversation_id: str, call: Call) -> Conversation:
    """The conversation. NotFound to anybody but its parties."""
    conversation = await call.store(Conversations).get(conversation_id)
    conversation.role_of(call.person.id)
    return conversation


async def _answer(conversation: Conversation, call: Call) -> Response:
    names = await _names([conversation], call)
    view = views.conversation_view(conversation, call.person.id, names)
    return answer(call, view, etag=conversation.version)


async def _names(conversations: list[Conversation], call: Call) -> views.Names:
    me = call.person.id
    return await views.names_of((each.peer_of(me) for each in conversations), call.store(People))
