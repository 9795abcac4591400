"""Routes by which somebody says whether to get e-mails about unread messages."""

from fastapi import Request
from starlette.responses import Response

from services.messaging import commands, views
from services.messaging.links import Links
from services.messaging.store import NoticeSettings
from shared.http import PERSON, PUBLIC, CallDep, Router, answer, body
from shared.http.fields import Body
from shared.kernel.errors import Invalid

router = Router()

ONE_CLICK = b"List-Unsubscribe=One-Click"


class NoticesBody(Body):
    wanted: bool


@router.get(
    "/v1/me/message-notices",
    operation_id="messaging_get_notices",
    response_model=views.NoticesView,
    openapi_extra=PERSON,
)
async def get_notices(call: CallDep) -> Response:
    """Whether the caller gets e-mails about messages that are unread for ten minutes."""
    wanted = await commands.wants_notices(call.person.id, call)
    return answer(call, views.NoticesView(wanted=wanted))


@router.post(
    "/v1/me/message-notices",
    operation_id="messaging_set_notices",
    response_model=views.NoticesView,
    openapi_extra=PERSON,
)
async def set_notices(body: NoticesBody, call: CallDep) -> Response:
    """Want them, or not."""
    settings = call.answering(NoticeSettings, views.notices_view)
    command = commands.SetNotices(call.person.id, body.wanted)
    return answer(call, views.notices_view(await commands.set_notices(command, settings, call)))


@router.post(
    "/v1/message-notices/unsubscribe/{token}",
    operation_id="messaging_unsubscribe_from_notices",
    response_model=views.NoticesView,
    openapi_extra=PUBLIC | body(["application/x-www-form-urlencoded"], 1024),
)
async def unsubscribe(token: str, request: Request, call: CallDep) -> Response:
    """What a mail program sends for its reader (RFC 8058): ``List-Unsubscribe=One-Click``."""
    person_id = call.the(Links).person_of(call.tenant, token)
    if await request.body() != ONE_CLICK:
        raise Invalid("must be List-Unsubscribe=One-Click", pointer="", code="malformed_body")
    command = commands.SetNotices(person_id, wanted=False)
    setting = await commands.set_notices(command, call.store(NoticeSettings), call)
    return answer(call, views.notices_view(setting))
