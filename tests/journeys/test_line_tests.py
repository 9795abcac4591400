"""The operator's line test before and at a visit, whatever it says or does not say."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from deploy.local.people import Person, mails_to
from deploy.local.story import CASTS
from tests.journeys.crowd import DAY, HOUR, Crowd, command, done, gathered, refusal
from tests.journeys.pair import travel, travelling
from tests.line_tests import SLOW
from tests.platform import Platform

PATIENCE = 30.0


@pytest.fixture(scope="module", params=CASTS, ids=lambda cast: cast.tenant)
def crowd(platform: Platform, request: pytest.FixtureRequest) -> Iterator[Crowd]:
    with gathered(platform, request.param) as made:
        yield made
    platform.operators.finds.clear()


def line_of(crowd: Crowd, job: str) -> Any:
    customer = crowd.customers[0]
    path = f"/v1/jobs/{job}"
    return customer.until(lambda: customer.get(path)["line"], "the line's state", PATIENCE)


def test_a_fault_the_day_before_lets_both_move_the_visit_more_often_than_usual(crowd: Crowd):
    customer, helper = crowd.pair
    operators, tenant = crowd.platform.operators, crowd.cast.tenant
    slot = crowd.slot(3 * DAY)
    job = crowd.booked(customer, helper, slot)
    for day in (4, 5):
        done(customer, job, "propose-reschedule", {"slot": crowd.slot(day * DAY)})
        done(helper, job, "accept-reschedule")
    other = {"slot": crowd.slot(6 * DAY)}
    assert refusal(command(helper, job, "propose-reschedule", other))[0] == 409
    operators.finds[tenant] = "fault"
    begins = datetime.fromisoformat(crowd.slot(5 * DAY)["start"])
    with travelling(crowd.platform):
        travel(crowd.platform, begins - datetime.now(UTC) - 23 * HOUR)
        assert line_of(crowd, job)["state"] == "fault"
        for person in crowd.pair:
            assert "propose-reschedule" in person.get(f"/v1/jobs/{job}")["allowed"]
            person.until(partial(_told, crowd, person), "the mail")
        done(helper, job, "propose-reschedule", other)
        moved = done(customer, job, "accept-reschedule")
    assert moved["slot"]["start"][:13] == other["slot"]["start"][:13]


def _told(crowd: Crowd, person: Person) -> bool:
    texts = mails_to(person.address, crowd.platform.stack.mail_folder)
    return any(text.startswith("Die Leitung ist gestört") for text in texts)


@pytest.mark.parametrize("word", ["ok", "broken", "slow"])
def test_no_line_test_holds_up_a_visit(crowd: Crowd, word: str):
    customer, helper = crowd.pair
    operators, tenant = crowd.platform.operators, crowd.cast.tenant
    operators.finds[tenant] = word
    before = operators.asked[tenant]
    job = crowd.booked(customer, helper, crowd.slot((10 + len(word)) * DAY))
    done(helper, job, "confirm")
    done(helper, job, "depart")
    assert helper.answers[-1].milliseconds < SLOW * 1000 / 2
    helper.until(lambda: operators.asked[tenant] > before, "the question")
    if word == "slow":
        done(helper, job, "start")
        done(helper, job, "deliver", crowd.report())
        assert done(customer, job, "complete")["state"] == "completed"
        assert max(each.milliseconds for each in helper.answers[-3:]) < SLOW * 1000 / 2
        return
    assert line_of(crowd, job)["state"] == ("ok" if word == "ok" else "unknown")
    refused = command(customer, job, "propose-reschedule", {"slot": crowd.slot(30 * DAY)})
    assert refusal(refused)[:2] == (409, "illegal_transition")
    done(helper, job, "start")
