"""The table against the design, and every command in every state."""

import copy
from pathlib import Path

import pytest

from services.jobs.model import Command, State
from services.jobs.model.errors import IllegalTransition, NoSuchJob, NotYourCommand
from services.jobs.model.transitions import ROWS, TABLE, diagram
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
    "propose-reschedule": "booked confirmed > : customer helper",
    "accept-reschedule": "booked confirmed > : customer helper",
    "refuse-reschedule": "booked confirmed > : customer helper",
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
    "lapse-reschedule": "booked confirmed > : timer",
    "expire": "requested offered > expired : timer",
    "request": "> requested : customer",
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.command)
def test_the_table_says_what_the_design_says(row):
    way, _, who = DESIGN[row.command].partition(" : ")
    sources, _, targets = way.partition(">")
    assert set(row.sources) == set(sources.split())
    assert set(row.targets) == set(targets.split())
    assert set(row.who) == set(who.split())


def test_every_command_has_exactly_one_row():
    assert len(ROWS) == len(TABLE) == len(Command) == len(DESIGN)


ILLEGAL = [
    (state, command) for state in State for command in GIVEN if state not in TABLE[command].sources
]


@pytest.mark.parametrize(("state", "command"), ILLEGAL)
def test_a_command_in_a_state_that_is_none_of_its_sources_changes_nothing(state, command):
    job = a_job(state)
    before = copy.deepcopy(job)
    for side in set(TABLE[command].who) - {Side.TIMER}:
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
    if side not in TABLE[command].who
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
            assert side in TABLE[command].who
            give(job, command, person, NOW)
            assert TABLE[command].leads(state, job.state)
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
