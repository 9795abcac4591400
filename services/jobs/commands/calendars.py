"""Keeping a helper's calendar and the jobs in it true to each other.

The calendar is written first, then the job. A process that ends in between leaves a hold without
a booking; whoever finds it in the way frees it, after the job's fence has been raised, so that
the booking it was taken for can no longer happen.
"""

from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

from services.jobs.commands.tax import check_tax_data
from services.jobs.model import Caller, Job
from services.jobs.model.calendar import IN_FLIGHT, Calendar, Hold, SlotTaken
from services.jobs.model.helper import Helper
from services.jobs.model.values import Slot
from services.jobs.store import CalendarStore, HelperRows, JobStore
from shared.kernel.errors import NotFound
from shared.scope import Scope


async def bookable(helper_id: str, job: Job, by: Caller, scope: Scope) -> Helper:
    """The helper. NotListed when they may not take this job at present.

    TaxDataMissing or NotBookable, by whom it is told to, where an appointment would be a new one.
    """
    helper = await scope.store(HelperRows).get(helper_id)
    helper.must_take(job.category, scope.now)
    if job.unbooked:
        await check_tax_data(helper_id, by.id, scope)
    return helper


async def check_free(slot: Slot, job_id: str, helper: Helper, scope: Scope) -> None:
    """SlotTaken unless the helper is free now; nothing is kept."""
    calendars = scope.store(CalendarStore)

    async def attempt() -> None:
        calendar = await calendars.of(helper.id)
        calendar.check(slot, job_id, helper.availability, _zone(scope), scope.now)

    await _despite_leftovers(attempt, helper.id, scope)


async def take(hold: Hold, helper: Helper, scope: Scope) -> None:
    """Keep the hold's slot in the helper's calendar. SlotTaken."""
    calendars = scope.store(CalendarStore)

    def keep(calendar: Calendar) -> None:
        calendar.hold(hold, helper.availability, _zone(scope))

    async def attempt() -> None:
        try:
            await calendars.update(helper.id, keep)
        except NotFound:
            await calendars.ensure(Calendar(id=helper.id), [])
            await calendars.update(helper.id, keep)

    await _despite_leftovers(attempt, helper.id, scope)


async def give_back(hold: Hold, helper_id: str, scope: Scope) -> bool:
    """Drop a hold unless it is its job's appointment; whether it is gone."""
    jobs = scope.store(JobStore)
    try:
        job = await jobs.update(hold.job_id, lambda job: job.raise_fence(hold.ref))
    except NotFound:
        fence = None
    else:
        if job.holds(hold.ref):
            return False
        # Where it can never be booked any more, the job's state is fence enough.
        fence = job.fence if job.could_book(hold.ref) else None
    await _release(helper_id, hold.job_id, hold.ref, scope, fence)
    return True


async def free_after(job: Job, scope: Scope, ref: str | None = None) -> Job:
    """The job has left this appointment (its last one by default): the slot is free again."""
    ref = ref or job.hold
    if job.helper_id is not None and ref is not None and not job.holds(ref):
        await _release(job.helper_id, job.id, ref, scope)
    return job


async def _release(
    helper_id: str, job_id: str, ref: str, scope: Scope, before: int | None = None
) -> None:
    def drop(calendar: Calendar) -> None:
        calendar.release(job_id, ref, before)

    try:
        await scope.store(CalendarStore).update(helper_id, drop)
    except NotFound:
        return


async def _despite_leftovers(
    attempt: Callable[[], Awaitable[None]], helper_id: str, scope: Scope
) -> None:
    """Attempt, and once more if all that was in the way could be given back."""
    try:
        await attempt()
    except SlotTaken as taken:
        if not taken.blocking:
            raise
        for hold in taken.blocking:
            if not await _left_over(hold, scope) or not await give_back(hold, helper_id, scope):
                raise
        await attempt()


async def _left_over(hold: Hold, scope: Scope) -> bool:
    """Whether nobody can be waiting for this hold to become a booking."""
    job = await scope.store(JobStore).find(hold.job_id)
    if job is None:
        return True
    if job.holds(hold.ref):
        return False
    return not job.could_book(hold.ref) or scope.now - hold.held_at > IN_FLIGHT


def _zone(scope: Scope) -> ZoneInfo:
    return ZoneInfo(scope.tenant.time_zone)
