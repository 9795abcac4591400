"""Free times around both changes of the clocks, and two who want the same one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from deploy.local.people import Answer, Person
from deploy.local.story import BERLIN, ZURICH
from shared.kernel.ids import new_id
from tests.journeys.pair import Pair, travel, travelling
from tests.platform import Platform

BUFFER = timedelta(minutes=30)
EARLY = ("01:30", "03:30")
"""Opening times on the day of a change: around the hour that is skipped or repeated."""

CHANGES = {"spring": (3, timedelta(hours=1)), "autumn": (10, timedelta(hours=3))}
"""The month in which the clocks change on the last Sunday, and how long EARLY lasts then."""


def next_change(month: int) -> date:
    """The last Sunday of the month that is at least a week away."""
    today = datetime.now(UTC).date()
    for year in (today.year, today.year + 1):
        last = date(year, month, 31)
        sunday = last - timedelta(days=last.isoweekday() % 7)
        if sunday >= today + timedelta(days=7):
            return sunday
    raise AssertionError("there is one every year")


class Weekend:
    """Of a change: a listed helper three days before it, and two customers."""

    def __init__(self, platform: Platform, pair: Pair, sunday: date, early: timedelta) -> None:
        self.sunday, self.early = sunday, early
        self.zone = ZoneInfo(pair.cast.time_zone)
        self.pair, self.helper = pair, pair.helper
        self.customers = [platform.person(pair.cast.tenant, name) for name in ("Ina", "Ole")]

    def at(self, day: int, clock: str) -> datetime:
        """So many days after the change, by the clock on the wall; in UTC."""
        there = datetime.combine(self.sunday + timedelta(days=day), time.fromisoformat(clock))
        return there.replace(tzinfo=self.zone).astimezone(UTC)

    def describe(self, notice: timedelta = timedelta()) -> None:
        hours = [
            {"weekday": weekday, "start": start, "end": end}
            for weekday, start, end in (
                (6, "08:00", "20:00"),
                (7, *EARLY),
                (7, "08:00", "20:00"),
                (1, "08:00", "20:00"),
            )
        ]
        minute = timedelta(minutes=1)
        plan = {
            "weekly": hours,
            "buffer_minutes": BUFFER // minute,
            "notice_minutes": notice // minute,
        }
        assert self.pair.describe(availability=plan).status == 200

    def free(self) -> list[tuple[datetime, datetime]]:
        """As everybody sees it, from Saturday to Monday."""
        query = {"from": self.at(-1, "00:00").isoformat(), "to": self.at(2, "00:00").isoformat()}
        slots = self.helper.get(f"/v1/helpers/{self.helper.id}/slots", **query)["data"]
        return [
            (datetime.fromisoformat(each["start"]), datetime.fromisoformat(each["end"]))
            for each in slots
        ]

    def usual(self) -> list[tuple[datetime, datetime]]:
        """Nothing booked: the same hours on the wall before and after, EARLY as it happens."""
        dawn = self.at(0, EARLY[0])
        days = [(self.at(day, "08:00"), self.at(day, "20:00")) for day in (-1, 0, 1)]
        return [days[0], (dawn, dawn + self.early), *days[1:]]

    def slot(self, start: str, end: str) -> dict[str, str]:
        """On the day of the change."""
        return {"start": self.at(0, start).isoformat(), "end": self.at(0, end).isoformat()}

    def found(self, clock: str) -> bool:
        """By a search for somebody who is free then, on the day of the change."""
        lat, lon = self.pair.cast.home
        query = {"near": f"{lat},{lon}", "available_at": self.at(0, clock).isoformat()}
        hits = self.helper.get("/v1/helpers", limit=100, skill="wifi", **query)["data"]
        return self.helper.id in [hit["id"] for hit in hits]

    def offered(self, customer: Person, slot: dict[str, str]) -> tuple[str, Answer]:
        """The job of this customer, and what its helper's offer was answered."""
        cast = self.pair.cast
        street, postcode, city = cast.address
        lat, lon = cast.home
        request = {
            "helper_id": self.helper.id,
            "category": "wifi",
            "title": "WLAN",
            "description": "Es bricht ab.",
            "address": {"street": street, "postcode": postcode, "city": city},
            "place": {"lat": lat, "lon": lon},
            "slots": [slot],
        }
        job = customer.until(lambda: self._requested(customer, request), "the request")
        offer = {"slot": slot, "minutes": 60, "hourly_rate": self.pair.money(cast.hourly_rate)}
        return job, _command(self.helper, job, "offer", offer)

    def _requested(self, customer: Person, request: Any) -> str | None:
        """None as long as jobs does not know the helper, or the new hours."""
        key = {"Idempotency-Key": new_id("key")}
        answer = customer.ask("POST", "/v1/jobs", request, headers=key)
        assert answer.status in (201, 404, 409), answer.body
        return answer.body["id"] if answer.status == 201 else None


def _command(person: Person, job: str, command: str, body: Any) -> Answer:
    key = {"Idempotency-Key": new_id("key")}
    return person.ask("POST", f"/v1/jobs/{job}/{command}", body, headers=key)


@pytest.fixture(scope="module", params=[BERLIN, ZURICH], ids=lambda cast: cast.tenant)
def tenant(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module", params=CHANGES)
def weekend(request: pytest.FixtureRequest, platform: Platform, tenant: Any) -> Iterator[Weekend]:
    month, early = CHANGES[request.param]
    sunday = next_change(month)
    with travelling(platform):
        ahead = datetime.combine(sunday, time(9), UTC) - timedelta(days=3) - datetime.now(UTC)
        now = travel(platform, ahead)
        pair = Pair.begin(platform, tenant)
        made = Weekend(platform, pair, sunday, early)
        made.describe()
        pair.become_listed(now)
        for customer in made.customers:
            customer.join()
        yield made
        pair.close()
        for customer in made.customers:
            customer.close()


def test_free_times_follow_the_clock_on_the_wall_over_a_change(weekend: Weekend):
    assert weekend.at(1, "08:00") - weekend.at(0, "08:00") == timedelta(days=1)
    assert weekend.at(0, "08:00") - weekend.at(-1, "08:00") != timedelta(days=1)
    assert weekend.free() == weekend.usual()
    times = {"08:00": True, "07:59": False, "10:00": True, "19:00": True, "19:01": False}
    assert {clock: weekend.found(clock) for clock in times} == times


def test_of_two_who_want_the_same_time_one_gets_it_and_it_is_free_no_more(weekend: Weekend):
    helper = weekend.helper
    slot = weekend.slot("10:00", "12:00")
    wanted = []
    for customer in weekend.customers:
        job, offered = weekend.offered(customer, slot)
        assert offered.status == 200, offered.body
        wanted.append((customer, job, {"offer_id": offered.body["offers"][-1]["id"]}))
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda each: _command(each[0], each[1], "accept", each[2]), wanted))
    assert sorted(each.status for each in answers) == [200, 409]
    refused = next(each for each in answers if each.status == 409)
    assert refused.body["code"] == "slot_taken"

    before, dawn, _, after = weekend.usual()
    left = [
        before,
        dawn,
        (weekend.at(0, "08:00"), weekend.at(0, "10:00") - BUFFER),
        (weekend.at(0, "12:00") + BUFFER, weekend.at(0, "20:00")),
        after,
    ]
    helper.until(lambda: weekend.free() == left, "the booking among the free times")
    times = {"08:30": True, "09:00": False, "10:00": False, "12:29": False, "12:30": True}
    assert {clock: weekend.found(clock) for clock in times} == times

    # What is not shown as free cannot be booked either, to the minute.
    loser = weekend.customers[answers.index(refused)]
    for start, end, status in (
        ("12:29", "13:29", 409),
        ("08:31", "09:31", 409),
        ("19:30", "20:30", 409),
        ("12:30", "13:30", 200),
    ):
        _, offered = weekend.offered(loser, weekend.slot(start, end))
        assert offered.status == status, (start, offered.body)
        if status == 409:
            assert offered.body["code"] == "slot_taken"

    # Given back, it is free again.
    winner, booked, _ = next(each for each in wanted if each[0] is not loser)
    cause = {"reason": "Es geht wieder", "cause_party": "customer"}
    assert _command(winner, booked, "cancel", cause).status == 200
    helper.until(lambda: weekend.free() == weekend.usual(), "the free time after the cancellation")


def test_nobody_is_free_sooner_than_their_notice(weekend: Weekend):
    """Told on the Thursday before the change, four days ahead are Monday at the same time."""
    weekend.describe(notice=timedelta(days=4))
    thursday = datetime.combine(weekend.sunday, time(9), UTC) - timedelta(days=3)
    [(start, end)] = weekend.free()
    assert timedelta(days=4) <= start - thursday < timedelta(days=4, hours=1)
    assert end == weekend.at(1, "20:00")
    _, offered = weekend.offered(weekend.customers[0], weekend.slot("10:00", "11:00"))
    assert (offered.status, offered.body["code"]) == (409, "slot_taken")
