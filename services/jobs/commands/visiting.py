"""The visit: under way, at work, changed, delivered, completed or failed."""

from dataclasses import dataclass

from services.jobs.commands.calendars import free_after
from services.jobs.commands.giving import OnJob, carry_out
from services.jobs.model import Command, Job
from services.jobs.model.negotiation import check_extra
from services.jobs.model.values import Cause, Delivery
from services.jobs.store import JobStore
from shared.kernel.money import Money
from shared.scope import Scope


@dataclass(frozen=True)
class Depart(OnJob):
    """The helper is on the way."""


async def depart(cmd: Depart, jobs: JobStore, scope: Scope) -> Job:
    return await carry_out(
        cmd, Command.DEPART, lambda job, by: job.depart(by, scope.now), jobs, scope
    )


@dataclass(frozen=True)
class Start(OnJob):
    """Work begins."""


async def start(cmd: Start, jobs: JobStore, scope: Scope) -> Job:
    return await carry_out(
        cmd, Command.START, lambda job, by: job.start(by, scope.now), jobs, scope
    )


@dataclass(frozen=True)
class ProposeChange(OnJob):
    """Extra minutes (blocks of 30) and materials beyond what is agreed."""

    minutes: int
    materials: Money
    reason: str


async def propose_change(cmd: ProposeChange, jobs: JobStore, scope: Scope) -> Job:
    check_extra(cmd.materials, scope.tenant, "/materials")
    return await carry_out(
        cmd,
        Command.PROPOSE_CHANGE,
        lambda job, by: job.propose_change(cmd.minutes, cmd.materials, cmd.reason, by, scope.now),
        jobs,
        scope,
    )


@dataclass(frozen=True)
class ApproveChange(OnJob):
    """change_id may be left out; given, it must be the proposal that waits."""

    change_id: str | None


async def approve_change(cmd: ApproveChange, jobs: JobStore, scope: Scope) -> Job:
    return await carry_out(
        cmd,
        Command.APPROVE_CHANGE,
        lambda job, by: job.approve_change(cmd.change_id, by, scope.now),
        jobs,
        scope,
    )


@dataclass(frozen=True)
class Deliver(OnJob):
    delivery: Delivery


async def deliver(cmd: Deliver, jobs: JobStore, scope: Scope) -> Job:
    """Report the work done. ChangeNotApproved above what is agreed and approved."""
    check_extra(cmd.delivery.materials, scope.tenant, "/materials")
    job = await carry_out(
        cmd, Command.DELIVER, lambda job, by: job.deliver(cmd.delivery, by, scope.now), jobs, scope
    )
    return await free_after(job, scope)


@dataclass(frozen=True)
class Complete(OnJob):
    """The customer accepts the work."""


async def complete(cmd: Complete, jobs: JobStore, scope: Scope) -> Job:
    return await carry_out(
        cmd, Command.COMPLETE, lambda job, by: job.complete(by, scope.now), jobs, scope
    )


@dataclass(frozen=True)
class Fail(OnJob):
    cause: Cause
    note: str | None


async def fail(cmd: Fail, jobs: JobStore, scope: Scope) -> Job:
    job = await carry_out(
        cmd, Command.FAIL, lambda job, by: job.fail(cmd.cause, by, scope.now, cmd.note), jobs, scope
    )
    return await free_after(job, scope)
