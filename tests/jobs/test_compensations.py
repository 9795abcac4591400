"""A visit that fails by the operator's fault costs neither side."""

from typing import Any

import pytest

from services.jobs.model import State
from services.jobs.model.agreement import Policies
from services.jobs.model.compensation import Compensation, granted
from services.jobs.model.values import Cause, Side
from services.jobs.privacy import JobsData
from shared.contracts.identity import CancellationTier, TenantRules
from shared.contracts.jobs import CompensationGranted, JobSnapshot, JobUnsuccessful
from tests.harness import Harness
from tests.jobs.builders import BEN, NOW, a_job, eur
from tests.jobs.claims import SUPPORT, a_visit, look, looks_by
from tests.jobs.journey import RATES, Story, a_helper
from tests.jobs.test_cases import supporter
from tests.tenants import TENANTS, VODAFONE


@pytest.mark.parametrize("cause", Cause)
def test_only_line_and_router_are_the_operators_fault(cause: Cause):
    job = a_job(State.IN_PROGRESS)
    job.fail(cause, BEN, NOW)
    fault = cause in (Cause.LINE_INACTIVE, Cause.ROUTER_FAULT)
    assert len(granted(job, VODAFONE)) == (2 if fault else 0)
    assert (job.facts().cause_party == "operator") is fault


def test_the_helper_is_owed_an_hour_and_travel_the_customer_the_least_rate():
    job = a_job(State.IN_PROGRESS)
    job.fail(Cause.ROUTER_FAULT, BEN, NOW)
    owed = {entry.side: entry for entry, _ in granted(job, VODAFONE)}
    assert owed[Side.HELPER].amount == eur(1500 + 300)
    assert owed[Side.CUSTOMER].amount == VODAFONE.hourly_rate_min
    assert owed[Side.HELPER].id == Compensation.id_for(job.id, Side.HELPER)


def test_the_tenants_tiers_decide_what_the_helpers_hour_is():
    job = a_job(State.IN_PROGRESS)
    half = TenantRules(cancellation_tiers=[CancellationTier(hours_before=0, fee_percent=50)])
    job.policies = Policies.of(half)
    job.fail(Cause.LINE_INACTIVE, BEN, NOW)
    [(helper, _), _] = granted(job, VODAFONE)
    assert helper.amount == eur(750 + 300)


def test_a_later_dispute_takes_nothing_back():
    job = a_job(State.IN_PROGRESS)
    job.fail(Cause.LINE_INACTIVE, BEN, NOW)
    job.dispute("it was not the line", BEN, NOW)
    assert len(granted(job, VODAFONE)) == 2


async def owed(story: Story, by: str, roles: tuple[str, ...] = ("customer",)) -> list[dict]:
    answer = await story.get("/compensations", by=by, roles=roles)
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


@pytest.mark.parametrize("tenant", ["vodafone", "swisscom"])
async def test_both_sides_are_owed_at_once_and_once(jobs: Harness, tenant: str):
    story = await a_visit(jobs, tenant)
    assert await owed(story, story.customer) == []
    await story.step("fail", {"cause": "line_inactive"}, by=story.helper)
    for side in (Side.HELPER, Side.CUSTOMER):
        id = Compensation.id_for(story.id, side)
        await jobs.published(CompensationGranted, subject=id, tenant=tenant)
    facts = (await story.stored()).facts()
    for event in (JobUnsuccessful(facts), JobSnapshot(facts)):
        await jobs.deliver(event, subject=story.id, tenant=tenant)
    for reader in (story.customer, story.helper):
        customer, helper = await owed(story, reader)
        assert (customer["side"], helper["side"]) == ("customer", "helper")
        assert customer["amount"]["amount_minor"] == TENANTS[tenant].hourly_rate_min.amount_minor
        assert helper["amount"]["amount_minor"] == RATES[tenant] + 300
        assert helper["amount"]["currency"] == TENANTS[tenant].currency
        assert (helper["person_id"], helper["cause"]) == (story.helper, "line_inactive")


async def test_a_failure_of_ones_own_brings_nothing(jobs: Harness):
    story = await a_visit(jobs)
    await story.step("fail", {"cause": "skill_gap"}, by=story.helper)
    await jobs.published(JobUnsuccessful, subject=story.id)
    await jobs.deliver(JobUnsuccessful((await story.stored()).facts()), subject=story.id)
    assert await owed(story, story.helper) == []


async def test_others_do_not_see_it_and_supports_look_is_told(jobs: Harness):
    story = await a_visit(jobs)
    await story.step("fail", {"cause": "router_fault"}, by=story.helper)
    id = Compensation.id_for(story.id, Side.HELPER)
    await jobs.published(CompensationGranted, subject=id)
    stranger, sue = await a_helper(jobs), await supporter(jobs)
    assert (await story.get("/compensations", by=stranger)).status_code == 404
    assert len(await owed(story, sue, SUPPORT)) == 2
    listed = await look(story, "/v1/support/compensations", by=sue, roles=SUPPORT, limit=100)
    assert id in [each["id"] for each in listed.json()["data"]]
    assert [each["kind"] for each in await looks_by(jobs, sue)] == ["job", "compensation"]
    refused = await look(story, "/v1/support/compensations", by=story.helper)
    assert refused.status_code == 403
    first = await look(story, "/v1/support/compensations", by=sue, roles=SUPPORT, limit=1)
    rest = await look(
        story,
        "/v1/support/compensations",
        by=sue,
        roles=SUPPORT,
        limit=1,
        cursor=first.json()["next_cursor"],
    )
    assert rest.json()["data"][0]["id"] != first.json()["data"][0]["id"]


async def test_a_person_is_told_of_theirs_and_the_books_keep_it(jobs: Harness):
    story = await a_visit(jobs)
    await story.step("fail", {"cause": "router_fault"}, by=story.helper)
    for side in (Side.HELPER, Side.CUSTOMER):
        await jobs.published(CompensationGranted, subject=Compensation.id_for(story.id, side))
    exported = await JobsData().export(story.helper, jobs.scope())
    assert [each.side for each in exported.data["compensations"]] == ["helper"]
    await JobsData().erase(story.helper, jobs.scope())
    assert len(await owed(story, story.customer)) == 2
