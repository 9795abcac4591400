"""Granting what the operator owes for a visit that failed by its fault."""

from dataclasses import dataclass

from services.jobs.model.compensation import granted
from services.jobs.store import CompensationStore, JobStore
from shared.scope import Scope


@dataclass(frozen=True)
class Compensate:
    """job_id of a job that may have failed by the operator's fault."""

    job_id: str


async def compensate(cmd: Compensate, scope: Scope) -> None:
    """Carried out again, it changes nothing."""
    job = await scope.store(JobStore).get(cmd.job_id)
    for entry, events in granted(job, scope.tenant):
        await scope.store(CompensationStore).ensure(entry, events)
