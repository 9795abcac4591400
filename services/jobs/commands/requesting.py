"""Asking for help: one helper, or the neighbourhood."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.jobs.commands.giving import OnJob, carry_out
from services.jobs.model import Caller, Command, Job
from services.jobs.model.requesting import Wish
from services.jobs.model.values import Slot
from services.jobs.store import HelperRows, JobStore
from shared.kernel.errors import NotFound
from shared.replicas import People
from shared.scope import Scope


@dataclass(frozen=True)
class RequestJob:
    """job_id is the new job's; helper_id None is a broadcast."""

    job_id: str
    wish: Wish
    helper_id: str | None
    by: Caller


async def request_job(cmd: RequestJob, jobs: JobStore, scope: Scope) -> Job:
    """The new job. NotFound (no such listed helper), Forbidden (email_not_verified), Invalid."""
    await _answer_again(cmd.job_id, jobs)
    rows = scope.store(HelperRows)
    helper = await rows.listed(cmd.helper_id) if cmd.helper_id is not None else None
    await scope.store(People).verified(cmd.by.id)
    job, events = Job.request(
        cmd.wish,
        id=cmd.job_id,
        customer=cmd.by,
        helper_id=cmd.helper_id,
        tenant=scope.tenant,
        at=scope.now,
    )
    if helper is not None:
        helper.must_offer(cmd.wish.category, scope.now)
    return await jobs.create(job, events)


async def _answer_again(job_id: str, jobs: JobStore) -> None:
    """Replay if this request was carried out before: by now its slots may be too near."""
    try:
        await jobs.update(job_id, lambda job: None)
    except NotFound:
        return


@dataclass(frozen=True)
class Broadcast(OnJob):
    """slots replace the wished ones when given."""

    slots: Sequence[Slot] = ()


async def broadcast(cmd: Broadcast, jobs: JobStore, scope: Scope) -> Job:
    return await carry_out(
        cmd,
        Command.BROADCAST,
        lambda job, by: job.send_out(by, scope.now, cmd.slots),
        jobs,
        scope,
    )
