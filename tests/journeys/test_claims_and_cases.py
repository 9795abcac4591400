"""Deadlines of claims and of support's cases, by the clock of the business, in both tenants."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from deploy.local.people import Person
from deploy.local.story import CASTS
from services.jobs.model.case import MAX_CASES
from tests.jobs.claims import a_picture
from tests.journeys.crowd import DAY, HOUR, Crowd, command, done, gathered, give, refusal
from tests.journeys.pair import travel, travelling
from tests.platform import Platform

PATIENCE = 30.0
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module", params=CASTS, ids=lambda cast: cast.tenant)
def crowd(platform: Platform, request: pytest.FixtureRequest) -> Iterator[Crowd]:
    with gathered(platform, request.param, customers=2) as made:
        yield made


@pytest.fixture
def now(crowd: Crowd) -> Iterator[datetime]:
    """Whatever a test does to the clock, the next one finds it right."""
    with travelling(crowd.platform):
        yield datetime.now(UTC)


def begun(crowd: Crowd, day: int) -> str:
    """A visit, so many days from now by its appointment."""
    job = crowd.booked(*crowd.pair, crowd.slot(day * DAY))
    for name in ("confirm", "depart", "start"):
        done(crowd.helpers[0], job, name)
    return job


def claimed(crowd: Crowd, job: str) -> str:
    """The path of a claim about a vase."""
    loss = {"item": "Vase", "incident": "Sie fiel", "estimated_loss": crowd.money(9000)}
    answer = give(crowd.customers[0], f"/v1/jobs/{job}/claims", loss)
    assert answer.status == 201, answer.body
    return f"/v1/claims/{answer.body['id']}"


def acts(person: Person, path: str, body: Any = None) -> Any:
    answer = give(person, path, body)
    assert answer.status == 200, (path, answer.body)
    return answer.body


def becomes(person: Person, path: str, state: str) -> Any:
    return person.until(
        lambda: (found := person.get(path))["state"] == state and found, f"{path} {state}", PATIENCE
    )


def cases(crowd: Crowd, job: str, kind: str) -> list[Any]:
    """Support's open ones about this job."""
    queue = crowd.support.get("/v1/support/cases", limit=100)["data"]
    return [each for each in queue if (each["job_id"], each["type"]) == (job, kind)]


def a_case(crowd: Crowd, job: str, kind: str) -> Any:
    return crowd.support.until(lambda: cases(crowd, job, kind), f"a case: {kind}", PATIENCE)[0]


def overdue(crowd: Crowd, case: str) -> Any:
    path = f"/v1/support/cases/{case}"
    support = crowd.support
    return support.until(lambda: support.get(path)["overdue_at"], "the notice", PATIENCE)


def test_a_claim_is_asked_for_evidence_contested_referred_and_rejected(crowd: Crowd):
    customer, helper = crowd.pair
    support, job = crowd.support, begun(crowd, 4)
    claim = claimed(crowd, job)
    assert customer.get(claim)["allowed"] == ["evidence", "withdraw"]
    asked = acts(support, f"{claim}/request-evidence", {"reason": "Die Rechnung"})
    assert asked["state"] == "evidence_requested"
    file = {"file": ("rechnung.jpg", a_picture(), "image/jpeg")}
    assert give(customer, f"{claim}/contest", {"reason": "x"}).status == 403
    customer.post(f"{claim}/evidence", files=file)
    assert acts(customer, f"{claim}/submit-evidence")["state"] == "under_review"
    # Support has a case of it as long as it is up to support.
    case = a_case(crowd, job, "claim")
    assert f"/v1/claims/{case['claim_id']}" == claim
    waiting = support.get("/v1/support/claims", limit=100)["data"]
    assert claim.rpartition("/")[2] in [each["id"] for each in waiting]
    insurer = {"insurer": "Allsafe", "reference": "A-4711"}
    referred = acts(helper, f"{claim}/refer-to-insurer", insurer)
    assert referred["insurer"] == {"name": "Allsafe", "reference": "A-4711"}
    assert acts(customer, f"{claim}/settle", {"amount": crowd.money(8000)})["state"] == "settled"
    becomes(support, f"/v1/support/cases/{case['id']}", "closed")

    second = claimed(crowd, job)
    acts(helper, f"{second}/contest", {"reason": "Sie stand nicht da."})
    rejected = acts(support, f"{second}/reject", {"reason": "Kein Beleg"})
    assert (rejected["state"], rejected["timeline"][-1]["reason"]) == ("rejected", "Kein Beleg")
    late = give(customer, f"{second}/withdraw")
    assert refusal(late)[:2] == (409, "illegal_transition")
    assert late.body["allowed"] == []


def test_who_says_nothing_about_a_claim_in_time_has_said_enough(crowd: Crowd, now: datetime):
    customer, support, job = crowd.customers[0], crowd.support, begun(crowd, 5)
    silent, asked, offered, referred = (claimed(crowd, job) for _ in range(4))
    acts(support, f"{asked}/request-evidence", {"reason": "Die Rechnung"})
    acts(crowd.helpers[0], f"{offered}/offer", {"amount": crowd.money(100)})
    acts(support, f"{referred}/refer-to-insurer", {"insurer": "Allsafe", "reference": "1"})
    travel(crowd.platform, 7 * DAY - 2 * MINUTE)
    assert customer.get(silent)["state"] == "reported"
    travel(crowd.platform, 7 * DAY + 2 * MINUTE)
    becomes(customer, silent, "under_review")
    assert customer.get(asked)["state"] == "evidence_requested"
    travel(crowd.platform, 14 * DAY + 2 * MINUTE)
    becomes(customer, asked, "rejected")
    becomes(customer, offered, "under_review")
    assert customer.get(referred)["state"] == "referred_to_insurer"
    travel(crowd.platform, 90 * DAY + 2 * MINUTE)
    becomes(customer, referred, "under_review")


def test_damage_is_reported_of_a_visit_within_fourteen_days(crowd: Crowd, now: datetime):
    customer, helper = crowd.pair
    loss = {"item": "Vase", "incident": "Sie fiel", "estimated_loss": crowd.money(9000)}
    early = crowd.booked(customer, helper, crowd.slot(7 * DAY))
    refused = give(customer, f"/v1/jobs/{early}/claims", loss)
    assert refusal(refused)[:2] == (409, "visit_not_begun")
    job = crowd.completed(customer, helper, crowd.slot(8 * DAY))
    assert give(crowd.customers[1], f"/v1/jobs/{job}/claims", loss).status == 404
    travel(crowd.platform, 14 * DAY - 2 * MINUTE)
    assert give(customer, f"/v1/jobs/{job}/claims", loss).status == 201
    travel(crowd.platform, 14 * DAY + 2 * MINUTE)
    late = give(customer, f"/v1/jobs/{job}/claims", loss)
    assert refusal(late)[:2] == (409, "claim_too_late")


def test_support_answers_within_minutes_where_it_is_urgent(crowd: Crowd, now: datetime):
    customer, helper = crowd.pair
    support, job = crowd.support, begun(crowd, 9)
    safety, visit = (crowd.called(customer, job, kind) for kind in ("safety", "running_visit"))
    queue = [each["id"] for each in support.get("/v1/support/cases", limit=100)["data"]]
    assert queue.index(safety) < queue.index(visit)
    assert helper.get(f"/v1/jobs/{job}/cases")["data"] == []
    for case, minutes, severity in ((safety, 15, "urgent"), (visit, 30, "high")):
        found = support.get(f"/v1/support/cases/{case}")
        opened, due = (datetime.fromisoformat(found[each]) for each in ("opened_at", "respond_by"))
        assert (due - opened, found["severity"]) == (minutes * MINUTE, severity)
    travel(crowd.platform, 16 * MINUTE)
    overdue(crowd, safety)
    assert support.get(f"/v1/support/cases/{visit}")["overdue_at"] is None
    acts(support, f"/v1/support/cases/{visit}/respond", {"text": "Wir rufen an."})
    travel(crowd.platform, 40 * MINUTE)
    acts(support, f"/v1/support/cases/{safety}/take")
    acts(support, f"/v1/support/cases/{safety}/respond", {"text": "Wir sind unterwegs."})
    closed = acts(support, f"/v1/support/cases/{safety}/close", {"reason": "Alles gut"})
    assert (closed["state"], closed["allowed"]) == ("closed", [])
    assert support.get(f"/v1/support/cases/{visit}")["overdue_at"] is None
    seen = customer.get(f"/v1/jobs/{job}/cases")["data"]
    assert {reply["text"] for case in seen for reply in case["replies"]} == {
        "Wir rufen an.",
        "Wir sind unterwegs.",
    }
    done(helper, job, "deliver", crowd.report())
    late = give(customer, f"/v1/jobs/{job}/cases", {"type": "running_visit", "reason": "x"})
    assert refusal(late)[:2] == (409, "no_running_visit")


def test_support_answers_the_open_cases_of_a_job_before_it_takes_more(crowd: Crowd):
    customer, helper = crowd.pair
    path = f"/v1/jobs/{crowd.requested(customer, helper)['id']}/cases"
    asked = {"type": "other", "reason": "Bitte melden Sie sich."}
    answers = [give(customer, path, asked) for _ in range(MAX_CASES + 1)]
    assert [each.status for each in answers] == [201] * MAX_CASES + [409]
    assert answers[-1].body["code"] == "too_many"
    assert give(helper, path, asked).status == 201
    answered = answers[0].body["id"]
    acts(crowd.support, f"/v1/support/cases/{answered}/close", {"reason": "Erledigt"})
    assert give(customer, path, asked).status == 201


def test_a_confirmation_that_does_not_come_is_supports_matter_until_it_does(
    crowd: Crowd, now: datetime
):
    customer, helper = crowd.pair
    slot = crowd.slot(3 * DAY)
    job = crowd.booked(customer, helper, slot)
    begin = datetime.fromisoformat(slot["start"])
    travel(crowd.platform, begin - now - DAY + MINUTE)
    case = a_case(crowd, job, "missed_confirmation")
    assert datetime.fromisoformat(case["respond_by"]) <= begin - 4 * HOUR
    done(helper, job, "confirm")
    becomes(crowd.support, f"/v1/support/cases/{case['id']}", "closed")


def test_the_operators_fault_is_owed_to_both_at_once_and_anothers_is_not(crowd: Crowd):
    customer, helper = crowd.pair
    rules = customer.get("/v1/tenant")["rules"]["compensation"]
    for day, cause, owed in ((11, "router_fault", 2), (12, "wrong_material", 0)):
        job = begun(crowd, day)
        unknown = command(helper, job, "fail", {"cause": "weather"})
        assert refusal(unknown) == (422, "invalid_request", ["/cause"])
        done(helper, job, "fail", {"cause": cause})
        path = f"/v1/jobs/{job}/compensations"
        if owed:
            customer.until(partial(_two, customer, path), "what is owed")
        found = {each["side"]: each["amount"] for each in helper.get(path)["data"]}
        assert len(found) == owed
        if owed:
            assert found["customer"] == rules["customer"]


def _two(person: Person, path: str) -> bool:
    return len(person.get(path)["data"]) == 2
