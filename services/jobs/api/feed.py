"""The calendar feed: a secret address for each person, read by programs without a login."""

import secrets
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from services.jobs.commands.feeds import MakeFeed, end_feed, make_feed, reader_of
from services.jobs.views.feed import feed
from shared.http import PERSON, PUBLIC, CallDep, Router, answer
from shared.http.fields import View

router = Router()

SECRET_BYTES = 24
PATH = "/v1/me/calendar.ics"


class FeedView(View):
    """path belongs behind the tenant's host; whoever has it can read your appointments."""

    token: str
    path: str


@router.post(
    "/v1/me/calendar",
    operation_id="jobs_make_calendar",
    status_code=201,
    response_model=FeedView,
    openapi_extra=PERSON,
)
async def make_calendar(call: CallDep) -> Response:
    """A new secret address; the one before is dead. It is shown this once."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    await make_feed(MakeFeed(call.person.id, secret), call)
    token = f"{call.person.id}.{secret}"
    headers = {"Cache-Control": "no-store"}
    return answer(call, FeedView(token=token, path=f"{PATH}?token={token}"), headers=headers)


@router.delete(
    "/v1/me/calendar",
    operation_id="jobs_end_calendar",
    status_code=204,
    response_class=Response,
    openapi_extra=PERSON,
)
async def end_calendar(call: CallDep) -> Response:
    """The address is dead."""
    await end_feed(call.person.id, call)
    return Response(status_code=204)


@router.get(
    PATH,
    operation_id="jobs_get_calendar",
    response_class=Response,
    responses={200: {"content": {"text/calendar": {}}}},
    openapi_extra=PUBLIC,
)
async def get_calendar(
    call: CallDep,
    token: Annotated[str, Query(min_length=1, max_length=200, description="The secret.")],
) -> Response:
    """Your appointments in both roles; cancelled ones are marked. 404 for a dead address."""
    content = await feed(await reader_of(token, call), call)
    headers = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer"}
    return Response(content, 200, headers, "text/calendar; charset=utf-8")
