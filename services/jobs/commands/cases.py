"""Escalating to support, by people and by what happened, and support's work on it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from services.jobs.model import Caller, Job
from services.jobs.model.case import (
    MAX_CASES,
    Case,
    TooManyCases,
)
from services.jobs.model.case_causes import Cause, block_of, causes_in, causes_of
from services.jobs.model.case_table import CaseType
from services.jobs.model.working_hours import WorkingHours
from services.jobs.store import CaseStore, ClaimStore, JobStore
from shared.kernel.errors import Invalid, NotFound
from shared.replicas import People
from shared.scope import Scope

SUPPORT = "support"


def hours_of(scope: Scope) -> WorkingHours:
    """When this tenant's support works."""
    tenant = scope.tenant
    return WorkingHours.of(tenant.rules.support_hours, ZoneInfo(tenant.time_zone))


@dataclass(frozen=True)
class OpenCase:
    """case_id is the new case's."""

    case_id: str
    job_id: str
    by: Caller
    type: CaseType
    reason: str


async def open_case(cmd: OpenCase, cases: CaseStore, scope: Scope) -> Case:
    """As a side of the job. NotFound, NotYourCommand, NoRunningVisit, TooManyCases."""
    with suppress(NotFound):
        # Replay if this was carried out before: by now the visit may be over.
        await cases.update(cmd.case_id, lambda _: None)
    job = await scope.store(JobStore).get(cmd.job_id)
    case, events = Case.open(
        cmd.type, cmd.reason, job, id=cmd.case_id, by=cmd.by, hours=hours_of(scope), at=scope.now
    )
    known = await cases.of_job(job.id)
    if len([each for each in known if each.active and each.opened_by == cmd.by.id]) >= MAX_CASES:
        raise TooManyCases("support knows of this job; it answers the open cases first")
    return await cases.create(case, events)


@dataclass(frozen=True)
class FollowJob:
    """Something happened to this job that support may have to look at, or need not any more."""

    job_id: str


async def follow_job(cmd: FollowJob, scope: Scope) -> None:
    job = await scope.store(JobStore).get(cmd.job_id)
    await _follow(causes_in(job), job, scope)


@dataclass(frozen=True)
class FollowClaim:
    """Likewise of a claim."""

    claim_id: str


async def follow_claim(cmd: FollowClaim, scope: Scope) -> None:
    claim = await scope.store(ClaimStore).get(cmd.claim_id)
    job = await scope.store(JobStore).get(claim.job_id)
    await _follow(causes_of(claim), job, scope)


@dataclass(frozen=True)
class FollowBlock:
    """Somebody has blocked the other side of this job."""

    job_id: str
    by: str
    at: datetime


async def follow_block(cmd: FollowBlock, scope: Scope) -> None:
    """Silent: neither side is told. Nothing where no visit is to come any more."""
    job = await scope.store(JobStore).get(cmd.job_id)
    if (cause := block_of(job, cmd.by, cmd.at)) is not None:
        await _follow([cause], job, scope)


async def _follow(causes: Sequence[Cause], job: Job, scope: Scope) -> None:
    """By what is true now, not by what was told: so it does not matter in which order."""
    cases = scope.store(CaseStore)
    for cause in causes:
        case, events = Case.follow(cause, job, hours_of(scope))
        await cases.ensure(case, events)
        if cause.over:
            await cases.update(cause.id, lambda each: each.finish(scope.now))


@dataclass(frozen=True)
class OnCase:
    """What all commands to a case have; by is somebody of support."""

    case_id: str
    by: Caller


@dataclass(frozen=True)
class TakeCase(OnCase):
    """I look after it."""


async def take_case(cmd: TakeCase, cases: CaseStore, scope: Scope) -> Case:
    return await cases.update(cmd.case_id, lambda case: case.take(cmd.by, scope.now))


@dataclass(frozen=True)
class AssignCase(OnCase):
    assignee_id: str


async def assign_case(cmd: AssignCase, cases: CaseStore, scope: Scope) -> Case:
    """NotFound; Invalid (not_of_support) unless the assignee is active and has that role."""
    await cases.get(cmd.case_id)
    person = await scope.store(People).find(cmd.assignee_id)
    if person is None or person.status != "active" or SUPPORT not in person.roles:
        raise Invalid(
            "there is no such person of support", pointer="/assignee_id", code="not_of_support"
        )
    return await cases.update(
        cmd.case_id, lambda case: case.assign(cmd.assignee_id, cmd.by, scope.now)
    )


@dataclass(frozen=True)
class RespondToCase(OnCase):
    """text is read by those who see the case."""

    text: str


async def respond_to_case(cmd: RespondToCase, cases: CaseStore, scope: Scope) -> Case:
    return await cases.update(cmd.case_id, lambda case: case.respond(cmd.text, cmd.by, scope.now))


@dataclass(frozen=True)
class CloseCase(OnCase):
    reason: str


async def close_case(cmd: CloseCase, cases: CaseStore, scope: Scope) -> Case:
    return await cases.update(cmd.case_id, lambda case: case.close(cmd.reason, cmd.by, scope.now))
