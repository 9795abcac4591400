"""What is owed in the end, what both sides say of its payment, and what is taken back."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.jobs.commands import IssueCreditNote, IssueReceipt, issue_credit_note, issue_receipt
from services.jobs.model import Job, State
from services.jobs.model.credit_notes import CreditNote, CreditNoteBook, refund_of
from services.jobs.model.errors import IllegalTransition
from services.jobs.model.receipts import Receipt
from services.jobs.model.values import PaymentMethod, Resolution
from services.jobs.papers import Letterhead, Names, credit_note_paper
from services.jobs.store import CreditNoteBookStore, CreditNoteStore, ReceiptStore
from shared.contracts.jobs import CreditNoteIssued, JobResolved
from shared.kernel.errors import Conflict, Invalid
from tests.harness import Harness
from tests.jobs.builders import (
    ADA,
    BEN,
    DAY,
    NOW,
    SUE,
    a_job,
    completed,
    delivered,
    eur,
    saved,
)
from tests.jobs.journey import Story, a_helper, ask, in_two_days, money, slot
from tests.jobs.test_papers import paper, read
from tests.tenants import VODAFONE

BERLIN = ZoneInfo("Europe/Berlin")
LATE = NOW + 3 * DAY


def resolved(job: Job, resolution: Resolution) -> Job:
    job.dispute("broken", ADA, LATE)
    job.resolve(resolution, SUE, LATE + DAY)
    return saved(job)


# What is owed -------------------------------------------------------------------------------


def test_accepted_work_is_owed_for_less_what_is_refunded():
    assert delivered().due() is None
    assert completed().due() == eur(2700)
    assert resolved(completed(), Resolution("settled")).due() == eur(2700)
    assert resolved(completed(), Resolution("half", refund=eur(1300))).due() == eur(1400)


def test_delivered_work_is_owed_for_once_its_dispute_is_resolved():
    job = resolved(delivered(), Resolution("all is well"))
    assert job.due() == eur(2700)
    receipt, _ = Receipt.issue(job, "2026-0001")
    assert receipt.issued_at == job.when(State.RESOLVED)


def test_a_fee_is_owed_without_any_work():
    job = a_job(State.NO_SHOW)
    assert job.due() == eur(1500)
    assert refund_of(job) is None


def test_no_more_is_refunded_than_the_receipt_says():
    job = delivered()
    job.dispute("broken", ADA, LATE)
    with pytest.raises(Invalid) as refused:
        job.resolve(Resolution("all", refund=eur(2701)), SUE, LATE)
    assert refused.value.errors[0]["pointer"] == "/refund/amount_minor"
    job.resolve(Resolution("all", refund=eur(2700)), SUE, LATE)
    assert job.due() == eur(0)


# What is said -------------------------------------------------------------------------------


def test_each_side_has_one_word_and_the_latest_counts():
    job = completed()
    today = LATE.astimezone(BERLIN).date()
    job.say_unpaid(ADA, LATE)
    job.say_paid(PaymentMethod.CASH, today, ADA, LATE + DAY, BERLIN)
    job.say_unpaid(BEN, LATE + DAY)
    words = job.payment_words
    assert (words["customer"].paid, words["customer"].method) == (True, "cash")
    assert words["customer"].on == today.isoformat()
    assert not words["helper"].paid
    assert [step.command for step in job.timeline[-3:]] == ["payment-word"] * 3


@pytest.mark.parametrize("days", [-30, 1])
def test_a_payment_is_neither_older_than_the_job_nor_in_the_future(days):
    job = completed()
    on = LATE.astimezone(BERLIN).date() + timedelta(days=days)
    with pytest.raises(Invalid) as refused:
        job.say_paid(PaymentMethod.CASH, on, ADA, LATE, BERLIN)
    assert refused.value.errors[0]["pointer"] == "/on"
    assert job.payment_words == {}


def test_today_is_the_tenants_date():
    job = completed()
    at = datetime(2026, 3, 9, 23, 30, tzinfo=UTC)
    tomorrow = at.date() + timedelta(days=1)
    job.say_paid(PaymentMethod.TRANSFER, tomorrow, ADA, at, BERLIN)
    assert job.payment_words["customer"].on == "2026-03-10"


def test_nobody_speaks_of_payment_where_nothing_is_owed():
    for job in (a_job(State.CANCELLED), a_job(State.DELIVERED), a_job(State.UNSUCCESSFUL)):
        with pytest.raises(IllegalTransition):
            job.say_unpaid(ADA, NOW)


def test_a_word_after_the_end_prolongs_nothing():
    job = completed()
    due_at = job.due_at
    job.say_unpaid(ADA, LATE)
    assert job.due_at == due_at
    closed = a_job(State.CLOSED)
    closed.say_unpaid(BEN, LATE + 90 * DAY)
    assert (closed.state, closed.due_at) == (State.CLOSED, None)


async def test_both_see_what_is_due_and_what_each_says(jobs: Harness):
    story = await ask(jobs)
    assert story.view["payment"] is None
    await story.complete()
    assert story.view["payment"] == {"due": money(2700), "customer": None, "helper": None}
    await paper(story, "receipt", by=story.customer)
    jobs.travel(3 * DAY)
    today = jobs.scope().now.astimezone(BERLIN).date().isoformat()
    word = {"paid": True, "method": "transfer", "on": today}
    await story.step("payment-word", word, by=story.customer)
    await story.step("payment-word", {"paid": False}, by=story.helper)
    for person in (story.customer, story.helper):
        payment = (await story.seen(by=person))["payment"]
        assert {**payment["customer"], "said_at": ""} == {**word, "said_at": ""}
        assert payment["helper"]["paid"] is False
        receipt = (await story.get("/receipt", by=person)).json()
        assert receipt["payment"] == payment
    stranger = await jobs.person()
    answer = await story.post("payment-word", {"paid": False}, by=stranger)
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"paid": True}, "/method"),
        ({"paid": True, "method": "cash"}, "/on"),
        ({"paid": False, "method": "cash"}, "/method"),
        ({"paid": False, "on": "2026-03-02"}, "/on"),
        ({"paid": True, "method": "gold", "on": "2026-03-02"}, "/method"),
        ({"paid": True, "method": "cash", "on": "2999-01-01"}, "/on"),
        ({"paid": True, "method": "cash", "on": "2020-01-01"}, "/on"),
        ({"paid": "yes"}, "/paid"),
        ({}, "/paid"),
    ],
)
async def test_a_word_that_makes_no_sense_is_refused(
    jobs: Harness, a_completed_story: Story, body: dict[str, Any], pointer: str
):
    answer = await a_completed_story.post("payment-word", body, by=a_completed_story.customer)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.fixture(scope="module")
async def a_completed_story(running: Harness) -> Story:
    story = await ask(running)
    await story.complete()
    return story


# What is taken back -------------------------------------------------------------------------


async def refunded(story: Story, amount: int, currency: str = "EUR") -> None:
    await story.step("dispute", {"reason": "it broke again"}, by=story.customer)
    resolution = {"outcome": "part of it goes back", "refund": money(amount, currency)}
    await story.step("resolve", resolution, by="sue", roles=("support",))


async def a_note(story: Story) -> CreditNote:
    async def look():
        notes = story.jobs.scope(story.tenant).store(CreditNoteStore)
        return await notes.find(CreditNote.id_for(story.id))

    note: CreditNote = await story.jobs.eventually(look)
    return note


@pytest.mark.parametrize(("tenant", "currency"), [("vodafone", "EUR"), ("swisscom", "CHF")])
async def test_a_refund_is_a_credit_note_that_names_the_receipt(
    jobs: Harness, tenant: str, currency: str
):
    story = await ask(jobs, tenant=tenant)
    await story.complete()
    await paper(story, "receipt", by=story.customer)
    assert (await story.get("/credit-note", by=story.customer)).status_code == 404
    assert (await story.get("/credit-note.pdf", by=story.customer)).status_code == 404
    before = (await story.get("/receipt", by=story.customer)).json()
    await refunded(story, 1000, currency)
    note = await a_note(story)
    issued = await jobs.published(CreditNoteIssued, subject=note.id, tenant=tenant)
    assert issued.event.facts.receipt_number == before["number"]
    shown = (await story.get("/credit-note", by=story.helper)).json()
    assert shown["total"] == money(1000, currency)
    assert shown["receipt_number"] == before["number"]
    assert shown["number"] == f"C{note.issued_at.year}-0001"
    after = (await story.get("/receipt", by=story.customer)).json()
    assert after["payment"]["due"]["amount_minor"] == before["total"]["amount_minor"] - 1000
    assert after | {"payment": None} == before | {"payment": None}
    text, _ = read((await paper(story, "credit-note", by=story.customer)).content)
    assert f"Gutschrift C{note.issued_at.year}-0001" in text
    assert f"Quittung {before['number']}" in text
    stranger = await jobs.person(tenant=tenant)
    for path in ("/credit-note", "/credit-note.pdf"):
        assert (await story.get(path, by=stranger)).status_code == 404


async def test_no_refund_no_credit_note(jobs: Harness):
    story = await ask(jobs)
    await story.complete()
    await story.step("dispute", {"reason": "it broke again"}, by=story.customer)
    await story.step("resolve", {"outcome": "all is well"}, by="sue", roles=("support",))
    told = await jobs.published(JobResolved, subject=story.id)
    await jobs.deliver(told.event, subject=story.id, sequence=told.sequence)
    assert await jobs.scope().store(CreditNoteStore).find(CreditNote.id_for(story.id)) is None


async def test_delivered_work_whose_dispute_is_resolved_gets_both_papers(jobs: Harness):
    story = await ask(jobs)
    await story.begin()
    await story.step(
        "deliver", {"summary": "Done", "minutes": 60, "outcome": "not_solved"}, by=story.helper
    )
    await refunded(story, 500)
    note = await a_note(story)
    receipt = await jobs.scope().store(ReceiptStore).get(Receipt.id_for(story.id))
    assert (note.receipt_number, note.issued_at) == (receipt.number, receipt.issued_at)
    assert story.view["payment"]["due"] == money(1300)


async def test_papers_of_one_helper_written_at_once_have_no_gap_and_no_double(jobs: Harness):
    """As several workers would: each tries again when others were faster, as the bus does."""
    helper = await a_helper(jobs)
    stories = [await ask(jobs, helper=helper) for _ in range(6)]
    for number, story in enumerate(stories):
        await story.complete(slot=slot(in_two_days() + number * timedelta(hours=3)))
        await refunded(story, 100 + number)
    scope = jobs.scope()

    async def write(story: Story) -> None:
        for command in (
            lambda: issue_receipt(IssueReceipt(story.id), scope),
            lambda: issue_credit_note(IssueCreditNote(story.id), scope),
        ):
            for _ in range(20):
                try:
                    await command()
                    break
                except Conflict:
                    continue

    await asyncio.gather(*(write(story) for story in [*stories, *stories]))
    notes = [await a_note(story) for story in stories]
    receipts = [await scope.store(ReceiptStore).get(Receipt.id_for(story.id)) for story in stories]
    wanted = [f"{number:04d}" for number in range(1, 7)]
    assert sorted(note.number[-4:] for note in notes) == wanted
    assert sorted(receipt.number[-4:] for receipt in receipts) == wanted


async def test_a_credit_notes_number_given_before_the_process_ended_is_used(jobs: Harness):
    story = await ask(jobs)
    await story.complete()
    year = jobs.scope().now.year
    book = CreditNoteBook.of(story.helper, year, "vodafone")
    book.job_ids = ["job_before", story.id]
    await jobs.scope().store(CreditNoteBookStore).create(book, [])
    await refunded(story, 100)
    assert (await a_note(story)).number == f"C{year}-0002"


def test_the_same_credit_note_is_the_same_bytes():
    job = resolved(completed(), Resolution("half", refund=eur(1300)))
    receipt, _ = Receipt.issue(job, "2026-0001")
    note, [event] = CreditNote.issue(job, receipt, "C2026-0001")
    assert event.facts.total == eur(1300)
    head, names = Letterhead(VODAFONE, "it"), Names("Ada", "Ben")
    first = credit_note_paper(note, "WLAN", names, head)
    assert credit_note_paper(note, "WLAN", names, head) == first
    assert "Nota di credito C2026-0001" in read(first)[0]
