"""The rules of damage claims: pure, on a fixed Monday."""

import copy
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.jobs.model import Caller, Job, State
from services.jobs.model.claim import Claim
from services.jobs.model.claim_table import OPEN, PATIENCE, TABLE
from services.jobs.model.claim_table import ClaimCommand as K
from services.jobs.model.claim_table import ClaimRole as R
from services.jobs.model.claim_table import ClaimState as S
from services.jobs.model.claim_values import (
    LARGEST_LOSS,
    MAX_EVIDENCE,
    ClaimOfferChanged,
    Evidence,
    Insurer,
    NoSuchClaim,
    NothingHappened,
    Notice,
    TooLate,
    TooMany,
)
from services.jobs.model.errors import IllegalTransition, NoSuchJob, NotYourCommand
from services.jobs.model.values import Cause, Resolution
from shared.contracts.jobs import (
    ClaimEscalated,
    ClaimEvent,
    ClaimOffered,
    ClaimRedacted,
    ClaimRejected,
    ClaimReported,
    ClaimSettled,
)
from shared.kernel.errors import Forbidden, Invalid
from shared.kernel.ids import new_id
from shared.kernel.money import Money
from tests.jobs.builders import ADA, BEN, DAY, EVA, HOUR, NOW, SUE, a_job, completed, eur, saved

LATER = NOW + 4 * DAY
VASE = Notice("Vase", "It fell from the shelf with the router", eur(12000))


def report(job: Job, by: Caller = ADA, at: datetime = LATER, notice: Notice = VASE) -> Claim:
    claim, events = Claim.report(notice, job, id=new_id("claim"), by=by, currency="EUR", at=at)
    assert events == [ClaimReported(claim.facts())]
    claim.version = 1
    return claim


def reported() -> Claim:
    return report(completed())


def a_file(number: int = 1) -> Evidence:
    return Evidence(f"evidence_{number}", "ada", f"file_{number}", "image/jpeg", LATER)


PEOPLE = {R.CLAIMANT: ADA, R.RESPONDENT: BEN, R.SUPPORT: SUE}


def give(claim: Claim, command: K, by: Caller, at: datetime = LATER) -> list[ClaimEvent]:
    """The command with what usually goes with it."""
    offer = claim.offer.id if claim.offer else "offer"
    acts: dict[K, Callable[[], list[ClaimEvent]]] = {
        K.EVIDENCE: lambda: claim.add_evidence(a_file(), by, at),
        K.REQUEST_EVIDENCE: lambda: claim.request_evidence("a bill, please", by, at),
        K.SUBMIT_EVIDENCE: lambda: claim.submit_evidence(by, at),
        K.CONTEST: lambda: claim.contest("it stood on the floor", by, at),
        K.REVIEW: lambda: claim.review(by, at),
        K.OFFER: lambda: claim.make_offer(eur(9000), by, at),
        K.ACCEPT: lambda: claim.accept(offer, by, at),
        K.REFUSE: lambda: claim.refuse(None, by, at),
        K.REFER: lambda: claim.refer(Insurer("Allsafe", "A-1"), by, at),
        K.SETTLE: lambda: claim.settle(eur(8000), by, at),
        K.REJECT: lambda: claim.reject("not by the visit", by, at),
        K.WITHDRAW: lambda: claim.withdraw(None, by, at),
    }
    events = acts[command]()
    claim.version += 1
    return events


WAYS: dict[S, list[tuple[K, Caller]]] = {
    S.REPORTED: [],
    S.EVIDENCE_REQUESTED: [(K.REQUEST_EVIDENCE, SUE)],
    S.UNDER_REVIEW: [(K.CONTEST, BEN)],
    S.OFFERED: [(K.OFFER, BEN)],
    S.REFERRED_TO_INSURER: [(K.REFER, BEN)],
    S.SETTLED: [(K.OFFER, BEN), (K.ACCEPT, ADA)],
    S.REJECTED: [(K.REJECT, SUE)],
    S.WITHDRAWN: [(K.WITHDRAW, ADA)],
}


def a_claim(state: S) -> Claim:
    claim = reported()
    for command, by in WAYS[state]:
        give(claim, command, by)
    assert claim.state is state
    return claim


GIVEN = [row.command for row in TABLE.rows if row.command not in (K.REPORT, K.LAPSE, K.EXPIRE)]

DESIGN = {
    "report": "> reported : claimant",
    "evidence": "reported evidence_requested under_review offered referred_to_insurer > :"
    " claimant respondent",
    "request-evidence": "reported under_review > evidence_requested : support",
    "submit-evidence": "evidence_requested > under_review : claimant",
    "contest": "reported > under_review : respondent",
    "review": "reported evidence_requested > under_review : support",
    "offer": "reported evidence_requested under_review referred_to_insurer > offered :"
    " respondent support",
    "accept": "offered > settled : claimant",
    "refuse": "offered > under_review : claimant",
    "refer-to-insurer": "reported evidence_requested under_review > referred_to_insurer :"
    " respondent support",
    "settle": "referred_to_insurer > settled : claimant support",
    "reject": "reported evidence_requested under_review referred_to_insurer > rejected : support",
    "withdraw": "reported evidence_requested under_review offered referred_to_insurer"
    " > withdrawn : claimant",
    "lapse": "reported offered referred_to_insurer > under_review : timer",
    "expire": "evidence_requested > rejected : timer",
}


def test_the_table_says_what_was_designed():
    assert {row.command for row in TABLE.rows} == set(K) == set(DESIGN)
    for row in TABLE.rows:
        way, _, who = DESIGN[row.command].rpartition(":")
        sources, _, targets = way.partition(">")
        assert set(row.sources) == set(sources.split())
        assert set(row.targets) == set(targets.split())
        assert set(row.who) == set(who.split())


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("command", GIVEN)
@pytest.mark.parametrize("role", PEOPLE)
def test_every_command_in_every_state_by_everybody(state: S, command: K, role: R):
    claim, by, row = a_claim(state), PEOPLE[role], TABLE.row(command)
    before, allowed = copy.deepcopy(claim), claim.allowed(by)
    assert (command in allowed) is (role in row.who and state in row.sources)
    if command in allowed:
        give(claim, command, by)
        assert row.leads(state, claim.state)
        assert (claim.timeline[-1].command, claim.timeline[-1].actor) == (command, by.id)
        return
    with pytest.raises((NotYourCommand, IllegalTransition)) as refused:
        give(claim, command, by)
    assert isinstance(refused.value, IllegalTransition) is (role in row.who)
    if role in row.who:
        assert refused.value.members["allowed"] == allowed
        assert "this claim is" in refused.value.detail
    assert claim == before


@pytest.mark.parametrize("state", S)
def test_strangers_learn_nothing_of_a_claim(state: S):
    for command in GIVEN:
        with pytest.raises(NoSuchClaim):
            give(a_claim(state), command, EVA)


def test_either_side_reports_and_the_other_one_answers():
    by_customer, by_helper = report(completed()), report(completed(), BEN)
    assert (by_customer.claimant_id, by_customer.respondent_id) == ("ada", "ben")
    assert (by_helper.claimant_id, by_helper.respondent_id) == ("ben", "ada")
    assert by_helper.claimant_side == "helper"
    assert by_helper.facts().state == "reported"


@pytest.mark.parametrize(
    "state", [State.REQUESTED, State.BOOKED, State.CONFIRMED, State.EN_ROUTE, State.CANCELLED]
)
def test_nothing_breaks_before_a_visit_has_begun(state: State):
    with pytest.raises(NothingHappened):
        report(a_job(state))


@pytest.mark.parametrize(
    "state",
    [
        State.IN_PROGRESS,
        State.DELIVERED,
        State.COMPLETED,
        State.UNSUCCESSFUL,
        State.DISPUTED,
        State.RESOLVED,
    ],
)
def test_a_visit_that_has_begun_can_break_something(state: State):
    assert report(a_job(state), at=NOW + 3 * DAY).state is S.REPORTED


def test_the_first_notice_comes_within_fourteen_days_of_the_jobs_end():
    job = completed()
    end = job.when(State.COMPLETED)
    report(job, at=end + 14 * DAY - timedelta(seconds=1))
    with pytest.raises(TooLate):
        report(job, at=end + 14 * DAY)


def test_the_window_of_a_failed_visit_begins_with_its_failure():
    job = a_job(State.IN_PROGRESS)
    job.fail(Cause.UNSAFE, BEN, NOW + 5 * DAY)
    report(saved(job), at=NOW + 18 * DAY)
    with pytest.raises(TooLate):
        report(job, at=NOW + 19 * DAY)


def test_the_window_of_work_disputed_before_it_was_accepted_begins_with_its_delivery():
    job = a_job(State.DELIVERED)
    delivery = job.when(State.DELIVERED)
    job.dispute("broken", ADA, delivery + HOUR)
    job.resolve(Resolution("settled"), SUE, delivery + DAY)
    with pytest.raises(TooLate):
        report(saved(job), at=delivery + 14 * DAY)


def test_nobody_without_a_side_reports():
    with pytest.raises(NoSuchJob):
        report(completed(), EVA)
    with pytest.raises(Forbidden):
        report(completed(), SUE)


@pytest.mark.parametrize(
    ("amount", "pointer"),
    [
        (Money(12000, "CHF"), "/estimated_loss/currency"),
        (eur(0), "/estimated_loss/amount_minor"),
        (eur(LARGEST_LOSS + 1), "/estimated_loss/amount_minor"),
    ],
)
def test_a_loss_is_in_the_tenants_currency_and_sane(amount: Money, pointer: str):
    with pytest.raises(Invalid) as refused:
        report(completed(), notice=Notice("Vase", "fell", amount))
    assert refused.value.errors[0]["pointer"] == pointer


def test_an_accepted_offer_settles_the_claim_for_its_amount():
    claim = a_claim(S.OFFERED)
    assert claim.due_at == LATER + 14 * DAY
    events = give(claim, K.ACCEPT, ADA)
    assert events == [ClaimSettled(claim.facts())]
    assert claim.facts().settled == eur(9000)
    assert claim.due_at is None
    assert claim.ended_at == LATER


def test_an_offer_that_was_replaced_is_not_accepted_unseen():
    claim = a_claim(S.OFFERED)
    assert claim.offer
    first = claim.offer.id
    give(claim, K.REFUSE, ADA)
    give(claim, K.OFFER, BEN)
    with pytest.raises(ClaimOfferChanged):
        claim.accept(first, ADA, LATER)


def test_what_the_insurer_paid_settles_it():
    claim = a_claim(S.REFERRED_TO_INSURER)
    assert claim.insurer == Insurer("Allsafe", "A-1")
    give(claim, K.SETTLE, SUE)
    assert claim.facts().settled == eur(8000)


@pytest.mark.parametrize("state", [state for state in OPEN if state is not S.UNDER_REVIEW])
def test_who_says_nothing_in_time_leaves_it_to_support(state: S):
    claim = a_claim(state)
    due = claim.due_at
    assert due == LATER + PATIENCE[state]
    assert claim.on_due(due - timedelta(seconds=1)) == []
    events = claim.on_due(due)
    if state is S.EVIDENCE_REQUESTED:
        assert events == [ClaimRejected(claim.facts())]
        assert claim.due_at is None
    else:
        assert events == [ClaimEscalated(claim.facts())]
        assert claim.offer is None
    assert claim.timeline[-1].reason == "no answer in time"
    assert claim.timeline[-1].actor is None


def test_each_turn_to_support_is_counted():
    claim = a_claim(S.UNDER_REVIEW)
    give(claim, K.REQUEST_EVIDENCE, SUE)
    give(claim, K.SUBMIT_EVIDENCE, ADA)
    assert claim.facts().reviews == 2


def test_a_claim_takes_so_many_files_and_no_more():
    claim = reported()
    for number in range(MAX_EVIDENCE):
        claim.add_evidence(a_file(number), BEN if number % 2 else ADA, LATER)
    assert claim.due_at == LATER + PATIENCE[S.REPORTED], "a file wins no time"
    with pytest.raises(TooMany):
        claim.add_evidence(a_file(99), ADA, LATER)


def test_an_offer_is_bounded_like_a_loss():
    with pytest.raises(Invalid):
        reported().make_offer(eur(0), BEN, LATER)
    claim = reported()
    assert claim.make_offer(eur(1), BEN, LATER) == [ClaimOffered(claim.facts())]


def test_when_a_party_is_forgotten_amounts_and_times_stay():
    claim = a_claim(S.SETTLED)
    claim.evidence = [a_file()]
    events = claim.redact()
    assert events == [ClaimRedacted(claim.facts())]
    assert (claim.item, claim.incident, claim.evidence, claim.insurer) == ("", "", [], None)
    assert all(step.reason is None for step in claim.timeline)
    assert claim.facts().settled == eur(9000)
    assert claim.redact() == []


def test_the_readme_shows_the_table():
    assert f"```mermaid\n{TABLE.diagram()}\n```" in Path("services/jobs/README.md").read_text()
