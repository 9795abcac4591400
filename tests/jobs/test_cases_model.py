"""The rules of cases: pure, on a fixed Monday at eleven in Berlin."""

import copy
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.jobs.model import Caller, Job, State
from services.jobs.model.case import (
    MAX_REPLIES,
    Case,
    NoRunningVisit,
    TooManyCases,
)
from services.jobs.model.case_causes import causes_in, causes_of
from services.jobs.model.case_table import TABLE, CaseType
from services.jobs.model.case_table import CaseCommand as K
from services.jobs.model.case_table import CaseRole as R
from services.jobs.model.case_table import CaseState as S
from services.jobs.model.claim_table import ClaimState
from services.jobs.model.errors import IllegalTransition, NoSuchJob, NotYourCommand
from services.jobs.model.values import Resolution
from services.jobs.model.working_hours import WorkingHours
from shared.contracts.jobs import (
    CaseClosed,
    CaseEvent,
    CaseOpened,
    CaseOverdue,
    CaseRedacted,
    CaseResponded,
    JobConfirmationMissed,
)
from shared.kernel.errors import Forbidden
from shared.kernel.ids import new_id
from tests.jobs.builders import (
    ADA,
    BEN,
    DAY,
    EVA,
    HOUR,
    NOW,
    SUE,
    a_hold,
    a_job,
    a_slot,
    booked,
    proposal_of,
    saved,
)
from tests.jobs.test_claims_model import a_claim

MINUTE = timedelta(minutes=1)
TOM = Caller("tom", support=True)
HOURS = WorkingHours.of("Mo-Fr 08:00-20:00", ZoneInfo("Europe/Berlin"))


def opened(type: CaseType = CaseType.SAFETY, job: Job | None = None, by: Caller = ADA) -> Case:
    case, events = Case.open(
        type,
        "he shouts",
        job or a_job(State.IN_PROGRESS),
        id=new_id("case"),
        by=by,
        hours=HOURS,
        at=NOW,
    )
    assert events == [CaseOpened(case.facts())]
    case.version = 1
    return case


def give(case: Case, command: K, by: Caller = SUE, at: datetime = NOW) -> list[CaseEvent]:
    acts: dict[K, Callable[[], list[CaseEvent]]] = {
        K.TAKE: lambda: case.take(by, at),
        K.ASSIGN: lambda: case.assign("tom", by, at),
        K.RESPOND: lambda: case.respond("we call you", by, at),
        K.CLOSE: lambda: case.close("talked to both", by, at),
    }
    events = acts[command]()
    case.version += 1
    return events


WAYS = {
    S.OPEN: [],
    S.ASSIGNED: [K.TAKE],
    S.ANSWERED: [K.TAKE, K.RESPOND],
    S.CLOSED: [K.CLOSE],
}


def a_case(state: S) -> Case:
    case = opened()
    for command in WAYS[state]:
        give(case, command)
    assert case.state is state
    return case


GIVEN = [row.command for row in TABLE.rows if R.SUPPORT in row.who]


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("command", GIVEN)
def test_every_command_in_every_state(state: S, command: K):
    case, row = a_case(state), TABLE.row(command)
    before, allowed = copy.deepcopy(case), case.allowed()
    assert (command in allowed) is (state in row.sources)
    if command in allowed:
        give(case, command)
        assert row.leads(state, case.state)
        return
    with pytest.raises(IllegalTransition) as refused:
        give(case, command)
    assert refused.value.members["allowed"] == allowed
    assert "this case is" in refused.value.detail
    assert case == before


@pytest.mark.parametrize("command", GIVEN)
def test_nobody_works_on_a_case_of_their_own(command: K):
    with pytest.raises(Forbidden):
        give(opened(), command, Caller("ben", support=True))


def test_a_side_of_the_case_is_not_assigned_to_it():
    with pytest.raises(Forbidden):
        opened().assign("ben", SUE, NOW)


@pytest.mark.parametrize(
    ("type", "due"),
    [
        (CaseType.SAFETY, NOW + 15 * MINUTE),
        (CaseType.RUNNING_VISIT, NOW + 30 * MINUTE),
        (CaseType.OTHER, NOW + DAY),
    ],
)
def test_a_first_response_is_due_by_its_kind(type: CaseType, due: datetime):
    case = opened(type)
    assert case.respond_by == case.due_at == due
    assert case.on_due(due - MINUTE) == []
    assert case.on_due(due) == [CaseOverdue(case.facts())]
    assert case.overdue
    assert case.on_due(due + DAY) == []
    assert give(case, K.RESPOND, at=due + HOUR) == [CaseResponded(case.facts())]
    assert not case.overdue
    assert case.facts().overdue_at == due


def test_safety_does_not_wait_for_the_morning():
    night = NOW + 16 * HOUR
    case, _ = Case.open(
        CaseType.SAFETY, "!", a_job(State.BOOKED), id="c", by=BEN, hours=HOURS, at=night
    )
    assert case.respond_by == night + 15 * MINUTE


def test_an_answer_in_time_is_never_overdue_and_comes_behind_in_the_queue():
    case = opened()
    waiting = opened(CaseType.OTHER)
    assert case.urgency < waiting.urgency
    give(case, K.RESPOND)
    assert case.assignee_id == "sue"
    assert case.due_at is None
    assert case.urgency > waiting.urgency


def test_the_queue_has_the_most_severe_first_then_what_is_due_first():
    job = a_job(State.IN_PROGRESS)
    kinds = [CaseType.OTHER, CaseType.RUNNING_VISIT, CaseType.SAFETY]
    cases = sorted((opened(kind, job) for kind in kinds), key=lambda case: case.urgency)
    assert [case.type for case in cases] == kinds[::-1]


def test_help_with_a_visit_is_for_the_time_of_the_visit():
    with pytest.raises(NoRunningVisit):
        opened(CaseType.RUNNING_VISIT, a_job(State.CONFIRMED))
    assert opened(CaseType.RUNNING_VISIT, a_job(State.EN_ROUTE), by=BEN).readers == ["ben"]


def test_only_sides_of_the_job_call_support():
    with pytest.raises(NoSuchJob):
        opened(by=EVA)
    with pytest.raises(NotYourCommand):
        opened(by=SUE)


def test_a_case_takes_so_many_replies_and_no_more():
    case = opened()
    for _ in range(MAX_REPLIES):
        give(case, K.RESPOND)
    with pytest.raises(TooManyCases):
        give(case, K.RESPOND)


def test_a_dispute_is_a_case_for_both_until_it_is_resolved():
    job = a_job(State.DISPUTED)
    [cause] = causes_in(job)
    case, events = Case.follow(cause, job, HOURS)
    assert events == [CaseOpened(case.facts())]
    assert (case.type, case.readers, case.opened_by) == (CaseType.DISPUTE, ["ada", "ben"], None)
    assert case.respond_by == HOURS.one_day_after(job.when(State.DISPUTED))
    job.resolve(Resolution("settled"), SUE, NOW + 3 * DAY)
    [again] = causes_in(saved(job))
    assert again.id == cause.id
    assert again.over
    assert case.finish(NOW) == [CaseClosed(case.facts())]
    assert case.finish(NOW) == []
    assert case.due_at is None


def test_each_turn_of_a_claim_to_support_is_a_case_of_its_own():
    claim = a_claim(ClaimState.UNDER_REVIEW)
    [first] = causes_of(claim)
    assert not first.over
    claim.request_evidence("more", SUE, NOW)
    [over] = causes_of(claim)
    assert over.over
    claim.submit_evidence(ADA, NOW)
    causes = causes_of(claim)
    assert [cause.over for cause in causes] == [True, False]
    assert causes[0].id == first.id != causes[1].id
    assert causes_of(a_claim(ClaimState.OFFERED)) == []


# Missed confirmations


def test_a_confirmation_that_does_not_come_by_24_hours_before_is_told_once():
    job = booked()
    assert job.due_at == job.booked_slot.start - DAY
    events = job.on_due(job.due_at)
    assert events == [JobConfirmationMissed(job.facts())]
    assert job.facts().confirmation_missed_at == job.booked_slot.start - DAY
    assert job.state is State.BOOKED
    assert job.due_at is None


def test_an_appointment_made_late_leaves_two_hours_or_half_of_the_time():
    job = booked(at=a_slot().start - 25 * HOUR)
    assert job.confirm_by == a_slot().start - 23 * HOUR
    assert booked(at=a_slot().start - 3 * HOUR).confirm_by == a_slot().start - 90 * MINUTE


def test_a_confirmed_job_misses_nothing():
    job = booked()
    job.confirm(BEN, NOW)
    assert job.due_at is None
    assert causes_in(job) == []


def test_a_missed_confirmation_is_answered_before_the_visit():
    job = booked()
    job.on_due(job.booked_slot.start - DAY)
    [cause] = causes_in(saved(job))
    case, _ = Case.follow(cause, job, HOURS)
    assert case.respond_by == job.booked_slot.start - 4 * HOUR
    job.confirm(BEN, NOW)
    assert [each.over for each in causes_in(job)] == [True]
    assert job.facts().confirmation_missed_at is None


def test_a_new_appointment_is_to_be_confirmed_anew():
    job = booked()
    job.on_due(job.booked_slot.start - DAY)
    later = NOW + DAY
    job.propose_reschedule(a_slot(6 * DAY), ADA, later)
    proposal = proposal_of(job)
    job.accept_reschedule(BEN, a_hold(job, proposal.id, proposal.slot), later)
    assert job.due_at == a_slot(5 * DAY).start
    assert [cause.over for cause in causes_in(job)] == [True]
    job.on_due(job.due_at)
    first, second = causes_in(job)
    assert (first.over, second.over) == (True, False)
    assert first.id != second.id


def test_a_wish_for_another_slot_and_a_confirmation_run_out_each_at_its_time():
    job = booked()
    job.propose_reschedule(a_slot(6 * DAY), ADA, NOW + HOUR)
    assert job.due_at == NOW + DAY
    job.on_due(NOW + DAY)
    assert job.confirmation_missed
    assert job.due_at == NOW + DAY + HOUR
    job.on_due(NOW + DAY + HOUR)
    assert job.reschedule is None
    assert job.due_at is None


def test_when_a_side_is_forgotten_the_words_go():
    case = a_case(S.ANSWERED)
    assert case.redact() == [CaseRedacted(case.facts())]
    assert (case.reason, case.replies[0].text) == ("", "")
    assert case.redact() == []


def test_the_readme_shows_the_table():
    assert f"```mermaid\n{TABLE.diagram()}\n```" in Path("services/jobs/README.md").read_text()
