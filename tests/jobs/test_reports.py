"""What the tenant's administrators are told: exact, in batches, and never unnoticed."""

import csv
import io
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.jobs.model.credit_notes import CreditNote
from services.jobs.model.income import Income, Quarter, quarter_of
from services.jobs.model.overview import Overview, fixed_at_first
from services.jobs.model.receipts import Receipt
from services.jobs.model.requesting import errand_of
from services.jobs.model.values import Address, filed_under
from services.jobs.store import CreditNoteStore, HelperRows, LookStore, ReceiptStore
from services.jobs.views import income as reading
from services.jobs.views.income import Earner, earners
from shared.kernel.ids import new_id
from shared.store.codec import codec_for
from tests.harness import Harness
from tests.jobs.builders import DAY, NOW, completed, delivered, eur, requested
from tests.jobs.journey import Story, a_helper, ask, in_two_days, money, slot
from tests.jobs.test_compensations import configure
from tests.jobs.test_papers import paper
from tests.jobs.test_payment import a_note, refunded
from tests.jobs.test_tax import BODY, CREATE, data, put
from tests.tenants import VODAFONE

ZONE = ZoneInfo("Europe/Berlin")
ADMIN = ("tenant_admin",)
DPI = "{urn:oecd:ties:dpi:v1}"


def a_paper(helper: str, at: datetime, cents: int, *, bps: int = 0, year: int = 2026) -> Receipt:
    receipt, _ = Receipt.issue(completed(), "2026-0001", year=year, commission_bps=bps)
    id = new_id("receipt")
    return replace(
        receipt,
        id=id,
        helper_id=helper,
        issued_at=at,
        total=eur(cents),
        filed=filed_under(helper, at, id),
    )


def a_refund(receipt: Receipt, at: datetime, cents: int) -> CreditNote:
    id = new_id("credit")
    return CreditNote(
        id=id,
        job_id=receipt.job_id,
        helper_id=receipt.helper_id,
        customer_id=receipt.customer_id,
        receipt_id=receipt.id,
        receipt_number=receipt.number,
        number="C2026-0001",
        issued_at=at,
        total=eur(cents),
        commission_bps=receipt.commission_bps,
        year=receipt.year,
        filed=filed_under(receipt.helper_id, at, id),
    )


# Figures ------------------------------------------------------------------------------------


def test_a_quarter_is_the_tenants():
    at = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
    assert (quarter_of(at, ZONE), quarter_of(at, ZoneInfo("UTC"))) == (1, 0)


def test_refunds_count_in_their_own_quarter_and_commission_is_withheld():
    income = Income("ben", "EUR")
    spring = datetime(2026, 2, 1, tzinfo=UTC)
    receipt = a_paper("ben", spring, 10_001, bps=250)
    income.add(receipt, ZONE)
    income.add(a_refund(receipt, spring + 100 * DAY, 4_000), ZONE)
    first, second, *others = income.quarters
    assert first == Quarter(gross=10_001, commission=250, activities=1)
    assert second == Quarter(gross=-4_000, commission=-100, activities=0)
    assert (first.consideration, second.consideration) == (9_751, -3_900)
    assert others == [Quarter(), Quarter()]


def test_money_of_another_currency_is_no_figure():
    with pytest.raises(ValueError, match="do not mix"):
        Income("ben", "CHF").add(a_paper("ben", NOW, 100), ZONE)


def test_the_same_address_is_recognised_however_it_is_spelled():
    one = errand_of("wifi", Address("Invalidenstraße 1", "10115", "Berlin"))
    assert errand_of("wifi", Address(" INVALIDENSTRASSE  1 ", "10115", "berlin")) == one
    assert errand_of("tv", Address("Invalidenstraße 1", "10115", "Berlin")) != one
    assert requested().errand == one


@pytest.mark.parametrize(("days", "fixed"), [(0.01, False), (14, False), (14.1, True)])
def test_a_request_for_the_same_within_two_weeks_counts_against(days, fixed):
    job = delivered()
    again = requested(at=job.booked_slot.end + timedelta(days=days), slots=[slot_at(job, days)])
    assert fixed_at_first(job, [job, again]) is fixed


def slot_at(job: Any, days: float) -> Any:
    start = job.booked_slot.end + timedelta(days=days + 2)
    return replace(job.booked_slot, start=start, end=start + timedelta(hours=2))


def test_an_overview_counts_each_job_once():
    figures = Overview()
    job = completed()
    figures.add(job, [job])
    figures.add(requested(), [])
    assert (figures.requested, figures.booked, figures.completed) == (2, 1, 1)
    assert figures.states == Counter({("wifi", "completed"): 1, ("wifi", "requested"): 1})
    assert (figures.visits, figures.fixed, figures.offered) == (1, 1, 1)


def test_a_forgotten_job_keeps_no_trace_of_its_address():
    job = completed()
    job.redact(job.place)
    assert job.errand == ""


# At the service -----------------------------------------------------------------------------


async def fetch(
    jobs: Harness,
    path: str,
    *,
    roles: tuple[str, ...] = ADMIN,
    who: str | None = None,
    **query: Any,
) -> Any:
    async with jobs.client(who or new_id("acc"), roles=roles) as client:
        return await client.get(path, params=query)


async def all_pages(jobs: Harness, year: int, limit: int) -> list[Any]:
    found, cursor, who = [], None, new_id("acc")
    while True:
        query: dict[str, Any] = {"year": year, "limit": limit}
        query |= {"cursor": cursor} if cursor else {}
        answer = await fetch(jobs, "/v1/reports/income", who=who, **query)
        assert answer.status_code == 200, answer.text
        found += answer.json()["data"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


async def file_papers(jobs: Harness, year: int, helpers: int, each: int) -> dict[str, list[int]]:
    """Receipts straight into the collection; what each helper earned in each quarter."""
    sums: dict[str, list[int]] = {}
    receipts, notes = [], []
    for number in range(helpers):
        helper = new_id("acc")
        sums[helper] = [0] * 4
        for place in range(each):
            at = datetime(year, 1 + (place * 5 + number) % 12, 15, 12, tzinfo=UTC)
            receipt = a_paper(helper, at, 1000 + number + place, year=year)
            receipts.append(receipt)
            sums[helper][quarter_of(at, ZONE)] += 1000 + number + place
            if place % 7 == 3:
                notes.append(a_refund(receipt, at, 200))
                sums[helper][quarter_of(at, ZONE)] -= 200
    for kind, papers in ((ReceiptStore, receipts), (CreditNoteStore, notes)):
        codec = codec_for(kind.kind)
        documents = [
            codec.encode(paper) | {"tenant": "vodafone", "version": 1, "sequence": 1}
            for paper in papers
        ]
        await jobs.scope().database.collection(kind.collection).insert_many(documents)
    return sums


@pytest.fixture(scope="module")
async def filed(running: Harness) -> dict[str, list[int]]:
    return await file_papers(running, 2021, helpers=90, each=12)


async def test_the_report_is_exact_and_its_pages_are_stable(
    jobs: Harness, filed: dict[str, list[int]]
):
    found = await all_pages(jobs, 2021, 40)
    ids = [each["helper_id"] for each in found]
    assert ids == sorted(filed)
    for each in found:
        quarters = [quarter["gross"]["amount_minor"] for quarter in each["quarters"]]
        assert quarters == filed[each["helper_id"]]
        assert sum(quarter["activities"] for quarter in each["quarters"]) == 12
    assert await all_pages(jobs, 2021, 100) == found


async def test_where_the_reading_is_cut_changes_no_figure(
    jobs: Harness, filed: dict[str, list[int]], monkeypatch: pytest.MonkeyPatch
):
    """Also behind helpers who earned nothing, and with earners who are not known any more."""
    whole = [each.income for batch in await drained(earners(2021, jobs.scope())) for each in batch]
    known = [*list(filed)[::2], *(new_id("acc") for _ in range(10))]
    rows = jobs.scope().database.collection(HelperRows.collection)
    await rows.insert_many([{"_id": id, "tenant": "vodafone"} for id in known])
    monkeypatch.setattr(reading, "STRETCH", 7)
    cut = [each.income for batch in await drained(earners(2021, jobs.scope())) for each in batch]
    await rows.delete_many({"_id": {"$in": known}})
    assert cut == whole
    assert [income.helper_id for income in whole] == sorted(filed)


async def drained(batches: AsyncIterator[list[Earner]]) -> list[list[Earner]]:
    return [batch async for batch in batches]


async def test_any_length_is_read_in_batches(
    jobs: Harness, filed: dict[str, list[int]], monkeypatch: pytest.MonkeyPatch
):
    """Never more than a batch of papers and a batch of helpers at a time."""
    read: list[int] = []
    of_year = ReceiptStore.of_year

    async def counted(
        self: ReceiptStore, year: int, after: str, until: str, limit: int
    ) -> list[Receipt]:
        found = await of_year(self, year, after, until, limit)
        read.append(len(found))
        return found

    monkeypatch.setattr(ReceiptStore, "of_year", counted)
    batches, at_once = [], []
    async for batch in earners(2021, jobs.scope()):
        batches.append(len(batch))
        at_once.append(sum(read))
    assert batches == [50, 40]
    assert max(read) == reading.PAPERS
    assert sum(read) == 90 * 12
    # The first batch was handed over before the papers behind it were read.
    assert at_once[0] <= 50 * 12 + reading.PAPERS


async def test_the_csv_holds_the_same_figures(jobs: Harness, filed: dict[str, list[int]]):
    answer = await fetch(jobs, "/v1/reports/income", year=2021, format="csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["helper_id"] for row in rows} == filed.keys()
    for row in rows:
        quarters = [round(float(row[f"q{number}_gross"]) * 100) for number in range(1, 5)]
        assert quarters == filed[row["helper_id"]]


def paths(element: ET.Element, above: str = "") -> list[str]:
    here = f"{above}/{element.tag.split('}')[1]}"
    return [here] + [path for child in element for path in paths(child, here)]


SELLER = [
    "ReportableSeller",
    "Identity",
    "IndividualSeller",
    "Standard",
    "IndSellerID",
    "ResCountryCode",
    "TIN",
    "VAT",
    "Name",
    "FirstName",
    "LastName",
    "Address",
    "CountryCode",
    "AddressFix",
    "Street",
    "PostCode",
    "City",
    "BirthInfo",
    "BirthDate",
    "FinancialIdentifier",
    "Identifier",
    "RelevantActivities",
    "PersonalServices",
    "Consideration",
    "ConsQ1",
    "ConsQ2",
    "ConsQ3",
    "ConsQ4",
    "NumberOfActivities",
    "NumbQ1",
    "NumbQ2",
    "NumbQ3",
    "NumbQ4",
    "Fees",
    "FeesQ1",
    "FeesQ2",
    "FeesQ3",
    "FeesQ4",
    "Taxes",
    "TaxQ1",
    "TaxQ2",
    "TaxQ3",
    "TaxQ4",
    "DocSpec",
    "DocTypeIndic",
    "DocRefId",
]
"""In the order of the OECD's schema (DPIXML 1.0), which tells what may stand where."""

MESSAGE = [
    "MessageSpec",
    "TransmittingCountry",
    "ReceivingCountry",
    "MessageType",
    "Contact",
    "MessageRefId",
    "MessageTypeIndic",
    "ReportingPeriod",
    "Timestamp",
    "DPIBody",
    "PlatformOperator",
    "ResCountryCode",
    "TIN",
    "Name",
    "PlatformBusinessName",
    "Address",
    "CountryCode",
    "AddressFree",
    "Nexus",
    "AssumedReporting",
    "DocSpec",
    "DocTypeIndic",
    "DocRefId",
]


@pytest.fixture
async def numbered(jobs: Harness) -> AsyncIterator[None]:
    """vodafone with a tax number of its own."""
    await configure(jobs, VODAFONE.model_copy(update={"tax_number": "DE123456788"}))
    yield
    await configure(jobs, VODAFONE)


async def test_the_xml_has_the_layout_of_the_oecd(
    jobs: Harness, numbered: None, filed: dict[str, list[int]]
):
    helper = await a_helper(jobs)
    body = BODY | {"last_name": "O’Neill & Söhne <x>", "vat_id": "DE136695976"}
    assert (await put(jobs, helper, body, **CREATE)).status_code == 201
    at = datetime(2021, 5, 5, tzinfo=UTC)
    receipt = a_paper(helper, at, 12_350, bps=1000, year=2021)
    await jobs.scope().store(ReceiptStore).create(receipt, [])
    answer = await fetch(jobs, "/v1/reports/income", year=2021, format="xml")
    assert answer.headers["content-type"] == "application/xml"
    root = ET.fromstring(answer.text)  # noqa: S314
    assert (root.tag, root.attrib) == (f"{DPI}DPI_OECD", {"version": "1.0"})
    tags = [each.tag.split("}")[1] for each in root.iter()]
    assert tags == ["DPI_OECD", *MESSAGE, *SELLER]
    assert "left out for want of tax data: 90" in answer.text

    def text(path: str) -> str | None:
        found = root.find(".//" + "/".join(DPI + part for part in path.split("/")))
        assert found is not None, path
        return found.text

    assert text("ReportingPeriod") == "2021-12-31"
    assert text("PlatformOperator/TIN") == "DE123456788"
    assert text("Name/LastName") == "O’Neill & Söhne <x>"
    assert text("IndSellerID/TIN") == "36574261809"
    assert text("BirthInfo/BirthDate") == "1985-07-14"
    assert text("Identifier") == "DE89370400440532013000"
    # 123.50 less 12.35; in full units, halves up.
    assert [text(f"Consideration/ConsQ{n}") for n in range(1, 5)] == ["0", "111", "0", "0"]
    assert text("Fees/FeesQ2") == "12"
    assert text("NumberOfActivities/NumbQ2") == "1"
    amounts = root.findall(f".//{DPI}Consideration/*")
    assert {each.attrib["currCode"] for each in amounts} == {"EUR"}
    references = [each.text for each in root.iter("{urn:oecd:ties:dpistf:v1}DocRefId")]
    assert len(set(references)) == len(references) == 2


async def test_a_completed_job_and_its_refund_are_in_this_years_report(jobs: Harness):
    story = await ask(jobs)
    await story.complete()
    await paper(story, "receipt", by=story.helper)
    await refunded(story, 700)
    note = await a_note(story)
    year = note.issued_at.astimezone(ZONE).year
    [mine] = [
        each for each in await all_pages(jobs, year, 100) if each["helper_id"] == story.helper
    ]
    quarter = mine["quarters"][quarter_of(note.issued_at, ZONE)]
    assert (quarter["gross"], quarter["activities"]) == (money(2000), 1)
    assert mine["tax_data"] is None
    abroad = await jobs.client("x", tenant="swisscom", roles=ADMIN).get(
        "/v1/reports/income", params={"year": year}
    )
    assert story.helper not in abroad.text


async def test_every_look_at_the_report_is_recorded(jobs: Harness, filed: dict[str, list[int]]):
    who = new_id("acc")
    for query in ({"limit": 5}, {"format": "csv"}):
        assert (await fetch(jobs, "/v1/reports/income", who=who, year=2021, **query)).is_success
    looks = jobs.scope().database.collection(LookStore.collection).find({"actor_id": who})
    found = await looks.to_list(None)
    assert {look["kind"] for look in found} == {"income"}
    assert {look["purpose"] for look in found} == {"report 2021"}
    seen = {helper for look in found for helper in look["subject_ids"]}
    assert filed.keys() <= seen
    assert max(len(look["subject_ids"]) for look in found) <= 50


@pytest.mark.parametrize("roles", [("customer",), ("support",), ("helper",)])
async def test_only_the_tenants_administrators_see_incomes(jobs: Harness, roles: tuple[str, ...]):
    answer = await fetch(jobs, "/v1/reports/income", roles=roles, year=2021)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({}, "year"),
        ({"year": "26"}, "year"),
        ({"year": "1999"}, "year"),
        ({"year": "2999"}, "year"),
        ({"year": "2021", "format": "pdf"}, "format"),
        ({"year": "2021", "limit": "1000"}, "limit"),
        ({"year": "2021", "cursor": "x"}, "cursor"),
        ({"year": "2021", "helper": "x"}, "helper"),
    ],
)
async def test_a_report_that_cannot_be_is_refused(jobs: Harness, query: Any, parameter: str):
    answer = await fetch(jobs, "/v1/reports/income", **query)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["parameter"] == parameter


async def test_the_overview_tells_how_jobs_went(jobs: Harness):
    address = {"street": f"Weg {new_id('x')}", "postcode": "10115", "city": "Berlin"}
    began = jobs.scope().now
    first: Story = await ask(jobs, address=address)
    await first.complete()
    again = await ask(jobs, address=address)
    reason = {"reason": "ill", "cause_party": "customer"}
    await again.step("cancel", reason, by=again.customer)
    other = await ask(jobs, slots=[slot(in_two_days() + DAY)])
    await other.complete(slot=slot(in_two_days() + DAY))
    query: Any = {
        "from": (began - timedelta(milliseconds=1)).isoformat(),
        "to": (jobs.scope().now + timedelta(seconds=1)).isoformat(),
    }
    answer = await fetch(jobs, "/v1/reports/overview", roles=("support",), **query)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["requested"] == 3
    assert told["jobs"] == [
        {"category": "wifi", "state": "cancelled", "count": 1},
        {"category": "wifi", "state": "completed", "count": 2},
    ]
    assert told["completion"] == {"whole": 2, "part": 2, "ratio": 1.0}
    assert told["cancelled"] == {"customer": 1}
    assert told["first_time_fix"] == {"whole": 2, "part": 1, "ratio": 0.5}
    assert told["first_offer"]["count"] == 2
    assert told["first_offer"]["within_minutes"]["15"] == 2


async def test_an_overview_of_the_last_of_all_years_is_empty(jobs: Harness):
    times: Any = {"from": "9999-06-01T00:00:00Z", "to": "9999-12-31T23:59:59Z"}
    answer = await fetch(jobs, "/v1/reports/overview", **times)
    assert (answer.status_code, answer.json()["requested"]) == (200, 0)


@pytest.mark.parametrize(
    "times",
    [
        {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
        {"from": "2026-01-01T00:00:00Z", "to": "2027-02-01T00:00:00Z"},
        {"from": "2026-01-01", "to": "2026-02-01T00:00:00Z"},
        {"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z"},
        {"from": "9999-06-01T00:00:00Z", "to": "9999-05-31T00:00:00Z"},
        {"to": "2026-02-01T00:00:00Z"},
    ],
)
async def test_an_overview_of_no_time_is_refused(jobs: Harness, times: Any):
    answer = await fetch(jobs, "/v1/reports/overview", **times)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] in {"from", "to"}


async def test_a_cell_never_computes(jobs: Harness):
    helper = await a_helper(jobs)
    body = BODY | {"last_name": "=1+1", "address": BODY["address"] | {"street": "@SUM(A1)"}}
    assert (await put(jobs, helper, body, **CREATE)).status_code == 201
    at = datetime(2022, 5, 5, tzinfo=UTC)
    receipt = a_paper(helper, at, 100, year=2022)
    await jobs.scope().store(ReceiptStore).create(receipt, [])
    answer = await fetch(jobs, "/v1/reports/income", year=2022, format="csv")
    [row] = csv.DictReader(io.StringIO(answer.text))
    assert (row["last_name"], row["street"]) == ("'=1+1", "'@SUM(A1)")
    assert row["tin"] == data().tin
