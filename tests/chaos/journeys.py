"""The load: whole journeys of customers and helpers in both tenants, side by side."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from shared.kernel.ids import new_id
from tests.chaos.people import Answer, Person

Journey = Callable[["Town", Person, Person, Random], Awaitable[None]]

STARTS = (8, 10, 12, 14, 16, 18)
"""Hours of the day at which appointments begin; each takes two hours."""

DAYS = 50
"""Appointments lie within so many days, so that two of them sometimes collide."""

CHANGED_SINCE = 412
ARRIVAL = 30.0
"""Seconds to wait for what an event must bring first."""


@dataclass
class Town:
    """One tenant's people. suspect is somebody whose account support closes and opens again."""

    tenant: str
    currency: str
    zone: str
    customers: list[Person]
    helpers: list[Person]
    support: Person
    suspect: str
    profiles: dict[str, dict[str, Any]]
    over: asyncio.Event = field(default_factory=asyncio.Event)
    talks: dict[tuple[str, str], str] = field(default_factory=dict)

    def slot(self, dice: Random) -> dict[str, str]:
        """Some two hours within the next weeks."""
        day = datetime.now(ZoneInfo(self.zone)) + timedelta(days=2 + dice.randrange(DAYS))
        start = day.replace(hour=dice.choice(STARTS), minute=0, second=0, microsecond=0)
        return {"start": start.isoformat(), "end": (start + timedelta(hours=2)).isoformat()}

    def money(self, amount: int) -> dict[str, Any]:
        return {"amount_minor": amount, "currency": self.currency}

    def terms(self, helper: Person, slot: dict[str, str]) -> dict[str, Any]:
        """An offer of ninety minutes by this helper, or a counter-offer to it."""
        return {
            "slot": slot,
            "minutes": 90,
            "hourly_rate": self.profiles[helper.id]["hourly_rate"],
            "travel": self.money(300),
        }


async def live(town: Town, dice: Random) -> None:
    """Everybody does what they do until the run is over; then finishes what was begun."""
    tasks = [_lead_a_life(town, customer, Random(dice.random())) for customer in town.customers]
    tasks += [_keep_profile(town, helper) for helper in town.helpers]
    await asyncio.gather(*tasks, _keep_order(town), _move_in(town))


async def _lead_a_life(town: Town, customer: Person, dice: Random) -> None:
    while not town.over.is_set():
        helper = dice.choice(town.helpers)
        journey: Journey = dice.choices((_have_work_done, _talk), (3, 2))[0]
        await journey(town, customer, helper, dice)
        await _pause(town, dice.uniform(0, 0.3))


async def _have_work_done(town: Town, customer: Person, helper: Person, dice: Random) -> None:
    """From the request to both reviews, or to one of the earlier ends."""
    slot = town.slot(dice)
    request = await customer.command(
        "job", "", "request", "/v1/jobs", _request(town, helper, slot), subject_from="id"
    )
    if not request.good:
        return
    job = _Job(request.body["id"], town)
    if dice.random() < 0.1:
        await job.step(customer, "withdraw")
    elif await _agree(job, customer, helper, slot, dice):
        await _visit(job, customer, helper, dice)


async def _agree(
    job: "_Job", customer: Person, helper: Person, slot: dict[str, str], dice: Random
) -> bool:
    """Whether the job is booked in the end."""
    town = job.town
    told = await job.step(helper, "offer", town.terms(helper, slot))
    sides = [customer, helper]
    for _ in range(dice.randrange(3)):
        if not told.good:
            break
        counter = town.terms(helper, slot) | {"offer_id": _offer(told), "travel": town.money(200)}
        told = await job.step(sides[0], "counter", counter)
        sides.reverse()
    if told.good:
        told = await job.step(sides[0], "accept", {"offer_id": _offer(told)})
    if not told.good:
        await job.step(customer, "withdraw")
    return told.good


async def _visit(job: "_Job", customer: Person, helper: Person, dice: Random) -> None:
    town = job.town
    if dice.random() < 0.15:
        reason = {"reason": "not needed any more", "cause_party": "customer"}
        await job.step(customer, "cancel", reason)
        return
    if dice.random() < 0.3:
        await job.step(helper, "propose-reschedule", {"slot": town.slot(dice)})
        if not (await job.step(customer, "accept-reschedule")).good:
            await job.step(customer, "refuse-reschedule")
    for command in ("confirm", "depart", "start"):
        await job.step(helper, command)
    if dice.random() < 0.3:
        more = {"minutes": 30, "materials": town.money(900), "reason": "a longer cable"}
        await job.step(helper, "propose-change", more)
        await job.step(customer, "approve-change")
    report = {"summary": "done", "minutes": 75, "materials": town.money(0), "outcome": "solved"}
    await job.step(helper, "deliver", report)
    if (await job.step(customer, "complete")).good:
        await asyncio.gather(_review(job, customer, dice), _review(job, helper, dice))


async def _review(job: "_Job", author: Person, dice: Random) -> None:
    """Once the invitation is there; it comes by an event."""
    marks = ("overall", "communication", "punctuality", "quality", "price_as_agreed")
    body = {"job_id": job.id, "text": "as agreed", **{mark: dice.randint(3, 5) for mark in marks}}
    deadline = asyncio.get_running_loop().time() + ARRIVAL
    while not await _invited(author, job.id):
        if asyncio.get_running_loop().time() > deadline:
            author.street.seen["invitations not waited for"] += 1
            return
        await asyncio.sleep(0.5)
    await author.command("review", job.id, "write", "/v1/reviews", body)


async def _invited(author: Person, job_id: str) -> bool:
    answer = await author.ask("GET", "/v1/me/review-invitations?limit=100")
    return answer.good and any(each["job_id"] == job_id for each in answer.body["data"])


async def _talk(town: Town, customer: Person, helper: Person, dice: Random) -> None:
    """A few messages either way; one of them is sent twice, as impatient people do."""
    pair = (customer.id, helper.id)
    if pair not in town.talks:
        first = _message()
        opened = await customer.command(
            *("message", "", first["client_message_id"], "/v1/conversations"),
            first | {"helper_id": helper.id},
            subject_from="id",
        )
        if not opened.good:
            return
        town.talks[pair] = opened.body["id"]
    talk = town.talks[pair]
    for author in (helper, customer)[: dice.randint(1, 2)]:
        await _say(author, talk)
        await author.ask("POST", f"/v1/conversations/{talk}/read", {"sequence": 1})


async def _say(author: Person, talk: str) -> None:
    body = _message()
    path = f"/v1/conversations/{talk}/messages"
    said = await author.command("message", talk, body["client_message_id"], path, body)
    if said.good:
        await author.ask("POST", path, body)


async def _keep_profile(town: Town, helper: Person) -> None:
    """A new headline now and then, under the version that was seen."""
    number = 0
    while not town.over.is_set():
        number += 1
        headline = f"number {number}"
        body = town.profiles[helper.id] | {"headline": headline}
        seen = await helper.ask("GET", "/v1/helpers/me")
        if seen.good:
            told = await helper.command(
                *("profile", helper.id, headline, "/v1/helpers/me", body),
                method="PUT",
                headers={"If-Match": seen.etag},
            )
            if told.status == CHANGED_SINCE:
                await _look_again(helper, headline)
        await _pause(town, 0.8)


async def _look_again(helper: Person, headline: str) -> None:
    """A version that has passed may be our own, of which the answer was lost."""
    seen = await helper.ask("GET", "/v1/helpers/me")
    if seen.good and seen.body["headline"] == headline:
        helper.note("profile", helper.id, headline)


async def _keep_order(town: Town) -> None:
    """Support closes and opens one account again and again, until it is open in the end."""
    path = f"/v1/support/accounts/{town.suspect}"
    while not town.over.is_set():
        reason = {"reason": "looks like fraud"}
        await town.support.command("standing", town.suspect, "suspend", f"{path}/suspend", reason)
        reason = {"reason": "was none"}
        await town.support.command(
            "standing", town.suspect, "reinstate", f"{path}/reinstate", reason
        )
        await _pause(town, 0.5)


async def _move_in(town: Town) -> None:
    """Somebody registers every few seconds."""
    while not town.over.is_set():
        email = f"{new_id('person')}@people.example"
        body = {
            "email": email,
            "password": "Lakeside-violin-72-morning",
            "display_name": "New Here",
            "language": "de",
        }
        stranger = Person(town.support.street, town.tenant, "", "")
        await stranger.command("account", email, "register", "/v1/accounts", body)
        await _pause(town, 4.0)


@dataclass(frozen=True)
class _Job:
    id: str
    town: Town

    async def step(self, who: Person, command: str, body: Any = None) -> Answer:
        path = f"/v1/jobs/{self.id}/{command}"
        return await who.command("job", self.id, command, path, body)


def _request(town: Town, helper: Person, slot: dict[str, str]) -> dict[str, Any]:
    return {
        "helper_id": helper.id,
        "category": "wifi",
        "title": "no Wi-Fi",
        "description": "since this morning",
        "address": {"street": "Hauptstraße 1", "postcode": "10115", "city": "Berlin"},
        "place": town.profiles[helper.id]["place"],
        "slots": [slot],
    }


def _offer(told: Answer) -> str:
    offer: str = told.body["offers"][-1]["id"]
    return offer


def _message() -> dict[str, str]:
    return {"text": "Is tomorrow at ten all right?", "client_message_id": new_id("said")}


async def _pause(town: Town, seconds: float) -> None:
    """Or until the run is over."""
    try:
        async with asyncio.timeout(seconds):
            await town.over.wait()
    except TimeoutError:
        return
