"""Figures over the jobs of a time, added up job by job."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from services.jobs.model.job import Job
from services.jobs.model.transitions import State
from services.jobs.model.values import Outcome

COMES_BACK = timedelta(days=14)
"""Asked for again so soon, the same category at the same address was not fixed the first time."""

STEPS = (15, 60, 240, 1440, 2880)
"""Minutes within which the first offer came."""


@dataclass
class Overview:
    """Bounded by categories and states, however many jobs there are."""

    requested: int = 0
    states: Counter[tuple[str, str]] = field(default_factory=Counter)
    offered: int = 0
    waited: timedelta = timedelta(0)
    offered_within: Counter[int] = field(default_factory=Counter)
    booked: int = 0
    completed: int = 0
    cancelled: Counter[str] = field(default_factory=Counter)
    visits: int = 0
    fixed: int = 0

    def add(self, job: Job, same_errand: Iterable[Job]) -> None:
        """same_errand: every job with this one's category and address."""
        self.requested += 1
        self.states[job.category, job.state] += 1
        self._count_offer(job)
        self.booked += "booked" in job.milestones
        self.completed += "completed" in job.milestones
        if "cancelled" in job.milestones:
            self.cancelled[job.cause_party or "unknown"] += 1
        if visited(job):
            self.visits += 1
            self.fixed += fixed_at_first(job, same_errand)

    def _count_offer(self, job: Job) -> None:
        if "offered" not in job.milestones:
            return
        waited = job.when(State.OFFERED) - job.when(State.REQUESTED)
        self.offered += 1
        self.waited += waited
        for minutes in STEPS:
            self.offered_within[minutes] += waited <= timedelta(minutes=minutes)


def visited(job: Job) -> bool:
    """Whether somebody was there, with or without success."""
    return "delivered" in job.milestones or "unsuccessful" in job.milestones


def fixed_at_first(job: Job, same_errand: Iterable[Job]) -> bool:
    if job.delivery is None or job.delivery.outcome is not Outcome.SOLVED:
        return False
    delivered = job.when(State.DELIVERED)
    return not any(
        delivered < other.when(State.REQUESTED) <= delivered + COMES_BACK
        for other in same_errand
        if other.id != job.id
    )
