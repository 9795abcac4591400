"""Something broke: the notice, the evidence, and the ways to an end."""

from typing import Annotated, Literal

import fastapi
from fastapi import Query, Request, UploadFile
from starlette.responses import Response

from services.jobs import commands, views
from services.jobs.api.giving import JobId, caller_of
from services.jobs.api.on_claims import ClaimId, answering, recorded, shown
from services.jobs.commands.claims import OnClaim
from services.jobs.model.claim_table import ClaimState
from services.jobs.model.claim_values import Notice
from services.jobs.store import ClaimStore, EvidenceFiles, LookStore
from services.jobs.views import ClaimView, claim_view
from shared.audit import record_look
from shared.http import (
    IDEMPOTENCY_REQUIRED,
    PERSON,
    CallDep,
    PagingDep,
    Router,
    body,
    page_response,
    roles,
)
from shared.http.fields import Body, Form, Line, MoneyIn, Page, Text
from shared.kernel.errors import Invalid
from shared.media import MAX_BYTES, Studio

router = Router()


_FORM_MARGIN = 64 * 1024
"""Bytes of a multipart body around the file."""


class ClaimBody(Body):
    """What broke, what happened, and what it may cost in the tenant's currency."""

    item: Annotated[str, Line(1, 120)]
    incident: Annotated[str, Text(1, 4000)]
    estimated_loss: MoneyIn


class EvidenceForm(Form):
    file: UploadFile
    note: Annotated[str, Text(0, 500)] = ""


@router.post(
    "/v1/jobs/{job_id}/claims",
    operation_id="jobs_report_claim",
    status_code=201,
    response_model=ClaimView,
    openapi_extra=PERSON | IDEMPOTENCY_REQUIRED,
)
async def report_claim(job_id: JobId, body: ClaimBody, call: CallDep) -> Response:
    """As either side of a visit that has begun, within 14 days of the job's end."""
    notice = Notice(body.item, body.incident, body.estimated_loss.money)
    cmd = commands.ReportClaim(call.derived_id("claim"), job_id, caller_of(call), notice)
    return shown(await commands.report_claim(cmd, answering(call), call), call)


@router.get("/v1/claims", operation_id="jobs_list_claims", response_model=Page[ClaimView])
async def list_claims(call: CallDep, paging: PagingDep) -> Response:
    """Those in which you have a part, newest first."""
    before = paging.after[0] if paging.after else None
    found = await call.store(ClaimStore).of(call.person.id, before, paging.limit + 1)
    page = found[: paging.limit]
    next_from = [page[-1].order] if len(found) > paging.limit else None
    return page_response(paging, [claim_view(each, caller_of(call)) for each in page], next_from)


@router.get(
    "/v1/support/claims",
    operation_id="jobs_list_all_claims",
    response_model=Page[ClaimView],
    openapi_extra=roles("support"),
)
async def list_all_claims(
    call: CallDep,
    paging: PagingDep,
    state: Annotated[
        Literal[
            "reported",
            "evidence_requested",
            "under_review",
            "offered",
            "referred_to_insurer",
            "settled",
            "rejected",
            "withdrawn",
        ],
        Query(),
    ] = "under_review",
) -> Response:
    """Everybody's in one state, oldest first."""
    after = paging.after[0] if paging.after else ""
    found = await call.store(ClaimStore).in_state(ClaimState(state), after, paging.limit + 1)
    page = found[: paging.limit]
    parties = [party for each in page for party in each.parties]
    await record_look(call, LookStore, kind="claim", subjects=parties)
    next_from = [page[-1].order] if len(found) > paging.limit else None
    return page_response(paging, [claim_view(each, caller_of(call)) for each in page], next_from)


@router.get("/v1/claims/{claim_id}", operation_id="jobs_get_claim", response_model=ClaimView)
async def get_claim(claim_id: ClaimId, call: CallDep) -> Response:
    claim = await views.see_claim(claim_id, caller_of(call), call)
    return shown(await recorded(claim, "read", call), call)


@router.post(
    "/v1/claims/{claim_id}/evidence",
    operation_id="jobs_add_claim_evidence",
    status_code=201,
    response_model=ClaimView,
    openapi_extra=PERSON | body(["multipart/form-data"], MAX_BYTES + _FORM_MARGIN),
)
async def add_evidence(
    request: Request,
    claim_id: ClaimId,
    form: Annotated[EvidenceForm, fastapi.Form(media_type="multipart/form-data")],
    call: CallDep,
) -> Response:
    """A photo or a PDF (a bill, an estimate) of either side; metadata of images is removed."""
    names = [name for name, _ in (await request.form()).multi_items()]
    if twice := [name for name in names if names.count(name) > 1]:
        raise Invalid("stands there twice", pointer=f"/{twice[0]}")
    by, claims = caller_of(call), answering(call)
    await commands.check_may_add_evidence(OnClaim(claim_id, by), claims, call)
    clean = await call.the(Studio).document(await form.file.read(), "/file")
    evidence_id = call.derived_id("evidence")
    cmd = commands.AddEvidence(
        claim_id, by, evidence_id, clean.content, clean.content_type, form.note
    )
    return shown(await commands.add_evidence(cmd, claims, call), call)


@router.get(
    "/v1/claims/{claim_id}/evidence/{evidence_id}/file",
    operation_id="jobs_get_claim_evidence",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}, "application/pdf": {}}}},
)
async def get_evidence(claim_id: ClaimId, evidence_id: str, call: CallDep) -> Response:
    """Sent to be saved, never to be opened inside a page of ours."""
    claim = await views.see_claim(claim_id, caller_of(call), call)
    evidence = views.evidence_of(claim, evidence_id)
    await recorded(claim, "file", call)
    file = await call.store(EvidenceFiles).get(evidence.file_id)
    headers = {
        "Content-Disposition": f'attachment; filename="{evidence.id}"',
        "Cache-Control": "no-store",
    }
    return Response(file.content, 200, headers, file.content_type)
