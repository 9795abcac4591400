"""Any sequence of words by anybody, at any time, leaves a job true to itself."""

import itertools
from collections.abc import Sequence
from datetime import timedelta

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pydantic import TypeAdapter

from services.jobs.model import Caller, Command, Job, State
from services.jobs.model.errors import IllegalTransition, NoSuchJob, NotYourCommand
from services.jobs.model.line import LineCheck, LineState
from services.jobs.model.transitions import AHEAD, ENDED, HOLDING, UNBOOKED, WHO, leads
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
from tests.jobs.reference import Reference

ADAPTER = TypeAdapter(Job)
WAITING = {*UNBOOKED, State.DELIVERED}
UNTIMED = {State.DISPUTED, State.CLOSED}


ENDS = {Command.CANCEL, Command.WITHDRAW, Command.DECLINE, Command.FAIL, Command.NO_SHOW}
FURTHER = [command for command in GIVEN if command not in ENDS]
DAYS_LATER = st.sampled_from([47, 49, 167, 169])
PERSON = st.sampled_from([ADA, BEN, CEM, SUE])


class JobMachine(RuleBasedStateMachine):
    """Most words are ones that are allowed and lead further, so that jobs get far."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.job: Job = requested(broadcast=True, slots=[a_slot(60 * DAY)])
        self.reference = self._reference(broadcast=True)

    def _reference(self, *, broadcast: bool) -> Reference:
        return Reference(broadcast, NOW, a_slot().start)

    @initialize(steps=st.sampled_from([0, 3]))
    def come_this_far(self, steps: int) -> None:
        """Half of all begin with a confirmed appointment, which others seldom reach."""
        way = ((Command.OFFER, BEN), (Command.ACCEPT, ADA), (Command.CONFIRM, BEN))
        for command, who in way[:steps]:
            self._give(command, who, expected=True)

    @rule(broadcast=st.booleans())
    def begin_again(self, broadcast: bool) -> None:
        if self.job.state in ENDED or self.job.state is State.CLOSED:
            self.job = requested(broadcast=broadcast, slots=[a_slot(60 * DAY)])
            self.reference = self._reference(broadcast=broadcast)
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
        self._pass(timedelta(hours=hours))

    @rule(minutes=st.sampled_from([5, 15]), who=st.sampled_from([ADA, BEN]), hours=DAYS_LATER)
    def wait_for_each_other(self, minutes: int, who: Caller, hours: int) -> None:
        if self.job.state in {State.CONFIRMED, State.EN_ROUTE}:
            self._pass(self.job.booked_slot.start + timedelta(minutes=minutes) - self.now)
            allowed = Command.NO_SHOW in self._allowed(who)
            self._give(Command.NO_SHOW, who, expected=allowed)
            self._dispute(hours, ADA)

    @rule(state=st.sampled_from(LineState))
    def look_at_the_line(self, state: LineState) -> None:
        if self.job.state in AHEAD:
            start = self.job.booked_slot.start
            asked = f"{len(self.job.line_checks)}"
            self.job.note_line(LineCheck(asked, state, self.now, start=start))
            self.reference.fault = start if state is LineState.FAULT else None
            self.job.version += 1

    @rule(who=st.sampled_from([ADA, BEN]), state=st.sampled_from(LineState), yes=st.booleans())
    def set_out_while_the_line_is_looked_at(self, who: Caller, state: LineState, yes: bool) -> None:
        for helper in (BEN, CEM):
            if (
                self.job.state in (State.BOOKED, State.CONFIRMED)
                and self.job.helper_id == helper.id
            ):
                if self.job.state is State.BOOKED:
                    self._give(Command.CONFIRM, helper, expected=True)
                self._give(Command.DEPART, helper, expected=True)
                self.look_at_the_line(state)
                one, other = (ADA, helper) if who is ADA else (helper, ADA)
                self._give(Command.PROPOSE_RESCHEDULE, one, expected=state is LineState.FAULT)
                if yes and state is LineState.FAULT:
                    self._give(Command.ACCEPT_RESCHEDULE, other, expected=True)

    @rule(hours=DAYS_LATER, who=st.sampled_from([ADA, BEN, CEM]))
    def think_it_over(self, hours: int, who: Caller) -> None:
        self._dispute(hours, who)

    def _dispute(self, hours: int, who: Caller) -> None:
        if self.job.state in ENDED:
            self._pass(self.job.when(self.job.state) + timedelta(hours=hours) - self.now)
            self._give(Command.DISPUTE, who, expected=Command.DISPUTE in self._allowed(who))

    def _pass(self, time: timedelta) -> None:
        self.now += max(time, timedelta(0))
        self.reference.pass_time(self.now)
        for _ in range(60):
            if self.job.due_at is None or self.job.due_at > self.now:
                return
            before = self.job.state, self.job.version
            self.job.on_due(self.now)
            self.job.version += 1
            command = Command(self.job.timeline[-1].command)
            assert "timer" in WHO[command]
            assert leads(command, before[0], self.job.state)
        raise AssertionError("the timer does not come to rest")

    def _give(self, command: Command, who: Caller, *, expected: bool) -> None:
        assert expected == (command in self.reference.allowed(who, self.now)), command
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
            assert leads(command, source, self.job.state)
            self.job.version += 1
            self.reference.give(command, who, self.now, self.job.helper_id)
            if self.job.slot is not None:
                self.reference.slot = self.job.slot.start

    @invariant()
    def it_is_where_the_design_says_and_allows_what_the_design_says(self) -> None:
        assert self.job.state == self.reference.state
        for who in (ADA, BEN, CEM, SUE, EVA):
            assert set(self._allowed(who)) == self.reference.allowed(who, self.now), who.id

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
    max_examples=80, stateful_step_count=50, deadline=None, derandomize=True
)
TestJob = JobMachine.TestCase
