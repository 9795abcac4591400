"""Routes of attachments: uploading, and reading what was sent."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Query, Request
from starlette.responses import Response

from services.messaging import commands, views
from services.messaging.store import Attachments
from shared.http import PERSON, CallDep, Router, answer, body
from shared.http.fields import Line
from shared.media import IMAGE_TYPES, MAX_BYTES, PDF, Studio

router = Router()


@router.post(
    "/v1/attachments",
    operation_id="messaging_upload_attachment",
    status_code=201,
    response_model=views.AttachmentView,
    openapi_extra=PERSON | body([*IMAGE_TYPES, PDF], MAX_BYTES),
)
async def upload_attachment(
    request: Request, call: CallDep, name: Annotated[str | None, Query(), Line(1, 120)] = None
) -> Response:
    """The bytes of a JPEG, PNG, WebP or PDF, at most 10 MB; to be sent within 24 hours.

    Images are encoded anew as JPEG, without metadata. What it is is seen from the bytes alone.
    """
    await commands.check_may_upload(call.person.id, call)
    clean = await call.the(Studio).document(await request.body())
    command = commands.TakeFile(
        id=call.derived_id("att"),
        owner=call.person.id,
        content=clean.content,
        content_type=clean.content_type,
        name=name,
    )
    attachments = call.answering(Attachments, views.attachment_view)
    attachment = await commands.take_file(command, attachments, call)
    return answer(call, views.attachment_view(attachment))


@router.get(
    "/v1/attachments/{attachment_id}",
    operation_id="messaging_get_attachment",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}, "application/pdf": {}}}},
    openapi_extra=PERSON,
)
async def get_attachment(attachment_id: str, call: CallDep) -> Response:
    """For whoever uploaded it, and whoever can see the message that it was sent with."""
    attachment, file = await commands.open_file(attachment_id, call.person.id, call)
    ending = "pdf" if file.content_type == PDF else "jpg"
    shown = quote(attachment.name or f"{attachment.id}.{ending}", safe="")
    headers = {
        # Sent to be saved, never to be opened inside a page of ours.
        "Content-Disposition": f"attachment; filename*=UTF-8''{shown}",
        "Cache-Control": "no-store",
    }
    return Response(file.content, 200, headers, file.content_type)
