"""What reviews and jobs say about a helper."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from services.profiles.model.helper import Helper
from services.profiles.model.record import JobRow, record_of
from services.profiles.model.standing import Rating, Record
from services.profiles.store import HelperStore, JobRows
from shared.contracts.base import Event
from shared.kernel.errors import NotFound
from shared.scope import Scope

LOOKED_AT = 100
"""So many latest jobs of a kind make up a helper's record."""


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


@dataclass(frozen=True)
class KeepJob:
    """What a job tells now; row is kept already."""

    row: JobRow


async def keep_job(cmd: KeepJob, scope: Scope) -> None:
    """Count anew for everybody whose record this job can have changed."""
    concerned = cmd.row.helpers
    if cmd.row.errand is not None:
        # A visit was in vain if its customer needs the same again.
        earlier = await scope.store(JobRows).of_errands([cmd.row.errand])
        concerned += [each.helper_id for each in earlier if each.visited_at and each.helper_id]
    for helper_id in dict.fromkeys(concerned):
        await count_jobs(CountJobs(helper_id), scope)


@dataclass(frozen=True)
class CountJobs:
    """helper_id of somebody whose jobs have something new to tell."""

    helper_id: str


async def count_jobs(cmd: CountJobs, scope: Scope) -> None:
    """Returns when a count that began after this call is entered."""
    await _counts.begun_from_now((scope.tenant.slug, cmd.helper_id), lambda: _count(cmd, scope))


class _Counts:
    """One count of a helper runs in this process, and one more waits for whoever comes meanwhile.

    A helper in demand has many events in hand at once, and each count takes what all of them tell.
    """

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[None]] = {}
        self._waiting: dict[Hashable, asyncio.Task[None]] = {}

    async def begun_from_now(self, whose: Hashable, count: Callable[[], Awaitable[None]]) -> None:
        if whose not in self._waiting:
            task = self._waiting[whose] = asyncio.create_task(self._next(whose, count))
            task.add_done_callback(_looked_at)
        await asyncio.shield(self._waiting[whose])

    async def _next(self, whose: Hashable, count: Callable[[], Awaitable[None]]) -> None:
        if before := self._running.get(whose):
            await asyncio.wait([before])
        self._running[whose] = self._waiting.pop(whose)
        try:
            await count()
        finally:
            del self._running[whose]


def _looked_at(count: asyncio.Task[None]) -> None:
    """Nobody may be left to hear of an error: their deliveries come again, and count anew."""
    if not count.cancelled():
        count.exception()


_counts = _Counts()


async def _count(cmd: CountJobs, scope: Scope) -> None:
    """Counted again after each change until there is none: other processes' counts end right."""
    while await _enter(cmd.helper_id, await _record(cmd.helper_id, scope), scope):
        continue


async def _enter(helper_id: str, record: Record, scope: Scope) -> bool:
    """Whether that was news; it is none about somebody who is no helper here."""
    news = False

    def enter(helper: Helper) -> Sequence[Event[Any]]:
        nonlocal news
        news = helper.record != record
        return helper.keep_record(record)

    try:
        await scope.store(HelperStore).update(helper_id, enter)
    except NotFound:
        return False
    return news


async def _record(helper_id: str, scope: Scope) -> Record:
    rows = scope.store(JobRows)
    visits = await rows.latest_visits(helper_id, LOOKED_AT)
    errands = sorted({each.errand for each in visits if each.errand})
    return record_of(
        ended=await rows.latest_ended(helper_id, LOOKED_AT),
        completed=await rows.completed(helper_id),
        asked=await rows.latest_asked(helper_id, LOOKED_AT),
        visits=visits,
        errands=await rows.of_errands(errands) if errands else [],
    )
