"""The live stream, and the tickets by which browsers open it."""

import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Header, Query, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from services.messaging import commands
from services.messaging.model import TICKET_LIFE
from services.messaging.store import FeedEntries, Followers, Tickets
from services.messaging.streams import Stream, Streams
from services.messaging.views.stream import Teller, TicketView
from shared.http import OR_TICKET, PERSON, Actor, Call, CallDep, Router, answer
from shared.kernel.clock import utc_now
from shared.kernel.errors import Invalid, Unavailable
from shared.replicas import Revocations

router = Router()

HEARTBEAT = 15
"""Seconds; a comment line, so that nobody on the way takes the connection for dead."""

SLOW = 10.0
"""Seconds a reader may take none of what is there for it; then it is dropped, and may resume."""

BATCH = 50
"""Entries read at a time."""

_NUMBERS = 12
"""Digits of a position at most."""


@router.post(
    "/v1/stream/tickets",
    operation_id="messaging_issue_stream_ticket",
    status_code=201,
    response_model=TicketView,
    openapi_extra=PERSON,
)
async def issue_ticket(request: Request, call: CallDep) -> Response:
    """For ``GET /v1/stream?ticket=``: good for one minute, and for one stream."""
    secret = _secret(call, request.app.state.cursor_secret)
    view = TicketView(ticket=secret, expires_in=int(TICKET_LIFE.total_seconds()))
    tickets = call.answering(Tickets, lambda _: view)
    await commands.issue_ticket(commands.IssueTicket(secret, call.person), tickets, utc_now())
    return answer(call, view, headers={"Cache-Control": "no-store"})


def _secret(call: Call, key: bytes) -> str:
    """The same for a request that is repeated with its Idempotency-Key, else always new."""
    if call.exchange.key is None:
        return secrets.token_urlsafe(32)
    name = f"stream ticket|{call.derived_id('ticket')}"
    return hmac.digest(key, name.encode(), hashlib.sha256).hex()


@router.get(
    "/v1/stream",
    operation_id="messaging_read_stream",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
    openapi_extra=PERSON | OR_TICKET,
)
async def read_stream(
    request: Request,
    call: CallDep,
    ticket: Annotated[str | None, Query(min_length=1, max_length=128)] = None,
    last_event_id: Annotated[str | None, Query(max_length=_NUMBERS)] = None,
    resumed: Annotated[str | None, Header(alias="Last-Event-ID", max_length=_NUMBERS)] = None,
) -> Response:
    """Messages, job changes and review invitations of the caller as they come (server-sent events).

    ``Last-Event-ID``, or ``last_event_id`` in the address where a header cannot be sent, resumes
    behind that event. Events: ``ready`` (the position at the beginning), ``message``, ``job``,
    ``review_invitation``, ``reset`` (something older is no longer there: load anew), ``end`` (the
    token has ended: come back with another one).
    """
    position = _position(resumed or last_event_id)
    actor = await _caller(ticket, call)
    feed = call.store(FeedEntries)
    teller = await Teller.of(actor.id, call)
    await commands.follow(actor.id, call.store(Followers))
    streams, slug = call.the(Streams), call.tenant.slug
    last = await feed.last_number(actor.id, streams.end(slug, actor.id))
    streams.reaches(slug, actor.id, last)
    revocations: Revocations = request.app.state.revocations

    async def refused() -> bool:
        await revocations.fresh()
        return revocations.refuses(actor)

    stream = Stream(
        tenant=slug,
        person_id=actor.id,
        expires_at=actor.expires_at or utc_now(),
        refused=refused,
    )
    streams.enter(stream)
    stream.position = last if position is None else min(position, last)
    greeting = "ready" if position is None or position <= last else "reset"
    events = _events(call, stream, teller, greeting)
    return EventSourceResponse(
        _kept(events, streams, stream), ping=HEARTBEAT, send_timeout=SLOW, sep="\n"
    )


async def _caller(ticket: str | None, call: Call) -> Actor:
    if call.actor is None:
        return await commands.use_ticket(ticket or "", call.store(Tickets), utc_now())
    if ticket is not None:
        raise Invalid("send either a ticket or a token", parameter="ticket", code="invalid_request")
    return call.actor


def _position(said: str | None) -> int | None:
    if said is None:
        return None
    if not (said.isascii() and said.isdecimal()):
        raise Invalid(
            "this is no event of a stream", parameter="Last-Event-ID", code="invalid_request"
        )
    return int(said)


async def _kept(
    events: AsyncIterator[ServerSentEvent], streams: Streams, stream: Stream
) -> AsyncIterator[ServerSentEvent]:
    """The events, until the reader goes or is dropped; the stream is closed whatever happens."""
    try:
        async for event in events:
            yield event
    except Unavailable:
        return  # The reader comes back, and resumes.
    finally:
        streams.leave(stream)


async def _events(
    call: Call, stream: Stream, teller: Teller, greeting: str
) -> AsyncIterator[ServerSentEvent]:
    """Everything behind the stream's position, for ever; a gap is told before what follows it."""
    feed, person = call.store(FeedEntries), stream.person_id
    yield _event(greeting, stream.position)
    while not stream.over:
        stream.news.clear()
        entries = await feed.after(person, stream.position, BATCH)
        for entry in entries:
            if entry.number != stream.position + 1:
                yield _event("reset", entry.number - 1)
            told = await teller.told(entry)
            if told is not None:
                yield _event(entry.kind, entry.number, told.model_dump_json())
            stream.position = entry.number
        if len(entries) < BATCH:
            await stream.news.wait()
    yield _event("end", stream.position)


def _event(name: str, number: int, data: str = "{}") -> ServerSentEvent:
    return ServerSentEvent(data=data, event=name, id=str(number), sep="\n")
