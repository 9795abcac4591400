"""One's appointments in a calendar program: by a secret address, and nobody else's."""

from typing import Any

import icalendar
import pytest

from services.jobs.privacy import JobsData
from services.jobs.store import FeedStore
from shared.contracts.identity import AccountSuspended
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.jobs.journey import DAY, Story, ask, in_two_days, slot
from tests.jobs.test_notices import facts_of


async def subscribe(jobs: Harness, person: str, tenant: str = "vodafone") -> str:
    async with jobs.client(person, tenant=tenant) as client:
        answer = await client.post("/v1/me/calendar")
    assert answer.status_code == 201, answer.text
    assert answer.json()["path"].endswith(answer.json()["token"])
    return str(answer.json()["path"])


async def fetch(jobs: Harness, path: str, tenant: str = "vodafone") -> Any:
    async with jobs.client(tenant=tenant) as visitor:
        return await visitor.get(path)


async def entries(jobs: Harness, path: str, tenant: str = "vodafone") -> list[Any]:
    answer = await fetch(jobs, path, tenant)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    return icalendar.Calendar.from_ical(answer.content).walk("VEVENT")


@pytest.mark.parametrize(
    ("tenant", "zone"), [("vodafone", "Europe/Berlin"), ("swisscom", "Europe/Zurich")]
)
async def test_both_sides_see_the_appointment_in_the_tenants_zone(
    jobs: Harness, tenant: str, zone: str
):
    story = await ask(jobs, tenant=tenant)
    for person in (story.customer, story.helper):
        assert await entries(jobs, await subscribe(jobs, person, tenant), tenant) == []
    await story.book()
    found = []
    for person in (story.customer, story.helper):
        [entry] = await entries(jobs, await subscribe(jobs, person, tenant), tenant)
        assert entry.decoded("dtstart") == in_two_days()
        assert entry["dtstart"].params["TZID"] == zone
        assert entry["status"] == "TENTATIVE"
        assert "Invalidenstraße 1" in entry["location"]
        found.append(entry)
    assert found[0]["uid"] == found[1]["uid"]
    text = (await fetch(jobs, await subscribe(jobs, story.helper, tenant), tenant)).text
    assert f"TZID:{zone}" in text.replace("\r\n ", "")
    assert "BEGIN:VTIMEZONE" in text


async def test_a_change_is_the_same_entry_with_a_higher_sequence(jobs: Harness):
    story = await ask(jobs)
    await story.book()
    path = await subscribe(jobs, story.customer)
    [before] = await entries(jobs, path)
    await story.step("confirm", by=story.helper)
    move = {"slot": slot(in_two_days() + DAY)}
    await story.step("propose-reschedule", move, by=story.customer)
    await story.step("accept-reschedule", by=story.helper)
    [moved] = await entries(jobs, path)
    assert (moved["uid"], moved["status"]) == (before["uid"], "CONFIRMED")
    assert moved["sequence"] > before["sequence"]
    assert moved.decoded("dtstart") == in_two_days() + DAY
    reason = {"reason": "ill", "cause_party": "customer"}
    await story.step("cancel", reason, by=story.customer)
    [gone] = await entries(jobs, path)
    assert (gone["uid"], gone["status"], gone["transp"]) == (
        before["uid"],
        "CANCELLED",
        "TRANSPARENT",
    )
    jobs.travel(95 * DAY)
    assert await entries(jobs, path) == []


async def test_only_the_latest_address_works_and_only_at_home(jobs: Harness):
    person = await jobs.person()
    first = await subscribe(jobs, person)
    second = await subscribe(jobs, person)
    assert (await fetch(jobs, first)).status_code == 404
    assert (await fetch(jobs, second)).status_code == 200
    assert (await fetch(jobs, second, "swisscom")).status_code == 404
    async with jobs.client(person) as client:
        assert (await client.delete("/v1/me/calendar")).status_code == 204
        assert (await client.delete("/v1/me/calendar")).status_code == 204
    assert (await fetch(jobs, second)).status_code == 404


async def test_a_guess_opens_nothing(jobs: Harness):
    person = await jobs.person()
    path = await subscribe(jobs, person)
    for token in (person, f"{person}.", f"{person}.x", f"{new_id('acc')}.x", ".", "x"):
        answer = await fetch(jobs, f"/v1/me/calendar.ics?token={token}")
        assert answer.status_code == 404, token
    assert (await fetch(jobs, "/v1/me/calendar.ics")).status_code == 422
    stored = await jobs.scope().database.collection("feeds").find_one({"_id": person})
    assert path.rpartition(".")[2] not in str(stored)


async def test_the_suspended_and_the_forgotten_have_no_calendar(jobs: Harness):
    one, two = await jobs.person(), await jobs.person()
    paths = [await subscribe(jobs, each) for each in (one, two)]
    gone = AccountSuspended(facts_of(one, "de", "suspended"))
    await jobs.deliver(gone, subject=one, sequence=2)
    await JobsData().erase(two, jobs.scope())
    assert [(await fetch(jobs, path)).status_code for path in paths] == [404, 404]
    assert await jobs.scope().store(FeedStore).find(two) is None


async def test_words_of_a_title_cannot_become_properties(jobs: Harness):
    story: Story = await ask(jobs, title="WLAN; ATTENDEE:mailto:x, \\n ende")
    await story.book()
    [entry] = await entries(jobs, await subscribe(jobs, story.customer))
    assert "attendee" not in entry
    assert "WLAN; ATTENDEE:mailto:x" in entry["summary"]
