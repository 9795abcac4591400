"""Which jobs a person is shown, newest first, page by page."""

from dataclasses import dataclass, replace

from services.jobs.model import Caller, Job, State
from services.jobs.model.reach import cell_of
from services.jobs.store import HelperRows, JobStore
from shared.scope import Scope

SCANNED = 100
"""Broadcasts looked at in one go, and how often in one page; a page may be short because of it."""

SCANS = 5


@dataclass(frozen=True)
class Found:
    """Jobs newest first; below floor there may be more, None: there are none."""

    jobs: list[Job]
    floor: str | None


async def jobs_page(
    reader: Caller,
    role: str | None,
    state: State | None,
    before: str | None,
    limit: int,
    scope: Scope,
) -> tuple[list[Job], str | None, Caller]:
    """A page of the reader's jobs, where the next one begins, and the reader as a helper.

    role None is both. As a helper, the requested ones include open broadcasts within reach.
    """
    roles = [role] if role is not None else ["customer", "helper"]
    sources = [await _own(reader, each, state, before, limit, scope) for each in roles]
    if role == "helper" and state is State.REQUESTED:
        reader = replace(reader, helper=await scope.store(HelperRows).find(reader.id))
        sources.append(await _within_reach(reader, before, limit, scope))
    floors = [source.floor for source in sources if source.floor is not None]
    floor = max(floors, default=None)
    jobs = {job.id: job for source in sources for job in source.jobs}
    certain = [job for job in jobs.values() if floor is None or job.order >= floor]
    certain.sort(key=lambda job: job.order, reverse=True)
    if len(certain) > limit:
        certain = certain[:limit]
        floor = certain[-1].order
    return certain, floor, reader


async def _own(
    reader: Caller, role: str, state: State | None, before: str | None, limit: int, scope: Scope
) -> Found:
    jobs = await scope.store(JobStore).of(f"{role}:{reader.id}", state, before, limit + 1)
    return Found(jobs, jobs[-1].order if len(jobs) > limit else None)


async def _within_reach(reader: Caller, before: str | None, limit: int, scope: Scope) -> Found:
    """Open broadcasts of others that this helper has no offer in."""
    helper = reader.helper
    if helper is None or helper.place is None or not helper.listed:
        return Found([], None)
    cell = cell_of(helper.place)
    store = scope.store(JobStore)
    found: list[Job] = []
    for _ in range(SCANS):
        jobs = await store.broadcasts(cell, before, SCANNED)
        found += [job for job in jobs if _news(job, reader)]
        if len(jobs) < SCANNED:
            return Found(found, None)
        before = jobs[-1].order
        if len(found) > limit:
            break
    return Found(found, before)


def _news(job: Job, reader: Caller) -> bool:
    involved = job.customer_id == reader.id or f"helper:{reader.id}" in job.seats
    return not involved and job.open_to(reader)
