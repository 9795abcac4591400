"""No hold is left behind by a process that ends in the middle, wherever it ends."""

import asyncio
import sys
from datetime import timedelta
from typing import Any

from services.jobs.model import State
from services.jobs.store import CalendarStore
from tests.harness import Harness
from tests.jobs.dying import EXIT_CODE
from tests.jobs.journey import Story, ask


async def die(story: Story, command: str, *, by: str, offer: str = "") -> None:
    """Another process gives this command and ends before its last write."""
    jobs = story.jobs
    database = jobs.runtime.database
    arguments = (
        jobs.runtime.settings.mongo_url.get_secret_value(),
        database.handle.name,
        "vodafone",
        command,
        story.id,
        by,
        offer,
        jobs.scope().now.isoformat(),
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.jobs.dying", *arguments
    )
    assert await process.wait() == EXIT_CODE, "it never came to its end"


async def holds(story: Story) -> list[Any]:
    calendar = await story.jobs.scope().store(CalendarStore).get(story.helper)
    return [hold.job_id for hold in calendar.holds]


async def test_a_slot_held_by_a_process_that_ended_is_free_for_the_next(jobs: Harness):
    first = await ask(jobs)
    offer = (await first.offer())["offers"][-1]["id"]
    await die(first, "accept", by=first.customer, offer=offer)
    assert await holds(first) == [first.id]
    assert (await first.stored()).state is State.OFFERED
    second = await ask(jobs, helper=first.helper)
    jobs.travel(timedelta(seconds=11))
    await second.book()
    assert await holds(second) == [second.id]
    late = await first.post("accept", {"offer_id": offer}, by=first.customer)
    assert (late.status_code, late.json()["code"]) == (409, "slot_taken")
    assert await holds(second) == [second.id]


async def test_whoever_tries_again_after_a_process_ended_is_booked_once(jobs: Harness):
    story = await ask(jobs)
    offer = (await story.offer())["offers"][-1]["id"]
    await die(story, "accept", by=story.customer, offer=offer)
    await story.accept(offer)
    assert story.view["state"] == "booked"
    assert await holds(story) == [story.id]


async def test_a_hold_of_a_job_cancelled_by_a_process_that_ended_is_in_nobodys_way(jobs: Harness):
    first = await ask(jobs)
    await first.book()
    await die(first, "cancel", by=first.helper)
    assert await holds(first) == [first.id]
    assert (await first.stored()).state is State.CANCELLED
    second = await ask(jobs, helper=first.helper)
    await second.book()
    assert await holds(second) == [second.id]
