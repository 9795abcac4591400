"""Figures counted from jobs: told once or often, early or late, they are the same."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.profiles.model.record import JobRow, job_row
from services.profiles.model.standing import Record
from services.profiles.store import HelperStore, JobRows
from shared.contracts.jobs import (
    JobBooked,
    JobCompleted,
    JobDeclined,
    JobDelivered,
    JobEvent,
    JobExpired,
    JobFacts,
    JobOffered,
    JobRequested,
    JobSnapshot,
    JobUnsuccessful,
)
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.profiles.builders import filed
from tests.tenants import BERLIN

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

Told = tuple[type[JobEvent], str, JobFacts, int]


def facts(helper: str | None, **fields: Any) -> JobFacts:
    values: dict[str, Any] = {
        "customer_id": new_id("acc"),
        "helper_id": helper,
        "broadcast": False,
        "category": "wifi",
        "title": "Wi-Fi",
        "state": "requested",
        "public_place": BERLIN.rounded(),
        "city": "Berlin",
        "requested_at": NOW - DAY,
        "asked_helper_id": helper,
    }
    return JobFacts(**(values | fields))


def answered(helper: str, after: timedelta, **fields: Any) -> Told:
    told = facts(
        helper, state="offered", offered_at=NOW - DAY + after, answered_at=NOW - DAY + after
    )
    return JobOffered, new_id("job"), told.model_copy(update=fields), 2


def expired(helper: str) -> Told:
    return JobExpired, new_id("job"), facts(helper, state="expired", expired_at=NOW), 2


def visited(helper: str, at: datetime = NOW, outcome: str = "solved", **fields: Any) -> Told:
    """Completed at once; nobody was asked by name."""
    told = facts(
        helper,
        state="completed",
        asked_helper_id=None,
        booked_at=at - DAY,
        delivered_at=at,
        completed_at=at,
        outcome=outcome,
    )
    return JobCompleted, new_id("job"), told.model_copy(update=fields), 9


async def tell(profiles: Harness, *told: Told) -> None:
    for event, job, known, sequence in told:
        await profiles.deliver(event(known), subject=job, sequence=sequence)


async def record(profiles: Harness, person: str) -> Record:
    return (await profiles.scope().store(HelperStore).get(person)).record


async def shown(profiles: Harness, person: str) -> Any:
    async with profiles.client() as client:
        answer = await client.get(f"/v1/helpers/{person}")
    assert answer.status_code == 200, answer.text
    return answer.json()["statistics"]


@pytest.fixture
async def person(profiles: Harness) -> str:
    return await filed(profiles, BERLIN)


async def test_somebody_new_has_figures_without_values(profiles: Harness, person: str):
    new = {"value": None, "count": 0, "new": True}
    assert await shown(profiles, person) == {
        "jobs_completed": 0,
        "reliability": new,
        "first_time_fix": new,
        "response": {"median_minutes": None, "answered": None, "count": 0, "new": True},
    }


async def test_below_three_only_the_count_is_shown(profiles: Harness, person: str):
    await tell(profiles, visited(person), visited(person), answered(person, HOUR))
    view = await shown(profiles, person)
    assert view["jobs_completed"] == 2
    assert view["first_time_fix"] == {"value": None, "count": 2, "new": True}
    assert view["response"]["new"] is True
    await tell(profiles, visited(person, outcome="partly_solved"))
    view = await shown(profiles, person)
    assert view["first_time_fix"] == {"value": 0.67, "count": 3, "new": False}
    assert view["reliability"] == {"value": 1.0, "count": 3, "new": False}


async def test_response_time_is_the_median_of_first_answers(profiles: Harness, person: str):
    waits = [answered(person, wait) for wait in (10 * MINUTE, 30 * MINUTE, 20 * HOUR)]
    declined = answered(person, 40 * MINUTE, state="declined")
    await tell(profiles, *waits, (JobDeclined, *declined[1:]), expired(person))
    assert (await shown(profiles, person))["response"] == {
        "median_minutes": 35,
        "answered": 0.8,
        "count": 5,
        "new": False,
    }


async def test_an_open_request_says_nothing_yet(profiles: Harness, person: str):
    await tell(profiles, (JobRequested, new_id("job"), facts(person), 1))
    assert (await record(profiles, person)).asked == 0


async def test_an_answer_stays_an_answer_when_the_job_goes_to_somebody_else(
    profiles: Harness, person: str
):
    _, job, known, _ = answered(person, HOUR, state="declined")
    other = await filed(profiles, BERLIN)
    await tell(profiles, (JobDeclined, job, known, 2))
    taken = known.model_copy(
        update={"helper_id": other, "broadcast": True, "state": "booked", "booked_at": NOW}
    )
    await tell(profiles, (JobBooked, job, taken, 5))
    assert (await record(profiles, person)).response_minutes == 60
    assert (await record(profiles, other)).asked == 0


async def test_a_second_job_for_the_same_soon_after_counts_against_the_first(
    profiles: Harness, person: str
):
    first = visited(person, NOW - 10 * DAY)
    same = {"customer_id": first[2].customer_id}
    other = await filed(profiles, BERLIN)
    await tell(profiles, first)
    assert (await record(profiles, person)).fixed == 1
    booked = facts(other, state="booked", booked_at=NOW, asked_helper_id=None, **same)
    await tell(profiles, (JobBooked, new_id("job"), booked, 3))
    assert (await record(profiles, person)).fixed == 0


@pytest.mark.parametrize(
    ("fields", "fixed"),
    [
        ({"category": "tv"}, 1),
        ({"customer_id": "acc_other"}, 1),
        ({"booked_at": NOW + 4 * DAY}, 0),
        ({"booked_at": NOW + 4 * DAY + MINUTE}, 1),
        ({"booked_at": NOW - 11 * DAY}, 1),
    ],
)
async def test_another_errand_does_not_count_against_a_visit(
    profiles: Harness, person: str, fields: dict[str, Any], fixed: int
):
    first = visited(person, NOW - 10 * DAY)
    values = {"customer_id": first[2].customer_id, "booked_at": NOW} | fields
    second = facts(new_id("acc"), state="booked", asked_helper_id=None, **values)
    await tell(profiles, first, (JobBooked, new_id("job"), second, 3))
    assert (await record(profiles, person)).fixed == fixed


@pytest.mark.parametrize(
    ("cause", "party", "visits"),
    [("skill_gap", "helper", 1), ("wrong_material", None, 1), ("line_inactive", "operator", 0)],
)
async def test_a_visit_in_vain_counts_where_it_was_the_helpers(
    profiles: Harness, person: str, cause: str, party: str | None, visits: int
):
    failed = facts(
        person,
        state="unsuccessful",
        booked_at=NOW,
        unsuccessful_at=NOW,
        cause=cause,
        cause_party=party,
    )
    await tell(profiles, (JobUnsuccessful, new_id("job"), failed, 7))
    found = await record(profiles, person)
    assert (found.visits, found.fixed) == (visits, 0)


async def test_a_job_is_counted_once_however_often_it_is_told(profiles: Harness, person: str):
    done = visited(person)
    delivered = done[2].model_copy(update={"state": "delivered", "completed_at": None})
    early: Told = (JobDelivered, done[1], delivered, 8)
    for told in itertools.permutations([early, done, done]):
        await tell(profiles, *told)
    found = await record(profiles, person)
    assert (found.visits, found.fixed, found.completed, found.kept) == (1, 1, 1, 1)


async def test_cancelling_a_request_that_nobody_booked_breaks_nothing(
    profiles: Harness, person: str
):
    gone = facts(person, state="cancelled", cancelled_at=NOW, cause_party="helper", answered_at=NOW)
    row = job_row("job_1", gone)
    assert row == JobRow("job_1", asked_id=person, asked_at=gone.requested_at, answered_at=NOW)


async def test_rows_that_were_lost_are_told_again_with_the_same_figures(
    profiles: Harness, person: str
):
    first = visited(person, NOW - 5 * DAY)
    again = facts(person, state="booked", booked_at=NOW, customer_id=first[2].customer_id)
    told: list[Told] = [
        first,
        visited(person),
        visited(person, outcome="not_solved"),
        (JobBooked, new_id("job"), again, 3),
        *(answered(person, each * MINUTE) for each in (5, 15, 25)),
        expired(person),
    ]
    await tell(profiles, *told)
    before = await record(profiles, person)
    assert before == Record(
        kept=3, completed=3, asked=4, answered=3, response_minutes=15, visits=3, fixed=1
    )
    documents = profiles.scope().store(JobRows)._documents
    these = {"_id": {"$in": [each[1] for each in told]}}
    stored = await documents.find(these).sort("_id").to_list(None)
    assert len(stored) == len(told)
    await documents.delete_many(these)
    snapshots: list[Told] = [(JobSnapshot, job, known, at) for _, job, known, at in told]
    for each in reversed(snapshots):
        await tell(profiles, each)
    assert await record(profiles, person) == before
    assert await documents.find(these).sort("_id").to_list(None) == stored
