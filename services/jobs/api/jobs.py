"""Asking for help, and reading about it."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field
from starlette.responses import Response

from services.jobs import commands, views
from services.jobs.api.giving import JobId, SlotIn, answering, caller_of, give, seen, shown
from services.jobs.model import State
from services.jobs.model.requesting import Wish
from services.jobs.model.values import Address
from shared.http import (
    IDEMPOTENCY_REQUIRED,
    PERSON,
    CallDep,
    PagingDep,
    Router,
    answer,
    page_response,
)
from shared.http.fields import Body, Bool, Line, Page, PointIn, Text
from shared.kernel.errors import Invalid

router = Router()

Slots = Annotated[list[SlotIn], Field(min_length=1, max_length=3)]


class AddressIn(Body):
    """Seen by the helper only once the job is booked."""

    street: Annotated[str, Line(1, 120)]
    postcode: Annotated[str, Line(1, 16)]
    city: Annotated[str, Line(1, 80)]


class RequestBody(Body):
    """Either helper_id or broadcast; slots are wishes, 15 minutes to 12 hours each."""

    helper_id: Annotated[str, Line(1, 100)] | None = None
    broadcast: Bool = False
    category: Annotated[str, Line(1, 60)]
    title: Annotated[str, Line(1, 120)]
    description: Annotated[str, Text(0, 4000)] = ""
    address: AddressIn
    place: PointIn
    slots: Slots

    @property
    def wish(self) -> Wish:
        return Wish(
            category=self.category,
            title=self.title,
            description=self.description,
            address=Address(self.address.street, self.address.postcode, self.address.city),
            place=self.place.point,
            slots=[each.slot for each in self.slots],
        )


@router.post(
    "/v1/jobs",
    operation_id="jobs_request_job",
    status_code=201,
    response_model=views.JobView,
    openapi_extra=PERSON | IDEMPOTENCY_REQUIRED,
)
async def request(body: RequestBody, call: CallDep) -> Response:
    """Ask one helper, or with broadcast all listed helpers nearby."""
    if (body.helper_id is None) is not body.broadcast:
        raise Invalid(
            "name either a helper or broadcast", pointer="/helper_id", code="invalid_request"
        )
    cmd = commands.RequestJob(call.derived_id("job"), body.wish, body.helper_id, caller_of(call))
    return shown(await commands.request_job(cmd, answering(call), call), call)


@router.get("/v1/jobs", operation_id="jobs_list_jobs", response_model=Page[views.JobView])
async def list_jobs(
    call: CallDep,
    paging: PagingDep,
    role: Annotated[
        Literal["customer", "helper"] | None, Query(description="Your part; both if absent.")
    ] = None,
    state: Annotated[
        State | None,
        Query(description="With role=helper, requested also lists open broadcasts within reach."),
    ] = None,
) -> Response:
    """Your jobs, newest first."""
    before = paging.after[0] if paging.after else None
    jobs, floor, reader = await views.jobs_page(
        caller_of(call), role, state, before, paging.limit, call
    )
    shown = [views.job_view(job, reader, call.now) for job in jobs]
    return page_response(paging, shown, None if floor is None else [floor])


@router.get("/v1/jobs/{job_id}", operation_id="jobs_get_job", response_model=views.JobView)
async def get_job(job_id: JobId, call: CallDep) -> Response:
    job, reader = await seen(job_id, "read", call)
    return answer(call, views.job_view(job, reader, call.now), etag=job.version)


@router.get(
    "/v1/jobs/{job_id}/timeline",
    operation_id="jobs_get_timeline",
    response_model=views.TimelineView,
)
async def get_timeline(job_id: JobId, call: CallDep) -> Response:
    """Every step of the job, oldest first."""
    job, reader = await seen(job_id, "timeline", call)
    return answer(call, views.timeline_view(job, reader))


@router.get(
    "/v1/jobs/{job_id}/agreement",
    operation_id="jobs_get_agreement",
    response_model=views.AgreementView,
)
async def get_agreement(job_id: JobId, call: CallDep) -> Response:
    """What both sides agreed to; 404 before the job is booked."""
    job, _ = await seen(job_id, "agreement", call)
    return answer(call, views.agreement_view(job))


@router.get(
    "/v1/jobs/{job_id}/receipt",
    operation_id="jobs_get_receipt",
    response_model=views.ReceiptView,
)
async def get_receipt(job_id: JobId, call: CallDep) -> Response:
    """The receipt, within seconds of completion; 404 before."""
    job, _ = await seen(job_id, "receipt", call)
    receipt = await views.receipt_of(job, call)
    return answer(call, views.receipt_view(receipt, job))


@router.get(
    "/v1/jobs/{job_id}/credit-note",
    operation_id="jobs_get_credit_note",
    response_model=views.CreditNoteView,
)
async def get_credit_note(job_id: JobId, call: CallDep) -> Response:
    """What of the receipt was taken back after a dispute; 404 where nothing was."""
    job, _ = await seen(job_id, "credit note", call)
    return answer(call, views.credit_note_view(await views.credit_note_of(job, call)))


class BroadcastBody(Body):
    """slots replace the wished ones, which may be too near by now."""

    slots: Slots


@router.post(
    "/v1/jobs/{job_id}/broadcast",
    operation_id="jobs_broadcast_job",
    response_model=views.JobView,
)
async def broadcast(job_id: JobId, call: CallDep, body: BroadcastBody | None = None) -> Response:
    """Ask the neighbourhood after the chosen helper declined or did not answer."""
    slots = [each.slot for each in body.slots] if body else []
    return await give(commands.Broadcast(job_id, caller_of(call), slots), commands.broadcast, call)
