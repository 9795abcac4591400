"""Keeping and moving the appointment."""

from starlette.responses import Response

from services.jobs import commands
from services.jobs.api.giving import JobId, SlotIn, caller_of, give
from services.jobs.views import JobView
from shared.http import CallDep, Router
from shared.http.fields import Body

router = Router()


class RescheduleBody(Body):
    """The slot lasts at least the agreed minutes."""

    slot: SlotIn


@router.post("/v1/jobs/{job_id}/confirm", operation_id="jobs_confirm_job", response_model=JobView)
async def confirm(job_id: JobId, call: CallDep) -> Response:
    """As the helper: I will come."""
    return await give(commands.Confirm(job_id, caller_of(call)), commands.confirm, call)


@router.post(
    "/v1/jobs/{job_id}/propose-reschedule",
    operation_id="jobs_propose_reschedule",
    response_model=JobView,
)
async def propose_reschedule(job_id: JobId, body: RescheduleBody, call: CallDep) -> Response:
    """Wish for another slot; the other side answers within 24 hours, at most twice in a job.

    As often as is needed while the line is known to be down; on the way to a visit only then.
    """
    cmd = commands.ProposeReschedule(job_id, caller_of(call), body.slot.slot)
    return await give(cmd, commands.propose_reschedule, call)


@router.post(
    "/v1/jobs/{job_id}/accept-reschedule",
    operation_id="jobs_accept_reschedule",
    response_model=JobView,
)
async def accept_reschedule(job_id: JobId, call: CallDep) -> Response:
    cmd = commands.AcceptReschedule(job_id, caller_of(call))
    return await give(cmd, commands.accept_reschedule, call)


@router.post(
    "/v1/jobs/{job_id}/refuse-reschedule",
    operation_id="jobs_refuse_reschedule",
    response_model=JobView,
)
async def refuse_reschedule(job_id: JobId, call: CallDep) -> Response:
    cmd = commands.RefuseReschedule(job_id, caller_of(call))
    return await give(cmd, commands.refuse_reschedule, call)
