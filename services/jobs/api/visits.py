"""The visit, from the way there to the accepted work."""

from typing import Annotated, Literal

from pydantic import Field
from starlette.responses import Response

from services.jobs import commands
from services.jobs.api.giving import JobId, amount, caller_of, give
from services.jobs.model.values import Cause, Delivery, Outcome
from services.jobs.views import JobView
from shared.http import IDEMPOTENCY_REQUIRED, PERSON, CallDep, Router
from shared.http.fields import Body, Int, Line, MoneyIn, Text
from shared.kernel.errors import Invalid

router = Router()


class ChangeBody(Body):
    """Extra minutes in blocks of 30, extra materials (at most 100 hours at the programme's highest
    rate), or both."""

    minutes: Annotated[Int, Field(ge=0, le=480, multiple_of=30)] = 0
    materials: MoneyIn | None = None
    reason: Annotated[str, Text(0, 1000)] = ""


class ApproveBody(Body):
    """change_id makes sure that you approve what you saw."""

    change_id: Annotated[str, Line(1, 100)] | None = None


class DeliverBody(Body):
    """minutes worked and materials used, within what is agreed and approved."""

    summary: Annotated[str, Text(1, 4000)]
    minutes: Annotated[Int, Field(ge=1, le=1440)]
    materials: MoneyIn | None = None
    outcome: Literal["solved", "partly_solved", "not_solved"]


class FailBody(Body):
    cause: Literal[
        "customer_absent",
        "line_inactive",
        "router_fault",
        "wrong_material",
        "scope_mismatch",
        "skill_gap",
        "unsafe",
        "other",
    ]
    note: Annotated[str, Text(1, 1000)] | None = None


@router.post("/v1/jobs/{job_id}/depart", operation_id="jobs_depart_job", response_model=JobView)
async def depart(job_id: JobId, call: CallDep) -> Response:
    """As the helper: on my way."""
    return await give(commands.Depart(job_id, caller_of(call)), commands.depart, call)


@router.post("/v1/jobs/{job_id}/start", operation_id="jobs_start_job", response_model=JobView)
async def start(job_id: JobId, call: CallDep) -> Response:
    """As the helper: work begins."""
    return await give(commands.Start(job_id, caller_of(call)), commands.start, call)


@router.post(
    "/v1/jobs/{job_id}/propose-change",
    operation_id="jobs_propose_change",
    response_model=JobView,
)
async def propose_change(job_id: JobId, body: ChangeBody, call: CallDep) -> Response:
    """As the helper: more than was agreed is needed."""
    materials = amount(body.materials, call)
    if not body.minutes and not materials.amount_minor:
        raise Invalid("name extra minutes or materials", pointer="", code="invalid_request")
    cmd = commands.ProposeChange(job_id, caller_of(call), body.minutes, materials, body.reason)
    return await give(cmd, commands.propose_change, call)


@router.post(
    "/v1/jobs/{job_id}/approve-change",
    operation_id="jobs_approve_change",
    response_model=JobView,
    openapi_extra=PERSON | IDEMPOTENCY_REQUIRED,
)
async def approve_change(job_id: JobId, call: CallDep, body: ApproveBody | None = None) -> Response:
    """As the customer: yes to what is proposed."""
    cmd = commands.ApproveChange(job_id, caller_of(call), body.change_id if body else None)
    return await give(cmd, commands.approve_change, call)


@router.post(
    "/v1/jobs/{job_id}/deliver",
    operation_id="jobs_deliver_job",
    response_model=JobView,
    openapi_extra=PERSON | IDEMPOTENCY_REQUIRED,
)
async def deliver(job_id: JobId, body: DeliverBody, call: CallDep) -> Response:
    """As the helper: the work is done."""
    delivery = Delivery(
        summary=body.summary,
        minutes=body.minutes,
        materials=amount(body.materials, call),
        outcome=Outcome(body.outcome),
    )
    cmd = commands.Deliver(job_id, caller_of(call), delivery)
    return await give(cmd, commands.deliver, call)


@router.post(
    "/v1/jobs/{job_id}/complete",
    operation_id="jobs_complete_job",
    response_model=JobView,
    openapi_extra=PERSON | IDEMPOTENCY_REQUIRED,
)
async def complete(job_id: JobId, call: CallDep) -> Response:
    """As the customer: the work is accepted; after 48 hours it is by itself."""
    return await give(commands.Complete(job_id, caller_of(call)), commands.complete, call)


@router.post("/v1/jobs/{job_id}/fail", operation_id="jobs_fail_job", response_model=JobView)
async def fail(job_id: JobId, body: FailBody, call: CallDep) -> Response:
    """As the helper: the work cannot be done."""
    cmd = commands.Fail(job_id, caller_of(call), Cause(body.cause), body.note)
    return await give(cmd, commands.fail, call)
