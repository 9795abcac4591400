"""What is left behind when a process ends in the middle, and who cleans it up."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.jobs.commands import IssueReceipt, booking, issue_receipt
from services.jobs.commands.calendars import give_back
from services.jobs.model.booking import HoldLost
from services.jobs.model.calendar import Calendar, Hold
from services.jobs.model.receipts import Receipt, ReceiptBook
from services.jobs.model.state import Caller
from services.jobs.store import (
    CalendarStore,
    HelperRows,
    JobStore,
    ReceiptBookStore,
    ReceiptStore,
)
from shared.contracts.jobs import JobCompleted
from shared.kernel.errors import Conflict
from tests.harness import Harness
from tests.jobs.journey import (
    HOUR,
    Story,
    ask,
    in_two_days,
    list_helper,
    offer_body,
    slot,
)

AGO = timedelta(minutes=1)


async def hold_left_behind(story: Story, age: timedelta) -> Hold:
    """The calendar's half of a booking whose process ended before it wrote the job's half."""
    scope = story.jobs.scope(story.tenant)
    job = await story.stored()
    offer = job.open_offers()[0]
    hold = Hold(job.id, offer.id, offer.terms.slot, job.fence, scope.now - age)
    calendars = scope.store(CalendarStore)
    await calendars.ensure(Calendar(id=story.helper), [])

    def put(calendar: Calendar) -> None:
        calendar.holds = [*calendar.holds, hold]

    await calendars.update(story.helper, put)
    return hold


async def test_a_hold_without_a_booking_is_given_back_to_whoever_needs_the_slot(jobs: Harness):
    first = await ask(jobs)
    await first.offer()
    await hold_left_behind(first, AGO)
    second = await ask(jobs, helper=first.helper)
    await second.book()
    calendar = await jobs.scope().store(CalendarStore).get(first.helper)
    assert [hold.job_id for hold in calendar.holds] == [second.id]


async def test_a_hold_that_may_be_a_booking_in_flight_is_left_alone(jobs: Harness):
    first = await ask(jobs)
    await first.offer()
    await hold_left_behind(first, timedelta(0))
    second = await ask(jobs, helper=first.helper)
    answer = await second.post("offer", offer_body(), by=second.helper)
    assert (answer.status_code, answer.json()["code"]) == (409, "slot_taken")


async def test_a_booking_in_flight_cannot_use_a_hold_that_was_given_back(jobs: Harness):
    story = await ask(jobs)
    await story.offer()
    hold = await hold_left_behind(story, AGO)
    scope = jobs.scope()
    helper = await scope.store(HelperRows).get(story.helper)
    assert await give_back(hold, story.helper, scope)

    def accept(job):
        return job.accept(hold.ref, Caller(story.customer), hold=hold, helper=helper, at=scope.now)

    with pytest.raises(HoldLost):
        await scope.store(JobStore).update(story.id, accept)


async def test_the_customers_own_second_try_takes_the_hold_over(jobs: Harness):
    story = await ask(jobs)
    await story.offer()
    await hold_left_behind(story, timedelta(0))
    await story.accept()
    assert story.view["state"] == "booked"
    calendar = await jobs.scope().store(CalendarStore).get(story.helper)
    assert len(calendar.holds) == 1


async def test_a_hold_of_a_cancelled_job_is_no_obstacle(jobs: Harness):
    first = await ask(jobs)
    await first.offer()
    hold = await hold_left_behind(first, timedelta(0))
    await first.step("withdraw", by=first.customer)
    second = await ask(jobs, helper=first.helper)
    await second.book()
    calendar = await jobs.scope().store(CalendarStore).get(first.helper)
    assert hold not in calendar.holds


async def test_a_booked_hold_is_never_given_back(jobs: Harness):
    story = await ask(jobs)
    await story.book()
    scope = jobs.scope()
    [hold] = (await scope.store(CalendarStore).get(story.helper)).holds
    assert not await give_back(hold, story.helper, scope)
    assert (await scope.store(CalendarStore).get(story.helper)).holds == [hold]
    assert (await story.stored()).version == story.view["version"]


async def test_many_overlapping_accepts_of_one_helper_book_one(jobs: Harness):
    stories = [await ask(jobs)]
    for _ in range(7):
        stories.append(await ask(jobs, helper=stories[0].helper))
    for story in stories:
        await story.offer()
    answers = await asyncio.gather(
        *(
            story.post("accept", {"offer_id": story.view["offers"][0]["id"]}, by=story.customer)
            for story in stories
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    calendar = await jobs.scope().store(CalendarStore).get(stories[0].helper)
    [hold] = calendar.holds
    booked = [story for story in stories if (await story.stored()).state == "booked"]
    assert [story.id for story in booked] == [hold.job_id]


async def test_whoever_lost_a_race_that_is_decided_is_not_told_to_try_again(
    jobs: Harness, monkeypatch: pytest.MonkeyPatch
):
    story = await ask(jobs)
    offer = {"offer_id": (await story.offer())["offers"][0]["id"]}

    async def overtaken(*_: Any) -> None:
        monkeypatch.undo()
        await story.step("accept", offer, by=story.customer)
        raise Conflict("this calendar is changing too fast, try again", code="busy")

    monkeypatch.setattr(booking, "take", overtaken)
    late = await story.post("accept", offer, by=story.customer)
    assert (late.status_code, late.json()["code"]) == (409, "illegal_transition")
    assert late.json()["allowed"] == story.view["allowed"]


async def a_receipt(story: Story) -> Receipt:
    async def look():
        return (
            await story.jobs.scope(story.tenant).store(ReceiptStore).find(Receipt.id_for(story.id))
        )

    receipt: Receipt = await story.jobs.eventually(look)
    return receipt


async def test_a_completion_told_again_issues_no_second_receipt(jobs: Harness):
    story = await ask(jobs)
    await story.complete()
    first = await a_receipt(story)
    told = await jobs.published(JobCompleted, subject=story.id)
    for _ in range(3):
        await jobs.deliver(told.event, subject=story.id, sequence=told.sequence)
    assert await a_receipt(story) == first
    year = first.issued_at.year
    book = ReceiptBook.of(story.helper, year, "vodafone")
    stored = await jobs.scope().store(ReceiptBookStore).get(book.id)
    assert stored.job_ids == [story.id]


async def test_a_number_given_before_the_process_ended_is_used(jobs: Harness):
    story = await ask(jobs)
    await story.begin()
    year = jobs.scope().now.year
    book = ReceiptBook.of(story.helper, year, "vodafone")
    book.job_ids = ["job_before", story.id]
    await jobs.scope().store(ReceiptBookStore).create(book, [])
    delivery = {"summary": "Done", "minutes": 60, "outcome": "solved"}
    await story.step("deliver", delivery, by=story.helper)
    await story.step("complete", by=story.customer)
    assert (await a_receipt(story)).number == f"{year}-0002"


async def test_receipts_written_at_once_get_different_numbers(jobs: Harness):
    first = await ask(jobs)
    stories = [first, *[await ask(jobs, helper=first.helper) for _ in range(3)]]
    for number, story in enumerate(stories):
        await story.complete(slot=slot(in_two_days() + number * 3 * HOUR))
    scope = jobs.scope()
    await asyncio.gather(*(issue_receipt(IssueReceipt(story.id), scope) for story in stories))
    numbers = {(await a_receipt(story)).number[-4:] for story in stories}
    assert numbers == {"0001", "0002", "0003", "0004"}


async def test_an_old_word_about_a_helper_does_not_undo_a_newer_one(jobs: Harness):
    story = await ask(jobs)
    await list_helper(jobs, story.helper, sequence=5, status="unlisted")
    await list_helper(jobs, story.helper, sequence=4)
    helper = await jobs.scope().store(HelperRows).get(story.helper)
    assert not helper.listed
