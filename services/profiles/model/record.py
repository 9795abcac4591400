"""What a job tells of its helper, and how a helper's jobs add up to their record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from services.profiles.model.standing import Record
from shared.contracts.jobs import JobFacts

AGAIN_WITHIN = timedelta(days=14)
"""A further job of the customer in the category so soon after a visit: it was not solved."""

_TAKING_TIME = ("booked", "confirmed", "en_route", "in_progress")
_OWN_FAULTS = ("skill_gap", "wrong_material")
"""Causes of a visit in vain that count against the helper; others are nobody's or others'."""


@dataclass(frozen=True)
class JobRow:
    """What is worth keeping of a job. id is the job's.

    helper_id is who has it. booked_by is the same, and starts_at to ends_at the time, while the job
    takes it. kept and ended_at: it tells whether the helper can be relied on. asked_id, asked_at
    and answered_at: who was asked by name, once they have answered or let it expire. errand is
    customer and category; visited_at and solved: the helper was there, and whether it works now.
    """

    id: str
    helper_id: str | None = None
    booked_by: str | None = None
    booked_at: datetime | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    kept: bool | None = None
    ended_at: datetime | None = None
    asked_id: str | None = None
    asked_at: datetime | None = None
    answered_at: datetime | None = None
    errand: str | None = None
    visited_at: datetime | None = None
    solved: bool | None = None

    @property
    def helpers(self) -> list[str]:
        """Whose record it is in."""
        return list(dict.fromkeys(each for each in (self.helper_id, self.asked_id) if each))


def job_row(job_id: str, facts: JobFacts) -> JobRow | None:
    """None as long as there is nothing to tell."""
    answer, work = _answer(facts), _work(facts)
    if not answer and not work:
        return None
    return JobRow(id=job_id, **answer, **work)


def _answer(facts: JobFacts) -> dict[str, Any]:
    asked, answered_at = facts.asked_helper_id, facts.answered_at
    if asked is None or (answered_at is None and facts.expired_at is None):
        return {}
    return {"asked_id": asked, "asked_at": facts.requested_at, "answered_at": answered_at}


def _work(facts: JobFacts) -> dict[str, Any]:
    """Kept: it was completed. Broken: cancelled by the helper, or the helper did not come."""
    if facts.helper_id is None or facts.booked_at is None:
        return {}
    kept, ended_at = None, None
    if facts.completed_at is not None:
        kept, ended_at = True, facts.completed_at
    elif facts.cause_party == "helper" and (broken_at := facts.no_show_at or facts.cancelled_at):
        kept, ended_at = False, broken_at
    slot = facts.slot if facts.state in _TAKING_TIME else None
    visited_at, solved = _visit(facts)
    return {
        "helper_id": facts.helper_id,
        "booked_at": facts.booked_at,
        "booked_by": facts.helper_id if slot else None,
        "starts_at": slot.start if slot else None,
        "ends_at": slot.end if slot else None,
        "kept": kept,
        "ended_at": ended_at,
        "errand": f"{facts.customer_id}|{facts.category}",
        "visited_at": visited_at,
        "solved": solved,
    }


def _visit(facts: JobFacts) -> tuple[datetime | None, bool | None]:
    """When the helper was there and whether it works; nothing of a visit in vain through others."""
    if facts.delivered_at is not None:
        return facts.delivered_at, facts.outcome == "solved"
    if facts.unsuccessful_at is not None and (
        facts.cause_party == "helper" or facts.cause in _OWN_FAULTS
    ):
        return facts.unsuccessful_at, False
    return None, None


def record_of(
    *,
    ended: Sequence[JobRow],
    completed: int,
    asked: Sequence[JobRow],
    visits: Sequence[JobRow],
    errands: Sequence[JobRow],
) -> Record:
    """ended, asked, visits: the helper's latest rows of each kind; errands: every row, of whichever
    helper, of the errands among visits. completed was counted.
    """
    waits = [
        (each.answered_at - each.asked_at).total_seconds() / 60
        for each in asked
        if each.answered_at is not None and each.asked_at is not None
    ]
    kept = sum(each.kept is True for each in ended)
    return Record(
        kept=kept,
        broken=len(ended) - kept,
        completed=completed,
        asked=len(asked),
        answered=len(waits),
        response_minutes=round(median(waits)) if waits else None,
        visits=len(visits),
        fixed=sum(each.solved is True and not _again(each, errands) for each in visits),
    )


def _again(visit: JobRow, errands: Sequence[JobRow]) -> bool:
    """Whether somebody had to be booked once more for the same thing."""
    at = visit.visited_at
    return at is not None and any(
        each.errand == visit.errand
        and each.id != visit.id
        and each.booked_at is not None
        and at < each.booked_at <= at + AGAIN_WITHIN
        for each in errands
    )
