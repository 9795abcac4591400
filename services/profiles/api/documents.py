"""One's own proofs: handing them in, and what became of them."""

from typing import Annotated
from zoneinfo import ZoneInfo

import fastapi
from fastapi import Request
from starlette.responses import Response

from services.profiles import commands
from services.profiles.api.proof_form import DocumentForm
from services.profiles.model.document import Document, DocumentKind
from services.profiles.store import DocumentFiles, DocumentStore
from services.profiles.views.documents import DocumentView, document_view
from shared.http import PERSON, Call, CallDep, PagingDep, Router, answer, body, page_response
from shared.http.fields import Page
from shared.kernel.errors import Invalid, NotFound
from shared.media import MAX_BYTES, Studio

router = Router()

_FORM_MARGIN = 64 * 1024
"""Bytes of a multipart body around the file."""


@router.post(
    "/v1/helpers/me/documents",
    operation_id="profiles_submit_document",
    status_code=201,
    response_model=DocumentView,
    openapi_extra=PERSON | body(["multipart/form-data"], MAX_BYTES + _FORM_MARGIN),
)
async def submit_document(
    request: Request,
    form: Annotated[DocumentForm, fastapi.Form(media_type="multipart/form-data")],
    call: CallDep,
) -> Response:
    names = [name for name, _ in (await request.form()).multi_items()]
    if twice := [name for name in names if names.count(name) > 1]:
        raise Invalid("stands there twice", pointer=f"/{twice[0]}")
    insurance = form.insurance(call.tenant.currency)
    ends_at = form.ends_at(ZoneInfo(call.tenant.time_zone), call.now)
    document_id = call.derived_id("document")
    holder = await commands.check_may_submit(document_id, call.person.id, call)
    clean = await call.the(Studio).document(await form.file.read(), "/file")
    document = await commands.submit_document(
        commands.SubmitDocument(
            document_id=document_id,
            helper_id=call.person.id,
            kind=DocumentKind(form.kind),
            content=clean.content,
            content_type=clean.content_type,
            insurance=insurance,
            valid_until=ends_at,
        ),
        holder,
        call.answering(DocumentStore, document_view),
        call,
    )
    return answer(call, document_view(document), etag=document.version)


@router.get(
    "/v1/helpers/me/documents",
    operation_id="profiles_list_own_documents",
    response_model=Page[DocumentView],
    openapi_extra=PERSON,
)
async def list_own_documents(call: CallDep, paging: PagingDep) -> Response:
    after = paging.after[0] if paging.after else None
    found = await call.store(DocumentStore).of_helper(call.person.id, after, paging.limit + 1)
    page = found[: paging.limit]
    next_from = [page[-1].order] if len(found) > paging.limit else None
    return page_response(paging, [document_view(each) for each in page], next_from)


@router.get(
    "/v1/helpers/me/documents/{document_id}/file",
    operation_id="profiles_get_own_document_file",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}, "application/pdf": {}}}},
    openapi_extra=PERSON,
)
async def get_own_document_file(document_id: str, call: CallDep) -> Response:
    document = await call.store(DocumentStore).get(document_id)
    if document.helper_id != call.person.id:
        raise NotFound("there is no such document")
    return await file_of(document, call)


async def file_of(document: Document, call: Call) -> Response:
    """Sent to be saved, never to be opened inside a page of ours."""
    file = await call.store(DocumentFiles).get(document.file_id)
    headers = {
        "Content-Disposition": f'attachment; filename="{document.kind}-{document.id}"',
        "Cache-Control": "no-store",
    }
    return Response(file.content, 200, headers, file.content_type)
