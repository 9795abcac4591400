"""Fees are income: each change counts once, when it was made, as much as the customer owes."""

import csv
import io
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.jobs.model import Job, State
from services.jobs.model.credit_notes import refund_of
from services.jobs.model.income import Fees, Income, Quarter, quarter_of
from services.jobs.model.tax import TaxState
from services.jobs.model.values import Party, Resolution
from services.jobs.privacy import JobsData
from services.jobs.store import JobStore, TaxStore
from shared.kernel.clock import utc_now
from shared.kernel.errors import Invalid
from shared.kernel.money import Money
from tests.harness import Harness
from tests.jobs.builders import (
    ADA,
    BEN,
    DAY,
    HOUR,
    NOW,
    SUE,
    a_job,
    a_slot,
    booked,
    completed,
    eur,
)
from tests.jobs.journey import RATES, Story, a_helper, ask, in_two_days, money, slot
from tests.jobs.test_compensations import configure
from tests.jobs.test_papers import paper
from tests.jobs.test_payment import a_note, refunded
from tests.jobs.test_reports import ADMIN, DPI, fetch
from tests.jobs.test_tax import BODY, CREATE, put
from tests.tenants import SWISSCOM, TENANTS

LATE = a_slot().start - HOUR
NUMBERS = {"vodafone": "DE123456788", "swisscom": "CHE123456788"}


def charges(job: Job) -> list[tuple[int, timedelta]]:
    """How much, and how long after the usual Monday."""
    return [(each.amount.amount_minor, each.at - NOW) for each in job.charges]


def missed() -> Job:
    return a_job(State.NO_SHOW)


def decided(job: Job, resolution: Resolution) -> Job:
    at = job.timeline[-1].at
    job.dispute("no", ADA, at + HOUR)
    job.resolve(resolution, SUE, at + 40 * DAY)
    return job


def cancelled(by: Any, cause: Party) -> Job:
    job = booked()
    job.cancel("no", cause, by, LATE)
    return job


def test_a_fee_counts_from_the_moment_it_is_due():
    came = a_slot().start - NOW + HOUR
    assert charges(missed()) == [(1500, came)]
    assert charges(cancelled(ADA, Party.CUSTOMER)) == [(1500, LATE - NOW)]
    assert charges(cancelled(ADA, Party.HELPER)) == []
    assert charges(cancelled(SUE, Party.OPERATOR)) == []
    blamed = cancelled(BEN, Party.CUSTOMER)
    assert charges(blamed) == []
    blamed.agree_cause(ADA, LATE + DAY)
    assert charges(blamed) == [(1500, LATE + DAY - NOW)]
    assert blamed.due() == eur(1500)


def test_what_nobody_agreed_to_never_counts():
    forgone = cancelled(ADA, Party.HELPER)
    forgone.agree_cause(BEN, LATE + DAY)
    closed = cancelled(ADA, Party.HELPER)
    closed.on_due(LATE + 14 * DAY)
    assert closed.state is State.CLOSED
    assert charges(forgone) == charges(closed) == []


@pytest.mark.parametrize(
    ("resolution", "changes", "due"),
    [
        (Resolution("stays"), [], 1500),
        (Resolution("half", fee=eur(750)), [-750], 750),
        (Resolution("none", fee=eur(0)), [-1500], 0),
        (Resolution("more", fee=eur(2000)), [500], 2000),
        (Resolution("half back", refund=eur(700)), [-700], 800),
        (Resolution("all back", refund=eur(1500)), [-1500], 0),
    ],
)
def test_a_decision_counts_by_what_it_changes(resolution: Resolution, changes: list[int], due: int):
    job = decided(missed(), resolution)
    assert [amount for amount, _ in charges(job)] == [1500, *changes]
    assert job.due() == eur(due)
    income = Income("ben", "EUR")
    income.add(Fees.of(job, 2026, ZoneInfo("Europe/Berlin")), ZoneInfo("Europe/Berlin"))
    # In March it was missed, 40 days later it was decided.
    later = sum(changes)
    assert income.quarters[:2] == [
        Quarter(gross=1500, fees=1500),
        Quarter(gross=later, fees=later),
    ]


def test_no_more_of_a_fee_goes_back_than_was_due():
    job = missed()
    job.dispute("no", ADA, job.timeline[-1].at)
    with pytest.raises(Invalid) as refused:
        job.resolve(Resolution("too much", refund=eur(1501)), SUE, NOW + 9 * DAY)
    assert refused.value.errors[0]["pointer"] == "/refund/amount_minor"
    assert charges(job)[1:] == []


WAYS: list[Callable[[], Job]] = [
    missed,
    completed,
    lambda: a_job(State.DELIVERED),
    lambda: a_job(State.UNSUCCESSFUL),
    lambda: cancelled(ADA, Party.CUSTOMER),
    lambda: cancelled(ADA, Party.HELPER),
    lambda: cancelled(SUE, Party.OPERATOR),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "resolution",
    [Resolution("x"), Resolution("x", fee=eur(321)), Resolution("x", refund=eur(123))],
)
def test_receipts_credit_notes_and_charges_sum_up_to_what_is_due(
    way: Callable[[], Job], resolution: Resolution
):
    for job in (way(), decided(way(), resolution)):
        told = sum(each.amount.amount_minor for each in job.charges)
        if job.accepted_at is not None:
            told += job.worth().amount_minor
            told -= (refund_of(job) or eur(0)).amount_minor
        due = job.due()
        assert told == (due.amount_minor if due else 0)


def test_a_fee_counts_in_the_tenants_year_and_no_other():
    eve = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    job = missed()
    job.charges = [type(job.charges[0])(eur(1500), eve)]
    berlin, utc = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
    assert Fees.of(job, 2026, berlin).charges == ()
    assert Fees.of(job, 2027, berlin).charges == tuple(job.charges)
    assert Fees.of(job, 2026, utc).charges == tuple(job.charges)
    assert quarter_of(eve, berlin) == 0


def test_wherever_the_tenant_is_a_charge_is_looked_for_in_its_year():
    job = a_job(State.CANCELLED)
    job.fee = missed().fee
    job._charge(datetime(2026, 12, 31, 11, tzinfo=UTC))
    assert job.charged_in == [2026, 2027]
    other = a_job(State.CANCELLED)
    other.fee = missed().fee
    other._charge(datetime(2026, 6, 1, tzinfo=UTC))
    assert other.charged_in == [2026]


def test_money_of_another_currency_is_no_figure():
    with pytest.raises(ValueError, match="do not mix"):
        Income("ben", "CHF").add(Fees.of(missed(), 2026, ZoneInfo("UTC")), ZoneInfo("UTC"))


# At the service -----------------------------------------------------------------------------


async def no_show(story: Story) -> Story:
    await story.book()
    await story.step("confirm", by=story.helper)
    jobs = story.jobs
    jobs.travel(in_two_days() + timedelta(minutes=11) - utc_now())
    await story.step("no-show", by=story.helper)
    return story


async def reported(story: Story, **query: Any) -> Any:
    """The answer for this year to an administrator of the story's tenant."""
    year = story.jobs.scope(story.tenant).now.year
    async with story.jobs.client("chief", tenant=story.tenant, roles=ADMIN) as client:
        return await client.get("/v1/reports/income", params={"year": year} | query)


async def as_json(story: Story) -> dict[str, Any]:
    """The helper's row, found on whichever page it stands."""
    query: dict[str, Any] = {"limit": 100}
    while True:
        told = (await reported(story, **query)).json()
        for each in told["data"]:
            if each["helper_id"] == story.helper:
                return dict(each)
        assert told["next_cursor"], "the helper is in no page"
        query["cursor"] = told["next_cursor"]


def total(row: dict[str, Any], figure: str) -> int:
    return sum(quarter[figure]["amount_minor"] for quarter in row["quarters"])


@pytest.mark.parametrize("tenant", ["vodafone", "swisscom"])
async def test_all_three_forms_tell_what_the_customers_were_charged(jobs: Harness, tenant: str):
    """A receipt with a refund, a no-show that stays, and one that is halved by support."""
    configured = TENANTS[tenant].model_copy(update={"tax_number": NUMBERS[tenant]})
    await configure(jobs, configured)
    try:
        await the_forms_agree(jobs, tenant)
    finally:
        await configure(jobs, TENANTS[tenant])


async def the_forms_agree(jobs: Harness, tenant: str) -> None:
    currency = TENANTS[tenant].currency
    helper = await a_helper(jobs, tenant=tenant)
    worked = await ask(jobs, tenant=tenant, helper=helper)
    await worked.complete()
    await paper(worked, "receipt", by=helper)
    await refunded(worked, 700, currency)
    await a_note(worked)
    stories = [worked]
    for number in range(2):
        story = await ask(jobs, tenant=tenant, helper=helper)
        at = in_two_days() + (number + 1) * 3 * HOUR
        await story.book(slot=slot(at))
        await story.step("confirm", by=helper)
        stories.append(story)
    jobs.travel(in_two_days() + 7 * HOUR - utc_now())
    for story in stories[1:]:
        await story.step("no-show", by=helper)
    halved = stories[2]
    await halved.step("dispute", {"reason": "I was there"}, by=halved.customer)
    fee = {"outcome": "half", "fee": money(RATES[tenant] // 2, currency)}
    await halved.step("resolve", fee, by="sue", roles=("support",))

    due = [(await each.seen(by=helper))["payment"]["due"]["amount_minor"] for each in stories]
    assert due[1:] == [RATES[tenant], RATES[tenant] // 2]
    row = await as_json(worked)
    assert (total(row, "gross"), total(row, "fees")) == (sum(due), sum(due[1:]))
    assert total(row, "consideration") == sum(due)
    assert sum(quarter["activities"] for quarter in row["quarters"]) == 1

    table = (await reported(worked, format="csv")).text
    [line] = [each for each in csv.DictReader(io.StringIO(table)) if each["helper_id"] == helper]
    for figure in ("gross", "fees", "consideration"):
        cells = [line[f"q{number}_{figure}"] for number in range(1, 5)]
        assert round(sum(float(cell) for cell in cells) * 100) == total(row, figure)

    async with jobs.client(helper, tenant=tenant) as client:
        etag = (await client.get("/v1/helpers/me/tax")).headers.get("etag")
        condition = {"If-Match": etag} if etag else CREATE
        given = await client.put("/v1/helpers/me/tax", json=BODY, headers=condition)
        assert given.is_success, given.text
    root = ET.fromstring((await reported(worked, format="xml")).text)  # noqa: S314
    tin = root.find(f".//{DPI}PlatformOperator/{DPI}TIN")
    assert tin is not None
    assert (tin.text, tin.attrib) == (NUMBERS[tenant], {"issuedBy": TENANTS[tenant].country})
    [seller] = root.findall(f".//{DPI}ReportableSeller")
    shown = [int(str(each.text)) for each in seller.findall(f".//{DPI}Consideration/*")]
    wanted = [quarter["consideration"]["amount_minor"] for quarter in row["quarters"]]
    assert shown == [(amount + 50) // 100 for amount in wanted]


@pytest.mark.parametrize("format", ["json", "csv"])
async def test_a_helper_with_nothing_but_a_fee_is_in_the_report(jobs: Harness, format: str):
    story = await no_show(await ask(jobs))
    told = await reported(story, format=format, **({"limit": 100} if format == "json" else {}))
    if format == "json":
        row = await as_json(story)
        assert (total(row, "gross"), total(row, "commission")) == (1500, 0)
    else:
        [line] = [
            each
            for each in csv.DictReader(io.StringIO(told.text))
            if each["helper_id"] == story.helper
        ]
        assert sum(float(line[f"q{number}_fees"]) for number in range(1, 5)) == 15


async def test_who_has_no_charge_in_the_tenants_year_is_not_in_its_report(jobs: Harness):
    """2023 is looked through by the year of UTC as well; the charge is Berlin's 2024."""
    story = await no_show(await ask(jobs))
    eve = datetime(2023, 12, 31, 23, 30, tzinfo=UTC)

    def moved(job: Job) -> list[Any]:
        job.charges, job.charged_in = [], []
        job._charge(eve)
        return []

    await jobs.scope().store(JobStore).update(story.id, moved)
    old = (await fetch(jobs, "/v1/reports/income", year=2023, limit=100)).json()["data"]
    new = (await fetch(jobs, "/v1/reports/income", year=2024, limit=100)).json()["data"]
    assert story.helper not in [each["helper_id"] for each in old]
    [row] = [each for each in new if each["helper_id"] == story.helper]
    assert row["quarters"][0]["fees"] == money(1500)


async def test_fees_of_another_tenant_are_not_in_it(jobs: Harness):
    story = await no_show(await ask(jobs, tenant="swisscom"))
    row = await as_json(story)
    assert row["quarters"][0]["gross"]["currency"] == "CHF"
    year = jobs.scope().now.year
    abroad = await fetch(jobs, "/v1/reports/income", year=year, format="csv")
    assert story.helper not in abroad.text


async def test_without_the_operators_number_there_is_no_xml_but_the_rest(jobs: Harness):
    assert not SWISSCOM.tax_number
    story = await ask(jobs, tenant="swisscom")
    refused = await reported(story, format="xml")
    assert refused.headers["content-type"] == "application/problem+json"
    told = refused.json()
    assert (refused.status_code, told["code"]) == (422, "operator_tax_number_missing")
    assert told["errors"][0]["parameter"] == "format"
    for format in ("json", "csv"):
        assert (await reported(story, format=format)).status_code == 200


async def test_tax_data_of_who_earned_but_a_fee_stay_to_be_reported(jobs: Harness):
    story = await no_show(await ask(jobs))
    helper = story.helper

    async def given() -> bool:
        """The visit that was missed may bring the wish for these data meanwhile."""
        asked = await jobs.scope().store(TaxStore).find(helper)
        headers = CREATE if asked is None else {"If-Match": f'"{asked.version}"'}
        return bool((await put(jobs, helper, BODY, **headers)).is_success)

    assert await jobs.eventually(given)
    await JobsData().erase(helper, jobs.scope())
    record = await jobs.scope().store(TaxStore).get(helper)
    assert (record.state, record.data is None) == (TaxState.LEFT, False)
    assert record.due_at == datetime(jobs.scope().now.year + 11, 1, 1, tzinfo=UTC)
    row = await as_json(story)
    assert total(row, "fees") == 1500


def test_minor_units_are_those_of_the_currency():
    income = Income("ben", "JPY")
    job = missed()
    job.charges = [type(job.charges[0])(Money(1500, "JPY"), NOW)]
    income.add(Fees.of(job, 2026, ZoneInfo("Asia/Tokyo")), ZoneInfo("Asia/Tokyo"))
    assert income.quarters[0].fees == 1500
