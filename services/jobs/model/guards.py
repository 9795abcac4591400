"""What the named guards of the table mean."""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum, auto

from services.jobs.model.state import Caller, JobState
from services.jobs.model.transitions import Guard, State
from services.jobs.model.values import FeeStatus, Side

MAX_ROUNDS = 5
"""Counter-offers in the talks with one helper; the first offer is none."""

MAX_BIDDERS = 50
"""Helpers whose offers wait at the same time in one broadcast."""

MAX_RESCHEDULES = 2
MISSED_AFTER = timedelta(minutes=10)
"""Patience after the appointment's start before the other side counts as absent."""

CONTESTABLE_NO_SHOW = timedelta(hours=48)


class Refused(Enum):
    """OUT_OF_TURN: the command is the other side's at this moment. NOT_NOW: nobody's."""

    OUT_OF_TURN = auto()
    NOT_NOW = auto()


Check = Callable[[JobState, Caller, Side, datetime], Refused | None]


def refuses(
    guard: Guard, job: JobState, caller: Caller, side: Side, at: datetime
) -> Refused | None:
    """Why the guard does not let this command pass; None when it does."""
    return _CHECKS[guard](job, caller, side, at)


def _may_bid(job: JobState, caller: Caller, side: Side, at: datetime) -> Refused | None:
    """Once in a direct request; in a broadcast everybody who has no offer waiting."""
    if job.broadcast:
        free = job.thread(caller.id) is None and len(job.open_offers()) < MAX_BIDDERS
    else:
        free = job.state is State.REQUESTED
    return None if free and at < job.request_expires_at else Refused.NOT_NOW


def _in_talks(job: JobState, caller: Caller, side: Side, at: datetime) -> Refused | None:
    asked = job.helper_id == caller.id or job.thread(caller.id) is not None
    return None if asked else Refused.NOT_NOW


def _your_turn(job: JobState, caller: Caller, side: Side, at: datetime) -> Refused | None:
    waiting = job.waiting_for(side, caller.id)
    return None if waiting else Refused.OUT_OF_TURN


def _rounds_left(job: JobState, caller: Caller, side: Side, at: datetime) -> Refused | None:
    waiting = job.waiting_for(side, caller.id)
    return None if any(offer.round < MAX_ROUNDS for offer in waiting) else Refused.NOT_NOW


def _no_bidder(job: JobState, caller: Caller, side: Side, at: datetime) -> Refused | None:
    """One of several bidders takes back an offer by declining, but cannot end the job."""
    bidder = side is Side.HELPER and job.helper_id != caller.id
    return Refused.OUT_OF_TURN if bidder else None


def _reschedules_left(job: JobState, caller: Caller, side: Side, at: datetime) -> Refused | None:
    # A line that is down is nobody's wish: it does not use up what each job may be moved.
    left = job.reschedules < MAX_RESCHEDULES or job.line_faulty
    possible = job.reschedule is None and left
    return None if possible else Refused.NOT_NOW


def _line_down(job: JobState, caller: Caller, side: Side, at: datetime) -> Refused | None:
    return None if job.line_faulty else Refused.NOT_NOW


def _answer_due(job: JobState, caller: Caller, side: Side, at: datetime) -> Refused | None:
    if job.reschedule is None or at >= job.reschedule.expires_at:
        return Refused.NOT_NOW
    return Refused.OUT_OF_TURN if job.reschedule.side is side else None


def _change_pending(job: JobState, caller: Caller, side: Side, at: datetime) -> Refused | None:
    return None if job.change is not None else Refused.NOT_NOW


def _appointment_missed(job: JobState, caller: Caller, side: Side, at: datetime) -> Refused | None:
    return None if at >= job.booked_slot.start + MISSED_AFTER else Refused.NOT_NOW


def _blamed(job: JobState, caller: Caller, side: Side, at: datetime) -> Refused | None:
    if job.fee is None or job.fee.status is not FeeStatus.PENDING:
        return Refused.NOT_NOW
    return None if job.blamed is side else Refused.OUT_OF_TURN


def _within_window(job: JobState, caller: Caller, side: Side, at: datetime) -> Refused | None:
    window = timedelta(days=job.policies.dispute_days)
    if job.state is State.NO_SHOW:
        window = CONTESTABLE_NO_SHOW
    return None if at < job.when(job.state) + window else Refused.NOT_NOW


def _owing(job: JobState, caller: Caller, side: Side, at: datetime) -> Refused | None:
    return None if job.owing else Refused.NOT_NOW


_CHECKS: dict[Guard, Check] = {
    Guard.MAY_BID: _may_bid,
    Guard.IN_TALKS: _in_talks,
    Guard.YOUR_TURN: _your_turn,
    Guard.ROUNDS_LEFT: _rounds_left,
    Guard.NO_BIDDER: _no_bidder,
    Guard.RESCHEDULES_LEFT: _reschedules_left,
    Guard.LINE_DOWN: _line_down,
    Guard.ANSWER_DUE: _answer_due,
    Guard.CHANGE_PENDING: _change_pending,
    Guard.APPOINTMENT_MISSED: _appointment_missed,
    Guard.BLAMED: _blamed,
    Guard.WITHIN_WINDOW: _within_window,
    Guard.OWING: _owing,
}
