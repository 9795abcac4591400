"""The operator-fault guarantee: what both sides of a failed visit are owed."""

from starlette.responses import Response

from services.jobs.api.giving import JobId, seen
from services.jobs.store import CompensationStore, LookStore
from services.jobs.views import CompensationsView, CompensationView, compensation_view
from shared.audit import record_look
from shared.http import CallDep, PagingDep, Router, answer, page_response, roles
from shared.http.fields import Page

router = Router()


@router.get(
    "/v1/jobs/{job_id}/compensations",
    operation_id="jobs_list_compensations_of_job",
    response_model=CompensationsView,
)
async def list_compensations_of_job(job_id: JobId, call: CallDep) -> Response:
    """Both sides', once the visit has failed by line or router; else none."""
    job, _ = await seen(job_id, "compensations", call)
    found = await call.store(CompensationStore).of_job(job.id)
    return answer(call, CompensationsView(data=[compensation_view(each) for each in found]))


@router.get(
    "/v1/support/compensations",
    operation_id="jobs_list_compensations",
    response_model=Page[CompensationView],
    openapi_extra=roles("support"),
)
async def list_compensations(call: CallDep, paging: PagingDep) -> Response:
    """Everybody's, newest first."""
    before = paging.after[0] if paging.after else None
    found = await call.store(CompensationStore).latest(before, paging.limit + 1)
    page = found[: paging.limit]
    await record_look(
        call, LookStore, kind="compensation", subjects=[each.person_id for each in page]
    )
    next_from = [page[-1].order] if len(found) > paging.limit else None
    return page_response(paging, [compensation_view(each) for each in page], next_from)
