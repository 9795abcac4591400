"""Many want the same at once, in both tenants: one gets it, and nothing is counted twice."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

import pytest

from deploy.local.people import Answer, Person
from deploy.local.story import CASTS
from tests.jobs.dying import EXIT_CODE
from tests.journeys.crowd import DAY, HOUR, Crowd, command, done, gathered
from tests.journeys.pair import travel, travelling
from tests.platform import Platform

MANY, BIDDERS = 50, 10
"""Each offer is accepted several times over, as from several windows of a browser."""

VISITS = 6

AHEAD = HOUR
"""Of the clock of the process that ends: what it took stays taken while the test looks."""


@pytest.fixture(scope="module", params=CASTS, ids=lambda cast: cast.tenant)
def crowd(platform: Platform, request: pytest.FixtureRequest) -> Iterator[Crowd]:
    with gathered(platform, request.param, helpers=BIDDERS, customers=VISITS) as made:
        yield made


def at_once(*acts: Callable[[], Answer]) -> list[Answer]:
    with ThreadPoolExecutor(len(acts)) as pool:
        return [each.result() for each in [pool.submit(act) for act in acts]]


def test_of_fifty_accepts_at_once_exactly_one_books(crowd: Crowd):
    customer, _ = crowd.pair
    job = crowd.requested(customer)["id"]

    def bids(helper: Person) -> bool:
        return command(helper, job, "offer", crowd.terms()).status == 200

    for helper in crowd.helpers:
        helper.until(partial(bids, helper), "the offer")
    offers = customer.get(f"/v1/jobs/{job}")["offers"]
    assert len({each["by"] for each in offers}) == BIDDERS

    wanted = [{"offer_id": each["id"]} for each in offers] * (MANY // BIDDERS)
    answers = at_once(*(partial(command, customer, job, "accept", each) for each in wanted))
    [won] = [each for each in answers if each.status == 200]
    lost = [each for each in answers if each is not won]
    assert [each.status for each in lost] == [409] * (MANY - 1)
    for each in lost:
        # Told so at the latest when they try again, as "busy" asks them to.
        last = each
        if each.body["code"] == "busy":
            last = command(customer, job, "accept", wanted[answers.index(each)])
        assert (last.status, last.body["code"]) == (409, "illegal_transition")
        assert last.body["allowed"] == ["propose-reschedule", "cancel"]
    seen = customer.get(f"/v1/jobs/{job}")
    assert (seen["state"], seen["helper_id"]) == ("booked", won.body["helper_id"])
    assert sorted(each["status"] for each in seen["offers"]) == [
        "accepted",
        *["lost"] * (BIDDERS - 1),
    ]

    # Who lost is told nothing more of it, and is as free as before.
    loser = next(each for each in crowd.helpers if each.id != seen["helper_id"])
    assert loser.ask("GET", f"/v1/jobs/{job}").status == 404
    assert crowd.booked(crowd.customers[1], loser, crowd.slot())
    # Who won has no second one at this time.
    winner = next(each for each in crowd.helpers if each.id == seen["helper_id"])
    again = crowd.requested(crowd.customers[1], winner)["id"]
    refused = command(winner, again, "offer", crowd.terms())
    assert (refused.status, refused.body["code"]) == (409, "slot_taken")


def test_a_helper_is_booked_once_however_many_accept_overlapping_times(crowd: Crowd):
    helper = crowd.helpers[2]
    accepts = []
    for number, customer in enumerate(crowd.customers):
        slot = crowd.slot(5 * DAY + number * HOUR / 4)
        job = crowd.requested(customer, helper, slots=[slot])["id"]
        [offer] = done(helper, job, "offer", crowd.terms(slot=slot))["offers"]
        accepts.append(partial(command, customer, job, "accept", {"offer_id": offer["id"]}))
    answers = at_once(*accepts)
    told = sorted((each.status, each.body.get("code", "")) for each in answers)
    assert told == [(200, "")] + [(409, "slot_taken")] * (VISITS - 1)


def test_receipts_of_one_helper_written_at_once_have_no_gap(crowd: Crowd):
    helper = crowd.helpers[3]
    jobs = []
    for number, customer in enumerate(crowd.customers):
        job = crowd.booked(customer, helper, crowd.slot(8 * DAY + 3 * number * HOUR))
        for name in ("confirm", "start"):
            done(helper, job, name)
        done(helper, job, "deliver", crowd.report())
        jobs.append(job)
    completed = [
        partial(command, customer, job, "complete")
        for customer, job in zip(crowd.customers, jobs, strict=True)
    ]
    assert {each.status for each in at_once(*completed)} == {200}

    def number_of(job: str) -> str | None:
        answer = helper.ask("GET", f"/v1/jobs/{job}/receipt")
        return str(answer.body["number"]) if answer.status == 200 else None

    numbers = [helper.until(partial(number_of, job), "the receipt") for job in jobs]
    assert sorted(int(each.rpartition("-")[2]) for each in numbers) == [*range(1, VISITS + 1)]
    assert len({each.rpartition("-")[0] for each in numbers}) == 1


def test_a_time_that_a_process_took_as_it_ended_is_free_for_the_next(crowd: Crowd):
    customer, other = crowd.customers[:2]
    helper, slot = crowd.helpers[4], crowd.slot(12 * DAY)
    terms = crowd.terms(slot=slot)
    job = crowd.requested(customer, helper, slots=[slot])["id"]
    [offer] = done(helper, job, "offer", terms)["offers"]
    accept_and_die(crowd, job, customer, offer["id"])
    assert customer.get(f"/v1/jobs/{job}")["state"] == "offered"
    wanted = crowd.requested(other, helper, slots=[slot])["id"]
    refused = command(helper, wanted, "offer", terms)
    assert (refused.status, refused.body["code"]) == (409, "slot_taken")
    with travelling(crowd.platform):
        travel(crowd.platform, AHEAD + HOUR / 60)
        [again] = done(helper, wanted, "offer", terms)["offers"]
        booked = done(other, wanted, "accept", {"offer_id": again["id"]})
        assert booked["state"] == "booked"
        late = command(customer, job, "accept", {"offer_id": offer["id"]})
        assert (late.status, late.body["code"]) == (409, "slot_taken")


def accept_and_die(crowd: Crowd, job: str, by: Person, offer: str) -> None:
    """Another process of the service takes the time, and ends before it has booked."""
    at = (datetime.now(UTC) + AHEAD).isoformat()
    command = (crowd.cast.tenant, "accept", job, by.id, offer, at)
    where = (crowd.platform.stack.database_url, "jobs")
    ended = subprocess.run([sys.executable, "-m", "tests.jobs.dying", *where, *command])
    assert ended.returncode == EXIT_CODE, "it never came to its end"
