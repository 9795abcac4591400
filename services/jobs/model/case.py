"""A case: something that support must look at, and until when somebody must have answered."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from services.jobs.model.case_causes import Cause
from services.jobs.model.case_table import (
    ANSWERED_RANK,
    RANK,
    SEVERITY,
    TABLE,
    CaseCommand,
    CaseRole,
    CaseState,
    CaseType,
    Severity,
    respond_by,
)
from services.jobs.model.errors import NotYourCommand
from services.jobs.model.job import Job
from services.jobs.model.state import Caller
from services.jobs.model.transitions import State
from services.jobs.model.values import Step
from services.jobs.model.working_hours import WorkingHours
from shared.contracts.jobs import (
    CaseAssigned,
    CaseClosed,
    CaseEvent,
    CaseFacts,
    CaseOpened,
    CaseOverdue,
    CaseRedacted,
    CaseResponded,
)
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Conflict, Forbidden, NotFound

MAX_CASES = 5
"""Open cases of one person about one job."""

MAX_REPLIES = 50
K, S = CaseCommand, CaseState
Told = type[CaseEvent]


class NoSuchCase(NotFound):
    def __init__(self) -> None:
        super().__init__("there is no such case")


class NoRunningVisit(Conflict):
    """Help with a visit is for the time in which it takes place."""

    code = "no_running_visit"


class TooManyCases(Conflict):
    """Support knows; it answers the open ones first."""

    code = "too_many"


@dataclass(frozen=True, slots=True)
class Reply:
    """What support wrote to the parties."""

    by: str
    text: str
    at: datetime


@dataclass(kw_only=True)
class Case(Aggregate):
    """parties are both sides of the job; readers those who see the case, besides support.

    urgency sorts support's queue: severity, then the due time of the first response; what was
    answered comes behind. active: not closed. overdue: waits longer than was promised.
    """

    urgency: str
    job_id: str
    claim_id: str | None = None
    type: CaseType
    severity: Severity
    state: CaseState = CaseState.OPEN
    active: bool = True
    overdue: bool = False
    parties: list[str]
    readers: list[str]
    opened_by: str | None = None
    reason: str = ""
    opened_at: datetime
    respond_by: datetime
    responded_at: datetime | None = None
    overdue_at: datetime | None = None
    closed_at: datetime | None = None
    assignee_id: str | None = None
    replies: list[Reply] = field(default_factory=list)
    timeline: list[Step] = field(default_factory=list)

    # How it comes into being

    @classmethod
    def open(
        cls,
        type: CaseType,
        reason: str,
        job: Job,
        *,
        id: str,
        by: Caller,
        hours: WorkingHours,
        at: datetime,
    ) -> tuple["Case", list[CaseEvent]]:
        """By a side of the job; only that side and support see it. NoSuchJob, NotYourCommand,
        NoRunningVisit."""
        job.side_of(by)
        if by.id not in _sides(job):
            raise NotYourCommand("a case is opened by a side of the job")
        if type is CaseType.RUNNING_VISIT and job.state not in (State.EN_ROUTE, State.IN_PROGRESS):
            raise NoRunningVisit("no visit is under way")
        due = respond_by(type, at, hours)
        case = cls._made(type, job, id=id, readers=[by.id], at=at, due=due)
        case.opened_by, case.reason = by.id, reason
        return case, case._step(K.OPEN, at, by=by, to=S.OPEN, event=CaseOpened)

    @classmethod
    def follow(cls, cause: Cause, job: Job, hours: WorkingHours) -> tuple["Case", list[CaseEvent]]:
        """By what happened; both sides see it, unless it is silent."""
        due = respond_by(cause.type, cause.at, hours, cause.visit)
        readers = [] if cause.silent else _sides(job)
        case = cls._made(cause.type, job, id=cause.id, readers=readers, at=cause.at, due=due)
        case.claim_id, case.opened_by = cause.claim_id, cause.by
        return case, case._step(K.OPEN, cause.at, by=None, to=S.OPEN, event=CaseOpened)

    @classmethod
    def _made(
        cls, type: CaseType, job: Job, *, id: str, readers: list[str], at: datetime, due: datetime
    ) -> "Case":
        return cls(
            id=id,
            urgency=_urgency(RANK[SEVERITY[type]], due, id),
            job_id=job.id,
            type=type,
            severity=SEVERITY[type],
            parties=_sides(job),
            readers=readers,
            opened_at=at,
            respond_by=due,
            due_at=due,
        )

    # Who may do what

    def allowed(self) -> list[CaseCommand]:
        """What support may do now."""
        return TABLE.allowed(self.state, CaseRole.SUPPORT)

    def permit(self, command: CaseCommand, by: Caller) -> None:
        """Forbidden for whoever is a side themselves, IllegalTransition."""
        self.check_impartial(by)
        TABLE.permit(command, self.state, CaseRole.SUPPORT)

    def check_impartial(self, by: Caller) -> None:
        if by.id in self.parties:
            raise Forbidden("nobody works on a case of their own", code="own_case")

    # Commands of support

    def take(self, by: Caller, at: datetime) -> list[CaseEvent]:
        self.permit(K.TAKE, by)
        self.assignee_id = by.id
        return self._step(K.TAKE, at, by=by, to=S.ASSIGNED, event=CaseAssigned)

    def assign(self, assignee_id: str, by: Caller, at: datetime) -> list[CaseEvent]:
        """To somebody of support who is no side of it."""
        self.permit(K.ASSIGN, by)
        self.check_impartial(Caller(assignee_id))
        self.assignee_id = assignee_id
        return self._step(K.ASSIGN, at, by=by, to=S.ASSIGNED, event=CaseAssigned)

    def respond(self, text: str, by: Caller, at: datetime) -> list[CaseEvent]:
        """The readers see the text; the first response ends the waiting. TooManyCases."""
        self.permit(K.RESPOND, by)
        if len(self.replies) >= MAX_REPLIES:
            raise TooManyCases(f"a case has at most {MAX_REPLIES} replies")
        self.replies = [*self.replies, Reply(by.id, text, at)]
        self.assignee_id = self.assignee_id or by.id
        self._answered(at)
        self.urgency = _urgency(ANSWERED_RANK, self.respond_by, self.id)
        return self._step(K.RESPOND, at, by=by, to=S.ANSWERED, event=CaseResponded)

    def close(self, reason: str, by: Caller, at: datetime) -> list[CaseEvent]:
        self.permit(K.CLOSE, by)
        return self._close(K.CLOSE, reason, by, at)

    # By itself

    def finish(self, at: datetime) -> list[CaseEvent]:
        """What it was about is over; nothing happens to a closed one."""
        if self.state is S.CLOSED:
            return []
        return self._close(K.FINISH, "settled elsewhere", None, at)

    def on_due(self, now: datetime) -> list[CaseEvent]:
        """Nobody answered in time: told once."""
        if self.due_at is None or now < self.due_at:
            return []
        self.due_at = None
        if self.responded_at is not None or self.state is S.CLOSED:
            return []
        self.overdue, self.overdue_at = True, now
        return self._step(K.OVERDUE, now, by=None, event=CaseOverdue)

    def _answered(self, at: datetime) -> None:
        self.responded_at = self.responded_at or at
        self.overdue, self.due_at = False, None

    def _close(
        self, command: CaseCommand, reason: str, by: Caller | None, at: datetime
    ) -> list[CaseEvent]:
        if by is not None:
            self._answered(at)
        self.active, self.overdue, self.closed_at, self.due_at = False, False, at, None
        return self._step(command, at, by=by, to=S.CLOSED, event=CaseClosed, reason=reason)

    def _step(
        self,
        command: CaseCommand,
        at: datetime,
        *,
        by: Caller | None,
        event: Told,
        to: CaseState | None = None,
        reason: str | None = None,
    ) -> list[CaseEvent]:
        target = to or self.state
        row = TABLE.row(command)
        assert not row.sources or row.leads(self.state, target), f"{command} to {target}"
        self.state = target
        step = Step(self.version + 1, target, command, at, by.id if by else None, reason)
        self.timeline = [*self.timeline, step]
        return [event(self.facts())]

    def redact(self) -> list[CaseEvent]:
        """What remains when a side is forgotten. Nothing happens the second time."""
        blank = [replace(each, text="") for each in self.replies]
        silent = [replace(each, reason=None) for each in self.timeline]
        if (self.reason, self.replies, self.timeline) == ("", blank, silent):
            return []
        self.reason, self.replies, self.timeline = "", blank, silent
        return [CaseRedacted(self.facts())]

    def facts(self) -> CaseFacts:
        """Everything public about the case: no word of what it is about."""
        return CaseFacts(
            job_id=self.job_id,
            claim_id=self.claim_id,
            type=self.type,
            severity=self.severity,
            state=self.state,
            opened_by=self.opened_by,
            reader_ids=self.readers,
            assignee_id=self.assignee_id,
            opened_at=self.opened_at,
            respond_by=self.respond_by,
            responded_at=self.responded_at,
            overdue_at=self.overdue_at,
            closed_at=self.closed_at,
        )


def _sides(job: Job) -> list[str]:
    return [job.customer_id, *([job.helper_id] if job.helper_id else [])]


def _urgency(rank: int, due: datetime, id: str) -> str:
    return f"{rank}|{round(due.timestamp() * 1000):013d}|{id}"
