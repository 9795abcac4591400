"""The operator's line test: asked twice, heeded where it finds a fault, waited for by nobody."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.jobs.commands.lines import check_line
from services.jobs.line_test import (
    FAILURES,
    UNKNOWN,
    HttpLineAdapter,
    LineAnswer,
    LineQuestion,
    LineTest,
)
from services.jobs.model import Command, Job, State
from services.jobs.model.errors import IllegalTransition
from services.jobs.model.line import LineCheck, LineState
from services.jobs.store import CalendarStore, JobStore
from shared.kernel.clock import utc_now
from tests.harness import Harness
from tests.jobs.builders import (
    ADA,
    BEN,
    DAY,
    NOW,
    a_job,
    a_slot,
    booked,
    give,
    saved,
    then,
)
from tests.jobs.journey import Story, ask, in_two_days, slot
from tests.jobs.test_notices import mails, told

QUESTION = LineQuestion("vodafone", "acc", "Weg 1", "10115", "Berlin")
FAULT = LineAnswer(LineState.FAULT, "exchange down")


@dataclass
class Fake:
    """Answers what it is told to, and counts; an exception is raised, a number waited."""

    answer: LineAnswer | Exception | float = FAULT
    asked: list[LineQuestion] = field(default_factory=list)

    async def ask(self, question: LineQuestion) -> LineAnswer:
        self.asked.append(question)
        if isinstance(self.answer, Exception):
            raise self.answer
        if isinstance(self.answer, float):
            await asyncio.sleep(self.answer)
            return FAULT
        return self.answer


# The circuit --------------------------------------------------------------------------------


async def test_a_test_that_is_slow_or_fails_says_nothing():
    for answer in (60.0, OSError("away"), ValueError("nonsense")):
        assert await LineTest({"vodafone": Fake(answer)}, timeout=0.05).ask(QUESTION) == UNKNOWN


async def test_after_failures_in_a_row_it_is_left_alone_for_a_while():
    fake = Fake(OSError("away"))
    test = LineTest({"vodafone": fake}, rest=0.2)
    for _ in range(FAILURES + 5):
        assert await test.ask(QUESTION) == UNKNOWN
    assert len(fake.asked) == FAILURES
    await asyncio.sleep(0.25)
    await test.ask(QUESTION)
    await test.ask(QUESTION)
    assert len(fake.asked) == FAILURES + 1
    await asyncio.sleep(0.25)
    fake.answer = FAULT
    assert await test.ask(QUESTION) == FAULT


async def test_a_success_in_between_forgives_failures():
    fake = Fake()
    test = LineTest({"vodafone": fake})
    for number in range(4 * FAILURES):
        fake.answer = FAULT if number % FAILURES == 0 else OSError("away")
        await test.ask(QUESTION)
    assert len(fake.asked) == 4 * FAILURES


async def test_one_tenants_broken_test_is_not_the_others():
    broken, fine = Fake(OSError("away")), Fake()
    test = LineTest({"vodafone": broken, "swisscom": fine})
    for _ in range(FAILURES + 1):
        await test.ask(QUESTION)
    other = LineQuestion("swisscom", "acc", "Weg 1", "8001", "Zürich")
    assert await test.ask(other) == FAULT
    assert await test.ask(LineQuestion("third", "acc", "", "", "")) == UNKNOWN


# Over HTTP ----------------------------------------------------------------------------------


def adapter(answer: Callable[[httpx.Request], httpx.Response]) -> HttpLineAdapter:
    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return HttpLineAdapter("https://lines.example/check", "secret", client)


async def test_the_operator_is_asked_by_post_with_a_token():
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"state": "fault", "note": "exchange down", "more": 1})

    assert await adapter(answer).ask(QUESTION) == FAULT
    assert seen[0].headers["authorization"] == "Bearer secret"
    assert b'"postcode":"10115"' in seen[0].content.replace(b": ", b":")


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(500),
        httpx.Response(302, headers={"location": "https://elsewhere.example"}),
        httpx.Response(200, text="ok"),
        httpx.Response(200, json={"state": "broken"}),
        httpx.Response(200, json={"state": "ok", "note": "x" * 301}),
        httpx.Response(200, json={"state": "ok", "note": "x" * 100_000}),
    ],
)
async def test_nonsense_from_the_operator_is_a_failure(response: httpx.Response):
    with pytest.raises((httpx.HTTPError, ValueError)):
        await adapter(lambda _: response).ask(QUESTION)


# On the job ---------------------------------------------------------------------------------


def test_a_fault_lets_the_appointment_be_moved_once_more():
    job = booked()
    for number in range(2):
        job.propose_reschedule(a_slot((3 + number) * DAY), ADA, NOW)
        job.refuse_reschedule(BEN, NOW)
    assert "propose-reschedule" not in job.allowed(ADA, NOW)
    job.note_line(LineCheck("day before", LineState.FAULT, NOW))
    job.note_line(LineCheck("day before", LineState.OK, NOW))
    assert job.line_faulty
    assert "propose-reschedule" in job.allowed(ADA, NOW)
    saved(job).note_line(LineCheck("departure", LineState.OK, NOW))
    assert "propose-reschedule" not in job.allowed(ADA, NOW)


def on_the_way(state: LineState) -> Job:
    job = a_job(State.EN_ROUTE)
    start = job.booked_slot.start
    return then(job, lambda job: job.note_line(LineCheck("departure", state, NOW, start=start)))


def test_on_the_way_only_a_fault_offers_another_appointment_and_to_both():
    for state in LineState:
        for person in (ADA, BEN):
            offered = "propose-reschedule" in on_the_way(state).allowed(person, NOW)
            assert offered is (state is LineState.FAULT)
    with pytest.raises(IllegalTransition):
        on_the_way(LineState.UNKNOWN).propose_reschedule(a_slot(3 * DAY), BEN, NOW)


def test_who_was_on_the_way_turns_back_when_both_agree_and_sets_out_again():
    job = on_the_way(LineState.FAULT)
    terms = job.agreed.terms
    job.propose_reschedule(a_slot(3 * DAY), BEN, NOW)
    assert give(job, Command.ACCEPT_RESCHEDULE, ADA, NOW)
    assert (job.state, job.booked_slot) == (State.CONFIRMED, a_slot(3 * DAY))
    assert job.agreed.terms == terms
    assert not job.line_faulty
    assert saved(job).allowed(BEN, NOW) == ["propose-reschedule", "depart", "start", "cancel"]
    job.depart(BEN, NOW)
    assert "propose-reschedule" not in job.allowed(ADA, NOW)


def test_a_no_and_no_answer_leave_the_helper_on_the_way():
    job = on_the_way(LineState.FAULT)
    job.propose_reschedule(a_slot(3 * DAY), ADA, NOW)
    job.refuse_reschedule(BEN, NOW)
    job.propose_reschedule(a_slot(3 * DAY), ADA, NOW)
    saved(job).on_due(NOW + DAY)
    assert (job.state, job.reschedule) == (State.EN_ROUTE, None)
    assert job.timeline[-1].command == "lapse-reschedule"


@pytest.fixture
def fake(jobs: Harness):
    """For vodafone; afterwards nobody is asked any more."""
    test: LineTest = jobs.runtime.resources[LineTest]
    adapter = Fake()
    test.use("vodafone", adapter)
    yield adapter
    test._adapters.clear()


async def line_of(story: Story) -> Any:
    async def look():
        return (await story.seen(by=story.customer))["line"]

    return await story.jobs.eventually(look)


async def test_a_fault_is_shown_and_told_to_both_a_day_before(jobs: Harness, fake: Fake):
    story = await ask(jobs)
    await story.book()
    assert story.view["line"] is None
    jobs.travel(in_two_days() - utc_now() - timedelta(hours=23))
    line = await line_of(story)
    assert (line["state"], line["note"]) == ("fault", "exchange down")
    for person in (story.customer, story.helper):
        await told(story, person, "Die Leitung ist gestört")
        assert "propose-reschedule" in (await story.seen(by=person))["allowed"]
    asked = [each for each in fake.asked if each.customer_id == story.customer]
    assert [each.street for each in asked] == ["Invalidenstraße 1"]
    move = {"slot": slot(in_two_days() + 5 * DAY)}
    await story.step("propose-reschedule", move, by=story.customer)
    await story.step("accept-reschedule", by=story.helper)


async def test_it_is_asked_again_at_departure(jobs: Harness, fake: Fake):
    fake.answer = LineAnswer(LineState.OK)
    story = await ask(jobs)
    await story.book()
    await story.step("confirm", by=story.helper)
    await story.step("depart", by=story.helper)
    assert (await line_of(story))["state"] == "ok"
    await check_line(story.id, "departure", jobs.scope())
    assert len([each for each in fake.asked if each.customer_id == story.customer]) == 1
    assert not [m for m in await mails(jobs, story.helper) if "Leitung" in m.subject]


async def set_out(story: Story) -> None:
    await story.book()
    await story.step("confirm", by=story.helper)
    await story.step("depart", by=story.helper)


@pytest.mark.parametrize("tenant", ["vodafone", "swisscom"])
async def test_a_fault_found_at_departure_lets_both_move_the_visit(jobs: Harness, tenant: str):
    test: LineTest = jobs.runtime.resources[LineTest]
    test.use(tenant, Fake())
    try:
        story = await ask(jobs, tenant=tenant)
        await set_out(story)
        for person in (story.customer, story.helper):
            await told(story, person, "Die Leitung ist gestört")
            assert "propose-reschedule" in (await story.seen(by=person))["allowed"]
        await story.step("propose-reschedule", {"slot": slot(in_two_days() + DAY)}, by=story.helper)
        moved = await story.step("accept-reschedule", by=story.customer)
    finally:
        test._adapters.clear()
    assert (moved["state"], moved["slot"]["start"][:10]) == (
        "confirmed",
        (in_two_days() + DAY).date().isoformat(),
    )
    calendar = await jobs.scope(tenant).store(CalendarStore).of(story.helper)
    assert [hold.slot.start for hold in calendar.holds] == [in_two_days() + DAY]
    await story.step("depart", by=story.helper)
    await story.step("start", by=story.helper)


async def test_no_word_or_a_good_one_at_departure_offers_nothing(jobs: Harness, fake: Fake):
    for answer, state in ((OSError("away"), "unknown"), (LineAnswer(LineState.OK), "ok")):
        fake.answer = answer
        story = await ask(jobs)
        await set_out(story)
        assert (await line_of(story))["state"] == state
        body = {"slot": slot(in_two_days() + DAY)}
        refused = await story.post("propose-reschedule", body, by=story.customer)
        assert (refused.status_code, refused.json()["code"]) == (409, "illegal_transition")
        assert "propose-reschedule" not in refused.json()["allowed"]


async def test_a_fault_known_since_yesterday_is_told_again_to_who_sets_out(
    jobs: Harness, fake: Fake
):
    story = await ask(jobs)
    await story.book()
    await check_line(story.id, "day before", jobs.scope())
    await story.step("confirm", by=story.helper)
    await story.step("depart", by=story.helper)

    async def both() -> Any:
        found = await mails(jobs, story.helper)
        return len([each for each in found if "Leitung" in each.subject]) == 2

    await jobs.eventually(both)


async def test_who_was_not_told_before_the_process_ended_is_told_without_asking_again(
    jobs: Harness, fake: Fake
):
    story = await ask(jobs)
    await story.book()
    start = (await story.stored()).booked_slot.start
    check = LineCheck(f"day before {start.isoformat()}", LineState.FAULT, utc_now(), "", start)
    await jobs.scope().store(JobStore).update(story.id, lambda job: job.note_line(check))
    for _ in range(2):
        await check_line(story.id, "day before", jobs.scope())
    assert not [each for each in fake.asked if each.customer_id == story.customer]
    told_of = [each for each in await mails(jobs, story.customer) if "Leitung" in each.subject]
    assert len(told_of) == 1


async def test_an_answer_that_comes_when_work_has_begun_is_told_to_nobody(jobs: Harness):
    story = await ask(jobs)
    await story.book()
    await story.step("confirm", by=story.helper)

    class Late(Fake):
        async def ask(self, question: LineQuestion) -> LineAnswer:
            await story.step("start", by=story.helper)
            return FAULT

    test: LineTest = jobs.runtime.resources[LineTest]
    test.use("vodafone", Late())
    try:
        await check_line(story.id, "departure", jobs.scope())
    finally:
        test._adapters.clear()
    assert (await line_of(story))["state"] == "fault"
    assert not [each for each in await mails(jobs, story.helper) if "Leitung" in each.subject]
    assert "propose-reschedule" not in (await story.seen(by=story.helper))["allowed"]


async def test_a_test_that_hangs_holds_up_neither_the_visit_nor_the_mails(
    jobs: Harness, fake: Fake
):
    fake.answer = 60.0
    story = await ask(jobs)
    await story.begin()
    await story.step(
        "deliver", {"summary": "Done", "minutes": 60, "outcome": "solved"}, by=story.helper
    )
    await told(story, story.customer, "Erledigt")
    assert (await story.seen(by=story.customer))["line"] is None
