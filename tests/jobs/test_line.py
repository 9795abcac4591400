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
from services.jobs.model.line import LineCheck, LineState
from shared.kernel.clock import utc_now
from tests.harness import Harness
from tests.jobs.builders import ADA, BEN, DAY, NOW, a_slot, booked, saved
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
