"""What reviews and jobs say about a helper."""

from dataclasses import dataclass

from services.profiles.model.standing import Rating, Record
from services.profiles.store import HelperStore, JobRow, JobRows
from shared.contracts.jobs import JobFacts
from shared.kernel.errors import NotFound
from shared.scope import Scope

LOOKED_AT = 100
"""The latest ended jobs that make up a helper's record."""

_TALKS = ("requested", "offered", "declined", "withdrawn", "expired")
_TAKING_TIME = ("booked", "confirmed", "en_route", "in_progress")


@dataclass(frozen=True)
class RateHelper:
    """again: the rating repeats what was said before (a snapshot)."""

    helper_id: str
    rating: Rating
    again: bool


async def rate_helper(cmd: RateHelper, scope: Scope) -> None:
    """Newest wins; somebody who is no helper here is none of our business."""
    try:
        await scope.store(HelperStore).update(
            cmd.helper_id, lambda helper: helper.rate(cmd.rating, again=cmd.again)
        )
    except NotFound:
        return


def job_row(job_id: str, facts: JobFacts) -> JobRow | None:
    """What is worth keeping of a job; None while it is talked about, or when talks led nowhere.

    Kept: it was completed. Broken: cancelled by the helper, or the helper did not come.
    """
    if facts.helper_id is None or facts.state in _TALKS:
        return None
    kept, ended_at = None, None
    broke = facts.cause_party == "helper"
    if facts.completed_at is not None:
        kept, ended_at = True, facts.completed_at
    elif broke and (broken_at := facts.no_show_at or facts.cancelled_at):
        kept, ended_at = False, broken_at
    slot = facts.slot if facts.state in _TAKING_TIME else None
    return JobRow(
        id=job_id,
        helper_id=facts.helper_id,
        booked_by=facts.helper_id if slot else None,
        starts_at=slot.start if slot else None,
        ends_at=slot.end if slot else None,
        kept=kept,
        ended_at=ended_at,
    )


@dataclass(frozen=True)
class CountJobs:
    """helper_id of somebody one of whose jobs has ended."""

    helper_id: str


async def count_jobs(cmd: CountJobs, scope: Scope) -> None:
    """Counted again after the write until nothing has changed: overlapping counts end right."""
    seen: Record | None = None
    while (newest := await _record(cmd.helper_id, scope)) != seen:
        if not await _enter(cmd.helper_id, newest, scope):
            return
        seen = newest


async def _enter(helper_id: str, record: Record, scope: Scope) -> bool:
    """False when there is no such helper."""
    try:
        await scope.store(HelperStore).update(helper_id, lambda helper: helper.keep_record(record))
    except NotFound:
        return False
    return True


async def _record(helper_id: str, scope: Scope) -> Record:
    rows = await scope.store(JobRows).latest_ended(helper_id, LOOKED_AT)
    kept = sum(row.kept is True for row in rows)
    return Record(kept=kept, broken=len(rows) - kept)
