"""Cancelling, missing each other, disputing and resolving."""

from dataclasses import dataclass

from services.jobs.commands.calendars import free_after
from services.jobs.commands.giving import OnJob, carry_out
from services.jobs.model import Command, Job
from services.jobs.model.values import Party, Resolution
from services.jobs.store import JobStore
from shared.scope import Scope


@dataclass(frozen=True)
class Cancel(OnJob):
    reason: str
    cause_party: Party


async def cancel(cmd: Cancel, jobs: JobStore, scope: Scope) -> Job:
    job = await carry_out(
        cmd,
        Command.CANCEL,
        lambda job, by: job.cancel(cmd.reason, cmd.cause_party, by, scope.now),
        jobs,
        scope,
    )
    return await free_after(job, scope)


@dataclass(frozen=True)
class AgreeCause(OnJob):
    """The side that was blamed for a cancellation agrees."""


async def agree_cause(cmd: AgreeCause, jobs: JobStore, scope: Scope) -> Job:
    return await carry_out(
        cmd, Command.AGREE_CAUSE, lambda job, by: job.agree_cause(by, scope.now), jobs, scope
    )


@dataclass(frozen=True)
class ReportNoShow(OnJob):
    """The other side did not come."""


async def report_no_show(cmd: ReportNoShow, jobs: JobStore, scope: Scope) -> Job:
    job = await carry_out(
        cmd, Command.NO_SHOW, lambda job, by: job.no_show(by, scope.now), jobs, scope
    )
    return await free_after(job, scope)


@dataclass(frozen=True)
class Dispute(OnJob):
    reason: str


async def dispute(cmd: Dispute, jobs: JobStore, scope: Scope) -> Job:
    return await carry_out(
        cmd,
        Command.DISPUTE,
        lambda job, by: job.dispute(cmd.reason, by, scope.now),
        jobs,
        scope,
    )


@dataclass(frozen=True)
class Resolve(OnJob):
    resolution: Resolution


async def resolve(cmd: Resolve, jobs: JobStore, scope: Scope) -> Job:
    return await carry_out(
        cmd,
        Command.RESOLVE,
        lambda job, by: job.resolve(cmd.resolution, by, scope.now),
        jobs,
        scope,
    )
