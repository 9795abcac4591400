"""Any sequence of words by anybody, at any time, leaves a job true to itself."""

import itertools
from collections.abc import Sequence
from datetime import timedelta

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from pydantic import TypeAdapter

from services.jobs.model import Caller, Command, Job, State
from services.jobs.model.errors import IllegalTransition, NoSuchJob, NotYourCommand
from services.jobs.model.transitions import ENDED, HOLDING, TABLE, UNBOOKED
from services.jobs.model.values import OfferStatus
from shared.kernel.errors import Invalid, Refusal
from tests.jobs.builders import (
    ADA,
    BEN,
    CEM,
    DAY,
    EVA,
    GIVEN,
    NOW,
    SUE,
    a_slot,
    give,
    requested,
)

ADAPTER = TypeAdapter(Job)
WAITING = {*UNBOOKED, State.DELIVERED}
UNTIMED = {State.DISPUTED, State.CLOSED}


ENDS = {Command.CANCEL, Command.WITHDRAW, Command.DECLINE, Command.FAIL, Command.NO_SHOW}
FURTHER = [command for command in GIVEN if command not in ENDS]
PERSON = st.sampled_from([ADA, BEN, CEM, SUE])


class JobMachine(RuleBasedStateMachine):
    """Most words are ones that are allowed and lead further, so that jobs get far."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.job: Job = requested(broadcast=True, slots=[a_slot(60 * DAY)])

    @rule(broadcast=st.booleans())
    def begin_again(self, broadcast: bool) -> None:
        if self.job.state in ENDED or self.job.state is State.CLOSED:
            self.job = requested(broadcast=broadcast, slots=[a_slot(60 * DAY)])
            self.now = NOW

    @rule(who=PERSON, pick=st.integers(0, 99))
    def go_further(self, who: Caller, pick: int) -> None:
        self._do_one_of([each for each in self._allowed(who) if each in FURTHER], who, pick)

    @rule(pick=st.integers(0, 99))
    def answer_each_other(self, pick: int) -> None:
        """Whoever has something new to say says it, the newest commands first."""
        for who in (ADA, BEN, CEM):
            steps = [each for each in self._allowed(who) if each in FURTHER]
            self._do_one_of(steps[:2], who, pick)

    @rule(who=PERSON, pick=st.integers(0, 99))
    def do_what_is_allowed(self, who: Caller, pick: int) -> None:
        self._do_one_of(self._allowed(who), who, pick)

    @rule(who=st.sampled_from([ADA, BEN, CEM, SUE, EVA]), command=st.sampled_from(GIVEN))
    def say_anything(self, who: Caller, command: Command) -> None:
        if command not in ENDS:
            self._give(command, who, expected=command in self._allowed(who))

    def _allowed(self, who: Caller) -> list[Command]:
        try:
            return self.job.allowed(who, self.now)
        except NoSuchJob:
            return []

    def _do_one_of(self, commands: Sequence[Command], who: Caller, pick: int) -> None:
        if commands:
            self._give(commands[pick % len(commands)], who, expected=True)

    @rule(hours=st.sampled_from([1, 1, 1, 5, 25, 75]))
    def let_time_pass(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        for _ in range(60):
            if self.job.due_at is None or self.job.due_at > self.now:
                return
            before = self.job.state, self.job.version
            self.job.on_due(self.now)
            self.job.version += 1
            command = TABLE[Command(self.job.timeline[-1].command)]
            assert "timer" in command.who
            assert before[0] in command.sources
        raise AssertionError("the timer does not come to rest")

    def _give(self, command: Command, who: Caller, *, expected: bool) -> None:
        source, before = self.job.state, ADAPTER.dump_python(self.job)
        try:
            give(self.job, command, who, self.now)
        except (NoSuchJob, NotYourCommand, IllegalTransition):
            assert not expected, f"{command} was allowed to {who.id} in {source}"
            assert ADAPTER.dump_python(self.job) == before
        except (Invalid, Refusal):
            assert ADAPTER.dump_python(self.job) == before
        else:
            assert expected, f"{command} was not allowed to {who.id} in {source}"
            assert TABLE[command].leads(source, self.job.state)
            self.job.version += 1

    @invariant()
    def it_is_read_back_as_it_was_written(self) -> None:
        assert ADAPTER.validate_python(ADAPTER.dump_python(self.job)) == self.job

    @invariant()
    def the_timeline_ends_with_the_state(self) -> None:
        steps = self.job.timeline
        assert steps[-1].state == self.job.state
        assert [step.version for step in steps] == sorted({step.version for step in steps})
        assert all(a.at <= b.at for a, b in itertools.pairwise(steps))

    @invariant()
    def something_waits_unless_people_must_act(self) -> None:
        if self.job.state in WAITING:
            assert self.job.due_at is not None
        if self.job.state in UNTIMED:
            assert self.job.due_at is None

    @invariant()
    def a_booking_has_one_helper_one_agreement_and_one_accepted_offer(self) -> None:
        job = self.job
        accepted = [each for each in job.offers if each.status is OfferStatus.ACCEPTED]
        if job.state in HOLDING:
            assert job.slot
            assert job.hold
            assert job.holds(job.hold)
            assert job.agreement
            assert job.agreement.offer_id == accepted[0].id
            assert job.helper_id == accepted[0].helper_id
            assert not job.open_offers()
        assert len(accepted) == (job.agreement is not None)

    @invariant()
    def offers_are_open_only_while_they_can_be_answered(self) -> None:
        helpers = [offer.helper_id for offer in self.job.open_offers()]
        assert bool(helpers) == (self.job.state is State.OFFERED)
        assert len(helpers) == len(set(helpers))
        assert all(offer.round <= 5 for offer in self.job.offers)

    @invariant()
    def only_open_broadcasts_have_cells(self) -> None:
        open_broadcast = self.job.broadcast and self.job.state in UNBOOKED
        assert bool(self.job.open_cells) == open_broadcast


JobMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=50, deadline=None, derandomize=True
)
TestJob = JobMachine.TestCase
