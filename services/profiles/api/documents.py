"""Proofs: handing them in, and support's queue."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import fastapi
from fastapi import Query, Request, UploadFile
from pydantic import BeforeValidator, Field, WithJsonSchema
from starlette.responses import Response

from services.profiles import commands
from services.profiles.media import MAX_BYTES, Studio
from services.profiles.model.document import Document, DocumentKind, DocumentStatus, Insurance
from services.profiles.store import DocumentFiles, DocumentStore, LookStore
from services.profiles.views.documents import (
    DocumentView,
    SupportDocumentView,
    document_view,
    support_document_view,
)
from shared.audit import record_look
from shared.http import (
    PERSON,
    Call,
    CallDep,
    PagingDep,
    Router,
    answer,
    body,
    page_response,
    roles,
)
from shared.http.fields import LARGEST_AMOUNT, Body, Form, Line, Page, Text, instant
from shared.kernel.errors import Invalid, NotFound
from shared.kernel.money import Money

router = Router()

SUPPORT = roles("support", "tenant_admin")

LONGEST = timedelta(days=365 * 30)
"""What a proof may say of its own validity; more is a slip of the pen."""

_FORM_MARGIN = 64 * 1024
"""Bytes of a multipart body around the file."""


def _until(value: Any) -> Any:
    """A date (to its end in the tenant's zone) or a moment."""
    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value) if len(value) == 10 else instant(value)
    except ValueError:
        raise ValueError("must be a date or a date and time with an offset") from None


def _whole(value: Any) -> Any:
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError("must be a whole number of minor units")
    return value


def _truth(value: Any) -> Any:
    known = {"true": True, "false": False}
    if isinstance(value, str) and value not in known:
        raise ValueError("must be true or false")
    return known.get(value, value)


Until = Annotated[
    datetime | date,
    BeforeValidator(_until),
    WithJsonSchema({"type": "string", "format": "date"}),
]


class DocumentForm(Form):
    """An insurance names all of insurer to valid_until, an identity valid_until at most.

    sum_minor is the insured sum in minor units of the tenant's currency.
    """

    kind: Literal["insurance", "identity"]
    file: UploadFile
    insurer: Annotated[str, Line(1, 120)] | None = None
    policy_number: Annotated[str, Line(1, 60)] | None = None
    sum_minor: Annotated[int, Field(ge=1, le=LARGEST_AMOUNT), BeforeValidator(_whole)] | None = None
    covers_paid_work: Annotated[bool, BeforeValidator(_truth)] | None = None
    valid_until: Until | None = None

    def insurance(self, currency: str) -> Insurance | None:
        """Invalid where a field is missing, or there without an insurance."""
        given = {
            name: getattr(self, name)
            for name in ("insurer", "policy_number", "sum_minor", "covers_paid_work")
        }
        wanted = self.kind == "insurance"
        for name, value in given.items():
            if wanted != (value is not None):
                detail = "is needed for an insurance" if wanted else "is for an insurance only"
                raise Invalid(detail, pointer=f"/{name}")
        if not wanted:
            return None
        if self.valid_until is None:
            raise Invalid("is needed for an insurance", pointer="/valid_until")
        total = given.pop("sum_minor")
        return Insurance(**given, sum=Money(total, currency))

    def ends_at(self, zone: ZoneInfo, now: datetime) -> datetime | None:
        """The moment from which it is no longer valid. Invalid when that is past."""
        until = self.valid_until
        if until is None:
            return None
        if not isinstance(until, datetime):
            try:
                following = until + timedelta(days=1)
            except OverflowError:
                raise Invalid("is too far ahead", pointer="/valid_until") from None
            until = datetime.combine(following, time(), zone).astimezone(UTC)
        if until <= now:
            raise Invalid("must not be past", pointer="/valid_until")
        if until > now + LONGEST:
            raise Invalid("is too far ahead", pointer="/valid_until")
        return until


class DecisionBody(Body):
    """A rejection needs a reason, which its helper reads."""

    decision: Literal["verified", "rejected"]
    reason: Annotated[str, Text(0, 1_000)] = ""


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
    return await _file_of(document, call)


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
    return await _file_of(document, call)


async def _record(call: Call, document: Document, purpose: str) -> None:
    await record_look(
        call,
        LookStore,
        kind="document",
        subjects=[document.helper_id],
        thing_id=document.id,
        purpose=purpose,
    )


async def _file_of(document: Document, call: Call) -> Response:
    """Sent to be saved, never to be opened inside a page of ours."""
    file = await call.store(DocumentFiles).get(document.file_id)
    headers = {
        "Content-Disposition": f'attachment; filename="{document.kind}-{document.id}"',
        "Cache-Control": "no-store",
    }
    return Response(file.content, 200, headers, file.content_type)


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
