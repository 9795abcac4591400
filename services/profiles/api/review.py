"""Support's queue of proofs: each look at somebody's is recorded before it is answered."""

from typing import Annotated, Literal

from fastapi import Query
from starlette.responses import Response

from services.profiles import commands
from services.profiles.api.documents import file_of
from services.profiles.model.document import Document, DocumentStatus
from services.profiles.store import DocumentStore, LookStore
from services.profiles.views.documents import SupportDocumentView, support_document_view
from shared.audit import record_look
from shared.http import Call, CallDep, PagingDep, Router, answer, page_response, roles
from shared.http.fields import Body, Page, Text
from shared.kernel.errors import Invalid

router = Router()

SUPPORT = roles("support", "tenant_admin")


class DecisionBody(Body):
    """A rejection needs a reason, which its helper reads."""

    decision: Literal["verified", "rejected"]
    reason: Annotated[str, Text(0, 1_000)] = ""


@router.get(
    "/v1/support/documents",
    operation_id="profiles_list_documents",
    response_model=Page[SupportDocumentView],
    openapi_extra=SUPPORT,
)
async def list_documents(
    call: CallDep,
    paging: PagingDep,
    status: Annotated[Literal["pending", "verified", "rejected", "expired"], Query()] = "pending",
) -> Response:
    after = paging.after[0] if paging.after else ""
    found = await call.store(DocumentStore).in_queue(
        DocumentStatus(status), after, paging.limit + 1
    )
    page = found[: paging.limit]
    await record_look(call, LookStore, kind="document", subjects=(e.helper_id for e in page))
    next_from = [page[-1].order] if len(found) > paging.limit else None
    return page_response(paging, [support_document_view(each) for each in page], next_from)


@router.get(
    "/v1/support/documents/{document_id}/file",
    operation_id="profiles_get_document_file",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}, "application/pdf": {}}}},
    openapi_extra=SUPPORT,
)
async def get_document_file(document_id: str, call: CallDep) -> Response:
    document = await call.store(DocumentStore).get(document_id)
    await _record(call, document, "file")
    return await file_of(document, call)


async def _record(call: Call, document: Document, purpose: str) -> None:
    await record_look(
        call,
        LookStore,
        kind="document",
        subjects=[document.helper_id],
        thing_id=document.id,
        purpose=purpose,
    )


@router.post(
    "/v1/support/documents/{document_id}/decision",
    operation_id="profiles_review_document",
    response_model=SupportDocumentView,
    openapi_extra=SUPPORT,
)
async def review_document(document_id: str, body: DecisionBody, call: CallDep) -> Response:
    if body.decision == "rejected" and not body.reason:
        raise Invalid("a rejection needs a reason", pointer="/reason")
    await _record(call, await call.store(DocumentStore).get(document_id), "decision")
    document = await commands.review_document(
        commands.ReviewDocument(
            document_id, DocumentStatus(body.decision), body.reason, call.person.id
        ),
        call.answering(DocumentStore, support_document_view),
        call,
    )
    return answer(call, support_document_view(document), etag=document.version)
