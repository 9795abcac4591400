"""A visit that fails by the operator's fault costs neither side."""

from time import time_ns
from typing import Any

import pytest
from pydantic import TypeAdapter

from services.jobs.model import State
from services.jobs.model.agreement import Policies
from services.jobs.model.compensation import Compensation, granted
from services.jobs.model.values import Cause, Side
from services.jobs.privacy import JobsData
from shared.contracts.identity import (
    CancellationTier,
    CompensationRules,
    TenantConfigured,
    TenantFacts,
    TenantRules,
)
from shared.contracts.jobs import CompensationGranted, JobSnapshot, JobUnsuccessful
from shared.kernel.money import Money
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


@pytest.mark.parametrize(
    ("rules", "helper", "customer"),
    [
        (CompensationRules(), 1800, 700),
        (CompensationRules(helper_percent=100), 1800, 700),
        (CompensationRules(helper_percent=33, customer=eur(1000)), 495 + 300, 1000),
        (CompensationRules(helper_percent=150, helper_travel=False), 2250, 700),
        (CompensationRules(helper_percent=0, customer=eur(1)), 300, 1),
        (CompensationRules(helper_percent=0, helper_travel=False), None, 700),
        (CompensationRules(customer=eur(0)), 1800, None),
    ],
)
def test_what_is_owed_are_the_tenants_own_rules(
    rules: CompensationRules, helper: int | None, customer: int | None
):
    job = a_job(State.IN_PROGRESS)
    job.policies = Policies.of(VODAFONE.rules.model_copy(update={"compensation": rules}))
    job.fail(Cause.ROUTER_FAULT, BEN, NOW)
    owed = {entry.side: entry.amount.amount_minor for entry, _ in granted(job, VODAFONE)}
    assert (owed.get(Side.HELPER), owed.get(Side.CUSTOMER)) == (helper, customer)
    facts = [event.facts.amount.amount_minor for _, [event] in granted(job, VODAFONE)]
    assert sorted(facts) == sorted(owed.values())


def test_rules_that_change_later_change_no_job():
    job = a_job(State.IN_PROGRESS)
    later = CompensationRules(helper_percent=0, customer=eur(1))
    changed = VODAFONE.model_copy(
        update={"rules": VODAFONE.rules.model_copy(update={"compensation": later})}
    )
    job.fail(Cause.ROUTER_FAULT, BEN, NOW)
    assert granted(job, changed) == granted(job, VODAFONE)


def test_a_job_from_before_the_rules_is_read_with_our_own():
    adapter = TypeAdapter(Policies)
    kept = adapter.dump_python(Policies.of(VODAFONE.rules))
    del kept["guarantee"]
    assert adapter.validate_python(kept) == Policies.of(VODAFONE.rules)


async def test_a_tenant_that_was_configured_anew_owes_by_its_new_rules(jobs: Harness):
    """Through events, as identity tells them; the other tenant's are its own."""
    rules = CompensationRules(helper_percent=20, helper_travel=False, customer=Money(99, "CHF"))
    before = TENANTS["swisscom"]
    facts = before.model_copy(
        update={"rules": before.rules.model_copy(update={"compensation": rules})}
    )
    await configure(jobs, facts)
    try:
        for tenant, wanted in (
            ("swisscom", {"helper": 600, "customer": 99}),
            ("vodafone", {"helper": 1800, "customer": 700}),
        ):
            story = await a_visit(jobs, tenant)
            await story.step("fail", {"cause": "line_inactive"}, by=story.helper)
            for side in (Side.HELPER, Side.CUSTOMER):
                id = Compensation.id_for(story.id, side)
                await jobs.published(CompensationGranted, subject=id, tenant=tenant)
            found = await owed(story, story.customer)
            assert {each["side"]: each["amount"]["amount_minor"] for each in found} == wanted
    finally:
        await configure(jobs, before)


def test_a_later_dispute_takes_nothing_back():
    job = a_job(State.IN_PROGRESS)
    job.fail(Cause.LINE_INACTIVE, BEN, NOW)
    job.dispute("it was not the line", BEN, NOW)
    assert len(granted(job, VODAFONE)) == 2


async def configure(jobs: Harness, facts: TenantFacts) -> None:
    """As the newest word of identity."""
    event, sequence = TenantConfigured(facts), time_ns()
    await jobs.deliver(event, subject=facts.slug, tenant=facts.slug, sequence=sequence)
    await jobs.runtime.tenants.refresh()
    assert jobs.scope(facts.slug).tenant.rules == facts.rules


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
