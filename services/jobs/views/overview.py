"""How the tenant's jobs went, read in batches."""

from collections import defaultdict
from datetime import datetime

from services.jobs.model import Job
from services.jobs.model.overview import STEPS, Overview, visited
from services.jobs.store import JobStore
from shared.http.fields import Instant, View
from shared.scope import Scope

JOBS = 200
"""Read at once."""


class StateCount(View):
    category: str
    state: str
    count: int


class FirstOffer(View):
    """within_minutes: minutes -> how many had an offer by then."""

    count: int
    mean_seconds: int | None
    within_minutes: dict[str, int]


class Share(View):
    """part of whole; ratio is null where there is nothing to take a part of."""

    whole: int
    part: int
    ratio: float | None

    @classmethod
    def of(cls, part: int, whole: int) -> "Share":
        return cls(whole=whole, part=part, ratio=round(part / whole, 4) if whole else None)


class OverviewView(View):
    """Of the jobs requested from since until before until.

    completion: completed of booked; first_time_fix: solved visits without another request for the
    same category at the same address within 14 days, of all visits; cancelled: by whose cause.
    """

    since: Instant
    until: Instant
    requested: int
    jobs: list[StateCount]
    first_offer: FirstOffer
    completion: Share
    cancelled: dict[str, int]
    first_time_fix: Share


async def overview(since: datetime, until: datetime, scope: Scope) -> Overview:
    jobs, figures = scope.store(JobStore), Overview()
    after, last = _order(since), _order(until)
    while found := await jobs.between(after, last, JOBS):
        errands = {job.errand for job in found if visited(job) and job.errand}
        same: dict[str, list[Job]] = defaultdict(list)
        if errands:
            for job in await jobs.of_errands(sorted(errands)):
                same[job.errand].append(job)
        for job in found:
            figures.add(job, same.get(job.errand, ()))
        after = found[-1].order
    return figures


def _order(moment: datetime) -> str:
    """Sorts before every job of this moment."""
    return f"{round(moment.timestamp() * 1000):013d}"


def overview_view(figures: Overview, since: datetime, until: datetime) -> OverviewView:
    mean = figures.waited.total_seconds() / figures.offered if figures.offered else None
    return OverviewView(
        since=since,
        until=until,
        requested=figures.requested,
        jobs=[
            StateCount(category=category, state=state, count=count)
            for (category, state), count in sorted(figures.states.items())
        ],
        first_offer=FirstOffer(
            count=figures.offered,
            mean_seconds=None if mean is None else round(mean),
            within_minutes={str(each): figures.offered_within[each] for each in STEPS},
        ),
        completion=Share.of(figures.completed, figures.booked),
        cancelled=dict(sorted(figures.cancelled.items())),
        first_time_fix=Share.of(figures.fixed, figures.visits),
    )
