"""Ends that nobody wished for."""

from typing import Annotated, Literal

from starlette.responses import Response

from services.jobs import commands
from services.jobs.api.giving import JobId, caller_of, give
from services.jobs.model.values import Party, Resolution
from services.jobs.views import JobView
from shared.http import IDEMPOTENCY_REQUIRED, PERSON, CallDep, Router
from shared.http.fields import Body, MoneyIn, Text
from shared.kernel.errors import Invalid

router = Router()


class CancelBody(Body):
    """cause_party: on whose side the cause lies; operator from support only."""

    reason: Annotated[str, Text(1, 1000)]
    cause_party: Literal["customer", "helper", "operator"]


class DisputeBody(Body):
    reason: Annotated[str, Text(1, 4000)]


class ResolveBody(Body):
    """outcome in words; at most one of refund (to the customer) and fee (to the helper)."""

    outcome: Annotated[str, Text(1, 1000)]
    refund: MoneyIn | None = None
    fee: MoneyIn | None = None


@router.post(
    "/v1/jobs/{job_id}/cancel",
    operation_id="jobs_cancel_job",
    response_model=JobView,
    openapi_extra=PERSON | IDEMPOTENCY_REQUIRED,
)
async def cancel(job_id: JobId, body: CancelBody, call: CallDep) -> Response:
    """Before work has begun; a late one may cost a fee by the agreement."""
    cmd = commands.Cancel(job_id, caller_of(call), body.reason, Party(body.cause_party))
    return await give(cmd, commands.cancel, call)


@router.post(
    "/v1/jobs/{job_id}/agree-cause", operation_id="jobs_agree_cause", response_model=JobView
)
async def agree_cause(job_id: JobId, call: CallDep) -> Response:
    """As the side blamed for a cancellation: that is true."""
    return await give(commands.AgreeCause(job_id, caller_of(call)), commands.agree_cause, call)


@router.post(
    "/v1/jobs/{job_id}/no-show",
    operation_id="jobs_report_no_show",
    response_model=JobView,
    openapi_extra=PERSON | IDEMPOTENCY_REQUIRED,
)
async def no_show(job_id: JobId, call: CallDep) -> Response:
    """Ten minutes into the appointment the other side is not there."""
    cmd = commands.ReportNoShow(job_id, caller_of(call))
    return await give(cmd, commands.report_no_show, call)


@router.post("/v1/jobs/{job_id}/dispute", operation_id="jobs_dispute_job", response_model=JobView)
async def dispute(job_id: JobId, body: DisputeBody, call: CallDep) -> Response:
    """Within the dispute window; within 48 hours where you are said not to have come."""
    cmd = commands.Dispute(job_id, caller_of(call), body.reason)
    return await give(cmd, commands.dispute, call)


@router.post(
    "/v1/jobs/{job_id}/resolve",
    operation_id="jobs_resolve_dispute",
    response_model=JobView,
    openapi_extra=PERSON | IDEMPOTENCY_REQUIRED,
)
async def resolve(job_id: JobId, body: ResolveBody, call: CallDep) -> Response:
    """Support decides; of the parties both must say the same."""
    if body.refund is not None and body.fee is not None:
        raise Invalid("money goes one way: refund or fee", pointer="/fee", code="invalid_request")
    resolution = Resolution(
        outcome=body.outcome,
        refund=body.refund.money if body.refund else None,
        fee=body.fee.money if body.fee else None,
    )
    return await give(commands.Resolve(job_id, caller_of(call), resolution), commands.resolve, call)
