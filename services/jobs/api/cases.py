"""Calling support, and support's queue."""

from typing import Annotated, Literal

from fastapi import Path, Query
from starlette.responses import Response

from services.jobs import commands
from services.jobs.api.giving import JobId, caller_of, seen
from services.jobs.model.case import Case
from services.jobs.model.case_table import CaseState, CaseType
from services.jobs.model.values import Side
from services.jobs.store import CaseStore, LookStore
from services.jobs.views import CasesView, CaseView, SupportCaseView, case_view, support_case_view
from shared.audit import record_look
from shared.http import PERSON, Call, CallDep, PagingDep, Router, answer, page_response, roles
from shared.http.fields import Body, Line, Page, Text

router = Router()

SUPPORT = roles("support")
CaseId = Annotated[str, Path(max_length=100)]


class CaseBody(Body):
    """safety: somebody is in danger or threatened. running_visit: help with a visit under way."""

    type: Literal["safety", "running_visit", "other"]
    reason: Annotated[str, Text(1, 4000)]


class AssignBody(Body):
    assignee_id: Annotated[str, Line(1, 100)]


class RespondBody(Body):
    """Read by those who see the case."""

    text: Annotated[str, Text(1, 4000)]


class CloseBody(Body):
    reason: Annotated[str, Text(1, 1000)]


@router.post(
    "/v1/jobs/{job_id}/cases",
    operation_id="jobs_open_case",
    status_code=201,
    response_model=CaseView,
    openapi_extra=PERSON,
)
async def open_case(job_id: JobId, body: CaseBody, call: CallDep) -> Response:
    """As a side of the job; the other side does not see it."""
    cmd = commands.OpenCase(
        call.derived_id("case"), job_id, caller_of(call), CaseType(body.type), body.reason
    )
    case = await commands.open_case(cmd, call.answering(CaseStore, case_view), call)
    return answer(call, case_view(case), etag=case.version)


@router.get(
    "/v1/jobs/{job_id}/cases", operation_id="jobs_list_cases_of_job", response_model=CasesView
)
async def list_cases_of_job(job_id: JobId, call: CallDep) -> Response:
    """Those that you opened, and those of both sides."""
    job, reader = await seen(job_id, "cases", call)
    cases = await call.store(CaseStore).of_job(job.id)
    if job.side_of(reader) is not Side.SUPPORT:
        cases = [case for case in cases if reader.id in case.readers]
    return answer(call, CasesView(data=[case_view(case) for case in cases]))


@router.get(
    "/v1/support/cases",
    operation_id="jobs_list_cases",
    response_model=Page[SupportCaseView],
    openapi_extra=SUPPORT,
)
async def list_cases(
    call: CallDep,
    paging: PagingDep,
    state: Annotated[
        Literal["open", "assigned", "answered", "closed"] | None,
        Query(description="All but the closed ones if absent."),
    ] = None,
) -> Response:
    """The most urgent first: by severity, then by when a first response is due."""
    after = paging.after[0] if paging.after else ""
    store, limit = call.store(CaseStore), paging.limit + 1
    if state is None:
        found = await store.queue(after, limit)
    else:
        found = await store.in_state(CaseState(state), after, limit)
    page = found[: paging.limit]
    subjects = [party for case in page for party in case.parties]
    await record_look(call, LookStore, kind="case", subjects=subjects)
    next_from = [page[-1].urgency] if len(found) > paging.limit else None
    return page_response(paging, [support_case_view(case) for case in page], next_from)


@router.get(
    "/v1/support/cases/{case_id}",
    operation_id="jobs_get_case",
    response_model=SupportCaseView,
    openapi_extra=SUPPORT,
)
async def get_case(case_id: CaseId, call: CallDep) -> Response:
    case = await call.store(CaseStore).get(case_id)
    await record_look(
        call, LookStore, kind="case", subjects=case.parties, thing_id=case.id, case_id=case.id
    )
    return _shown(case, call)


@router.post(
    "/v1/support/cases/{case_id}/take",
    operation_id="jobs_take_case",
    response_model=SupportCaseView,
    openapi_extra=SUPPORT,
)
async def take(case_id: CaseId, call: CallDep) -> Response:
    """I look after it."""
    cmd = commands.TakeCase(case_id, caller_of(call))
    return _shown(await commands.take_case(cmd, _answering(call), call), call)


@router.post(
    "/v1/support/cases/{case_id}/assign",
    operation_id="jobs_assign_case",
    response_model=SupportCaseView,
    openapi_extra=SUPPORT,
)
async def assign(case_id: CaseId, body: AssignBody, call: CallDep) -> Response:
    """Somebody of support looks after it."""
    cmd = commands.AssignCase(case_id, caller_of(call), body.assignee_id)
    return _shown(await commands.assign_case(cmd, _answering(call), call), call)


@router.post(
    "/v1/support/cases/{case_id}/respond",
    operation_id="jobs_respond_to_case",
    response_model=SupportCaseView,
    openapi_extra=SUPPORT,
)
async def respond(case_id: CaseId, body: RespondBody, call: CallDep) -> Response:
    """The first response ends the waiting."""
    cmd = commands.RespondToCase(case_id, caller_of(call), body.text)
    return _shown(await commands.respond_to_case(cmd, _answering(call), call), call)


@router.post(
    "/v1/support/cases/{case_id}/close",
    operation_id="jobs_close_case",
    response_model=SupportCaseView,
    openapi_extra=SUPPORT,
)
async def close(case_id: CaseId, body: CloseBody, call: CallDep) -> Response:
    cmd = commands.CloseCase(case_id, caller_of(call), body.reason)
    return _shown(await commands.close_case(cmd, _answering(call), call), call)


def _answering(call: Call) -> CaseStore:
    return call.answering(CaseStore, support_case_view)


def _shown(case: Case, call: Call) -> Response:
    return answer(call, support_case_view(case), etag=case.version)
