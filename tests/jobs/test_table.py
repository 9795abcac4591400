"""The table against the design, and every command in every state."""

import copy
from pathlib import Path

import pytest

from services.jobs.model import Command, State
from services.jobs.model.errors import IllegalTransition, NoSuchJob, NotYourCommand
from services.jobs.model.transitions import ROWS, TABLE, WHO, diagram, leads, rows_of
from services.jobs.model.values import Side
from tests.jobs.builders import (
    ADA,
    EVA,
    GIVEN,
    NOW,
    PEOPLE,
    a_job,
    give,
)

README = Path("services/jobs/README.md")

DESIGN = {
    "offer": "requested offered > offered : helper",
    "counter": "offered > offered : customer helper",
    "decline": "requested offered > declined requested offered : helper",
    "withdraw": "requested offered > withdrawn : customer",
    "accept": "offered > booked : customer helper",
    "broadcast": "declined expired > requested : customer",
    "propose-reschedule": "booked confirmed > | en_route > : customer helper",
    "accept-reschedule": "booked confirmed > | en_route > confirmed : customer helper",
    "refuse-reschedule": "booked confirmed en_route > : customer helper",
    "confirm": "booked > confirmed : helper",
    "miss-confirmation": "booked > : timer",
    "depart": "confirmed > en_route : helper",
    "start": "confirmed en_route > in_progress : helper",
    "propose-change": "in_progress > : helper",
    "approve-change": "in_progress > : customer",
    "deliver": "in_progress > delivered : helper",
    "complete": "delivered > completed : customer timer",
    "fail": "in_progress > unsuccessful : helper",
    "cancel": "requested offered booked confirmed en_route > cancelled : customer helper support",
    "agree-cause": "cancelled > : customer helper",
    "no-show": "confirmed en_route > no_show : customer helper",
    "dispute": "delivered completed unsuccessful cancelled no_show > disputed : customer helper",
    "resolve": "disputed > resolved disputed : customer helper support",
    "payment-word": "completed disputed resolved cancelled no_show closed > : customer helper",
    "close": "completed unsuccessful cancelled no_show resolved declined withdrawn expired"
    " > closed : timer",
    "lapse-offer": "offered > offered requested : timer",
    "lapse-reschedule": "booked confirmed en_route > : timer",
    "expire": "requested offered > expired : timer",
    "request": "> requested : customer",
}


@pytest.mark.parametrize("command", Command)
def test_the_table_says_what_the_design_says(command):
    ways, _, who = DESIGN[command].rpartition(":")
    rows = list(rows_of(command))
    for row, way in zip(rows, ways.split("|"), strict=True):
        sources, _, targets = way.partition(">")
        assert set(row.sources) == set(sources.split())
        assert set(row.targets) == set(targets.split())
        assert set(row.who) == set(who.split()) == set(WHO[command])


def test_a_command_has_one_row_in_each_of_its_states():
    assert len(TABLE) == sum(len(row.sources) for row in ROWS)
    assert {row.command for row in ROWS} == set(Command) == set(DESIGN)


ILLEGAL = [
    (state, command) for state in State for command in GIVEN if (command, state) not in TABLE
]


@pytest.mark.parametrize(("state", "command"), ILLEGAL)
def test_a_command_in_a_state_that_is_none_of_its_sources_changes_nothing(state, command):
    job = a_job(state)
    before = copy.deepcopy(job)
    for side in set(WHO[command]) - {Side.TIMER}:
        with pytest.raises(IllegalTransition) as refused:
            give(job, command, PEOPLE[side], NOW)
        assert refused.value.members["allowed"] == job.allowed(PEOPLE[side], NOW)
        assert command not in refused.value.members["allowed"]
    assert job == before


FOREIGN = [
    (state, command, side)
    for state in State
    for command in GIVEN
    for side in PEOPLE
    if side not in WHO[command]
]


@pytest.mark.parametrize(("state", "command", "side"), FOREIGN)
def test_the_other_sides_command_is_refused_in_any_state(state, command, side):
    job = a_job(state)
    before = copy.deepcopy(job)
    with pytest.raises(NotYourCommand):
        give(job, command, PEOPLE[side], NOW)
    assert command not in job.allowed(PEOPLE[side], NOW)
    assert job == before


@pytest.mark.parametrize("state", State)
def test_nobody_without_a_part_learns_that_there_is_a_job(state):
    job = a_job(state)
    for command in GIVEN:
        with pytest.raises(NoSuchJob):
            give(job, command, EVA, NOW)


@pytest.mark.parametrize("state", State)
def test_what_is_allowed_can_be_done_and_leads_where_the_table_says(state):
    for side, person in PEOPLE.items():
        for command in a_job(state).allowed(person, NOW):
            job = a_job(state)
            assert side in WHO[command]
            give(job, command, person, NOW)
            assert leads(command, state, job.state)
            assert job.timeline[-1].command == command
            assert job.timeline[-1].actor == person.id


def test_every_command_is_allowed_somewhere():
    """Those with a guard that waits for something have tests of their own."""
    waiting = {"accept-reschedule", "refuse-reschedule", "approve-change", "agree-cause", "no-show"}
    found = {
        command
        for state in State
        for person in PEOPLE.values()
        for command in a_job(state).allowed(person, NOW)
    }
    assert {*GIVEN} - found == waiting


def test_allowed_follows_the_table_for_the_customer_of_a_new_request():
    assert a_job(State.REQUESTED).allowed(ADA, NOW) == ["withdraw", "cancel"]


def test_the_readme_shows_the_table():
    _, _, rest = README.read_text().partition("```mermaid\n")
    shown, _, _ = rest.partition("\n```")
    assert shown == diagram()
