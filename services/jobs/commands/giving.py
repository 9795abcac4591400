"""How every command to an existing job is given."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from services.jobs.model import Caller, Command, Job
from services.jobs.model.errors import NoSuchJob
from services.jobs.model.state import Events
from services.jobs.store import HelperRows, JobStore
from shared.kernel.errors import Precondition
from shared.scope import Scope

Decide = Callable[[Job, Caller], Events]


@dataclass(frozen=True)
class OnJob:
    """What all commands to a job have: which job, and who gives it."""

    job_id: str
    by: Caller


async def carry_out(
    cmd: OnJob, command: Command, decide: Decide, jobs: JobStore, scope: Scope
) -> Job:
    """Decide and save. NotFound for whoever has no part in the job, before any other refusal.

    A caller without a part may be a helper whom an open broadcast reaches: only then is the
    replica asked.
    """
    try:
        return await _decided(cmd, command, decide, jobs, scope)
    except NoSuchJob:
        helper = await scope.store(HelperRows).find(cmd.by.id)
        if helper is None or cmd.by.helper is not None:
            raise
    known = replace(cmd, by=replace(cmd.by, helper=helper))
    return await _decided(known, command, decide, jobs, scope)


async def _decided(
    cmd: OnJob, command: Command, decide: Decide, jobs: JobStore, scope: Scope
) -> Job:
    try:
        return await jobs.update(cmd.job_id, lambda job: decide(job, cmd.by))
    except Precondition:
        # What the version is, and that there is a job at all, is no news for strangers.
        job = await scope.store(JobStore).get(cmd.job_id)
        job.entitled(command, cmd.by)
        raise


async def look(
    cmd: OnJob, command: Command, see: Callable[[Job, Caller], None], jobs: JobStore, scope: Scope
) -> Job:
    """See whether the command is possible, before work outside of the job is begun for it.

    Raises what carrying it out would raise, Replay included; writes nothing.
    """

    def decide(job: Job, by: Caller) -> Events:
        see(job, by)
        return []

    return await carry_out(cmd, command, decide, jobs, scope)
