"""Many people who live next door to each other, and the jobs between them, through the gateway."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.local.neighbours import Neighbour, berlin
from deploy.local.people import Answer, Person
from deploy.local.seed import Somebody, open_accounts, settle, somebody, staff
from deploy.local.story import Cast
from shared.contracts.profiles import WeeklyHours
from shared.kernel.geo import Point
from shared.kernel.ids import new_id
from shared.kernel.money import Money
from tests.platform import Platform

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TEXT = {"text": "Guten Tag, haben Sie Zeit?"}


@dataclass
class Crowd:
    """Listed helpers who are free around the clock, and customers at the cast's home.

    Their accounts are made as those of the demo are; whatever they do goes through the gateway.
    """

    platform: Platform
    cast: Cast
    helpers: list[Person]
    customers: list[Person]
    support: Person
    admin: Person

    @property
    def pair(self) -> tuple[Person, Person]:
        """The first customer and the first helper."""
        return self.customers[0], self.helpers[0]

    def money(self, amount: int) -> dict[str, Any]:
        return {"amount_minor": amount, "currency": self.cast.currency}

    def slot(self, ahead: timedelta = 2 * DAY, length: timedelta = 2 * HOUR) -> dict[str, str]:
        """From the true now, on the full hour."""
        start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + ahead
        return {"start": start.isoformat(), "end": (start + length).isoformat()}

    def wish(self, helper: Person | None = None, **fields: Any) -> dict[str, Any]:
        """The body of a request; a broadcast without a helper."""
        whom: dict[str, Any] = {"helper_id": helper.id} if helper else {"broadcast": True}
        street, postcode, city = self.cast.address
        lat, lon = self.cast.home
        body = {
            "category": "wifi",
            "title": "WLAN im Bad",
            "description": "Es bricht ab.",
            "address": {"street": street, "postcode": postcode, "city": city},
            "place": {"lat": lat, "lon": lon},
            "slots": [self.slot()],
        }
        return whom | body | fields

    def terms(self, **fields: Any) -> dict[str, Any]:
        """The body of an offer: an hour, and the way."""
        body = {
            "slot": self.slot(),
            "minutes": 60,
            "hourly_rate": self.money(self.cast.hourly_rate),
            "travel": self.money(self.cast.travel),
        }
        return body | fields

    def report(self, **fields: Any) -> dict[str, Any]:
        """The body of a delivery."""
        return {"summary": "Kanal gewechselt", "minutes": 60, "outcome": "solved"} | fields

    def requested(
        self, customer: Person, helper: Person | None = None, **fields: Any
    ) -> dict[str, Any]:
        """The job; a helper or customer of whom jobs has not heard yet is waited for."""

        def asked() -> Any:
            answer = give(customer, "/v1/jobs", self.wish(helper, **fields))
            assert answer.status in (201, 403, 404), answer.body
            return answer.body if answer.status == 201 else None

        job: dict[str, Any] = customer.until(asked, "the request")
        return job

    def booked(self, customer: Person, helper: Person, slot: dict[str, str]) -> str:
        """The id of a job of the two at this time."""
        job: str = self.requested(customer, helper, slots=[slot])["id"]
        offered = done(helper, job, "offer", self.terms(slot=slot))
        done(customer, job, "accept", {"offer_id": offered["offers"][-1]["id"]})
        return job

    def completed(self, customer: Person, helper: Person, slot: dict[str, str]) -> str:
        job = self.booked(customer, helper, slot)
        for command in ("confirm", "start"):
            done(helper, job, command)
        done(helper, job, "deliver", self.report())
        done(customer, job, "complete")
        return job

    def talk(self, customer: Person, helper: Person, **fields: Any) -> Answer:
        """The answer to an opening word; a person messaging has not heard of is waited for."""
        body = TEXT | {"helper_id": helper.id, "client_message_id": new_id("m")} | fields
        answers: list[Answer] = []

        def opened() -> bool:
            answers.append(customer.ask("POST", "/v1/conversations", body))
            return answers[-1].status not in (403, 404)

        customer.until(opened, "the conversation")
        return answers[-1]

    def called(self, person: Person, job: str, kind: str = "other") -> str:
        """The id of a case that a side of the job opened."""
        body = {"type": kind, "reason": "Bitte sehen Sie sich das an."}
        case: str = person.post(f"/v1/jobs/{job}/cases", body)["id"]
        return case


def give(person: Person, path: str, body: Any = None, **headers: str) -> Answer:
    """A POST with a key of its own, whatever the answer."""
    return person.ask("POST", path, body, headers={"Idempotency-Key": new_id("key")} | headers)


def command(person: Person, job: str, name: str, body: Any = None) -> Answer:
    return give(person, f"/v1/jobs/{job}/{name}", body)


def done(person: Person, job: str, name: str, body: Any = None) -> dict[str, Any]:
    """The job after a command that was carried out."""
    answer = command(person, job, name, body)
    assert answer.status == 200, (name, answer.body)
    view: dict[str, Any] = answer.body
    return view


def refusal(answer: Answer) -> tuple[int, str, list[str]]:
    """Status, code and the places that a problem document names."""
    kind = answer.headers["content-type"]
    assert kind.startswith("application/problem+json"), (answer.status, answer.body)
    places = [each.get("pointer", each.get("parameter")) for each in answer.body.get("errors", [])]
    return answer.status, answer.body["code"], places


@contextmanager
def gathered(
    platform: Platform,
    cast: Cast,
    *,
    helpers: int = 1,
    customers: int = 1,
    languages: tuple[str, str] = ("de", "de"),
) -> Iterator[Crowd]:
    """Strangers to every other journey. languages: the customers', and the helpers'."""
    name = new_id("x")
    model = berlin(1)[0]
    neighbours = [
        _neighbour(model, cast, f"helfer-{name}-{each}", languages[1]) for each in range(helpers)
    ]
    guests = [
        Somebody(cast.tenant, f"kunde-{name}-{each}@people.example", f"Kunde {each}", languages[0])
        for each in range(customers)
    ]
    tokens = open_accounts(platform.stack, [*staff(), *map(somebody, neighbours), *guests])
    settle(platform.stack, neighbours, tokens, lambda _: None)

    def person(who: Somebody) -> Person:
        made = platform.person(cast.tenant, who.display_name)
        made.id, made.address, made.language = who.id, who.email, who.language
        made.believe(tokens[who.id])
        return made

    by_role = {each.roles[-1]: each for each in staff() if each.tenant == cast.tenant}
    crowd = Crowd(
        platform,
        cast,
        [person(somebody(each)) for each in neighbours],
        [person(each) for each in guests],
        person(by_role["support"]),
        person(by_role["tenant_admin"]),
    )
    yield crowd
    for each in (*crowd.helpers, *crowd.customers, crowd.support, crowd.admin):
        each.close()


def _neighbour(model: Neighbour, cast: Cast, name: str, language: str) -> Neighbour:
    whole = [WeeklyHours(weekday=day, start="00:00", end="24:00") for day in range(1, 8)]
    return replace(
        model,
        tenant=cast.tenant,
        email=f"{name}@people.example",
        display_name="Helga Helfer",
        language=language,
        skills=("wifi",),
        hourly_rate=Money(cast.hourly_rate, cast.currency),
        min_minutes=15,
        place=Point(*cast.helper_place),
        radius_m=8000,
        weekly=tuple(whole),
    )
