"""Who may see a job at all."""

from dataclasses import replace

from services.jobs.model import Caller, Job
from services.jobs.model.errors import NoSuchJob
from services.jobs.store import HelperRows, JobStore
from shared.scope import Scope


async def see(job_id: str, reader: Caller, scope: Scope) -> tuple[Job, Caller]:
    """The job, and the reader with what made it visible. NotFound for whoever has no part."""
    job = await scope.store(JobStore).get(job_id)
    try:
        job.side_of(reader)
    except NoSuchJob:
        reader = replace(reader, helper=await scope.store(HelperRows).find(reader.id))
        job.side_of(reader)
    return job, reader
