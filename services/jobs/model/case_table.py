"""What may be escalated to support, how urgent it is, and the life of a case as a table."""

from datetime import datetime, timedelta
from enum import StrEnum

from services.jobs.model.rows import Row, Table
from services.jobs.model.working_hours import WorkingHours


class CaseType(StrEnum):
    """The first three and other are opened by people; some of the rest by what happened."""

    SAFETY = "safety"
    RUNNING_VISIT = "running_visit"
    OTHER = "other"
    DISPUTE = "dispute"
    CLAIM = "claim"
    MISSED_CONFIRMATION = "missed_confirmation"
    BLOCK = "block"


class Severity(StrEnum):
    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"


SEVERITY = {
    CaseType.SAFETY: Severity.URGENT,
    CaseType.RUNNING_VISIT: Severity.HIGH,
    CaseType.MISSED_CONFIRMATION: Severity.HIGH,
    CaseType.BLOCK: Severity.HIGH,
    CaseType.DISPUTE: Severity.NORMAL,
    CaseType.CLAIM: Severity.NORMAL,
    CaseType.OTHER: Severity.NORMAL,
}

RANK = {Severity.URGENT: 1, Severity.HIGH: 2, Severity.NORMAL: 3}
ANSWERED_RANK = 4
"""Behind all that still wait for a first response."""

AT_ONCE = {
    CaseType.SAFETY: timedelta(minutes=15),
    CaseType.RUNNING_VISIT: timedelta(minutes=30),
}
"""By the clock, day and night; all else has one working day."""

BEFORE_VISIT, LEAST = timedelta(hours=4), timedelta(minutes=30)
"""What puts a visit in doubt is answered so long before it, but support has LEAST in any case."""


def respond_by(
    type: CaseType, at: datetime, hours: WorkingHours, visit: datetime | None = None
) -> datetime:
    """When the first response is due; visit is the beginning of an appointment in doubt."""
    if type in AT_ONCE:
        return at + AT_ONCE[type]
    due = hours.one_day_after(at)
    if visit is None:
        return due
    return max(min(due, visit - BEFORE_VISIT), at + LEAST)


class CaseState(StrEnum):
    OPEN = "open"
    ASSIGNED = "assigned"
    ANSWERED = "answered"
    CLOSED = "closed"


class CaseCommand(StrEnum):
    """In kebab case, as in the API's paths."""

    OPEN = "open"
    TAKE = "take"
    ASSIGN = "assign"
    RESPOND = "respond"
    CLOSE = "close"
    FINISH = "finish"
    OVERDUE = "overdue"


class CaseRole(StrEnum):
    """timer is also what happens elsewhere, as when a dispute is resolved."""

    PARTY = "party"
    SUPPORT = "support"
    TIMER = "timer"


K, S = CaseCommand, CaseState
PARTY, SUPPORT, TIMER = CaseRole.PARTY, CaseRole.SUPPORT, CaseRole.TIMER

TABLE = Table(
    "case",
    (
        Row(K.OPEN, (), (S.OPEN,), (PARTY, TIMER)),
        Row(K.TAKE, (S.OPEN, S.ASSIGNED), (S.ASSIGNED,), (SUPPORT,)),
        Row(K.ASSIGN, (S.OPEN, S.ASSIGNED), (S.ASSIGNED,), (SUPPORT,)),
        Row(K.RESPOND, (S.OPEN, S.ASSIGNED, S.ANSWERED), (S.ANSWERED,), (SUPPORT,)),
        Row(K.CLOSE, (S.OPEN, S.ASSIGNED, S.ANSWERED), (S.CLOSED,), (SUPPORT,)),
        Row(K.FINISH, (S.OPEN, S.ASSIGNED, S.ANSWERED), (S.CLOSED,), (TIMER,)),
        Row(K.OVERDUE, (S.OPEN, S.ASSIGNED), (), (TIMER,)),
    ),
)
