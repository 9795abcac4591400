"""One true story: a neighbour helps a neighbour, told through the gateway step by step."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from deploy.local.people import Person, UnexpectedAnswerError, Visitor

AdminRequest = Callable[..., Any]
"""(method, path, body) at the platform administrator's API -> the answer's body."""


@dataclass(frozen=True)
class Cast:
    """Who plays in which tenant; money in minor units of currency, points in degrees."""

    tenant: str
    currency: str
    time_zone: str
    language: str
    customer: str
    helper: str
    support: str
    home: tuple[float, float]
    helper_place: tuple[float, float]
    address: tuple[str, str, str]
    hourly_rate: int
    travel: int


BERLIN = Cast(
    tenant="vodafone",
    currency="EUR",
    time_zone="Europe/Berlin",
    language="de",
    customer="Karin Vogel",
    helper="Emre Yildiz",
    support="Jana Support",
    home=(52.4986, 13.4034),
    helper_place=(52.4811, 13.4354),
    address=("Bergmannstraße 27", "10961", "Berlin"),
    hourly_rate=1500,
    travel=300,
)
ZURICH = Cast(
    tenant="swisscom",
    currency="CHF",
    time_zone="Europe/Zurich",
    language="de",
    customer="Ruth Ammann",
    helper="Luca Bernasconi",
    support="Reto Support",
    home=(47.3710, 8.5170),
    helper_place=(47.3913, 8.5153),
    address=("Zweierstrasse 106", "8003", "Zürich"),
    hourly_rate=3200,
    travel=500,
)
CASTS = (BERLIN, ZURICH)


@dataclass(frozen=True)
class Step:
    """What happened, how long it took (wall clock, waiting included), and under which trace."""

    title: str
    milliseconds: float
    trace_id: str


class Story:
    """Told by ``tell``; afterwards steps, people and the job's id stay for a closer look."""

    def __init__(
        self,
        cast: Cast,
        *,
        gateway: str,
        port: int,
        mails: Path,
        admin: AdminRequest,
        photo: bytes,
        report: Callable[[Step], None] = lambda _: None,
    ) -> None:
        def person(name: str) -> Person:
            return Person(gateway, cast.tenant, name, mails, port=port, language=cast.language)

        self.cast = cast
        self.steps: list[Step] = []
        self.customer, self.helper = person(cast.customer), person(cast.helper)
        self.support = person(cast.support)
        self.stranger = Visitor(gateway, cast.tenant, port)
        self.job_id = ""
        self.slot = _tomorrow(cast.time_zone)
        self._admin = admin
        self._photo = photo
        self._report = report

    def tell(self) -> list[Step]:
        """From registration to the rating. UnexpectedAnswerError when a step goes wrong."""
        self._join()
        self._qualify()
        self._find_and_write()
        self._book()
        self._visit()
        self._review()
        return self.steps

    @contextmanager
    def _step(self, title: str, actor: Visitor) -> Iterator[None]:
        began = time.perf_counter()
        yield
        spent = (time.perf_counter() - began) * 1000
        step = Step(title, spent, actor.answers[-1].trace_id if actor.answers else "")
        self.steps.append(step)
        self._report(step)

    def _join(self) -> None:
        for person in (self.customer, self.helper):
            with self._step(f"{person.name} registers", person):
                person.register()
            with self._step(f"{person.name} verifies the e-mail address", person):
                person.verify()
            person.log_in()

    def _qualify(self) -> None:
        helper, cast = self.helper, self.cast
        with self._step(f"{helper.name} makes a profile", helper):
            helper.put("/v1/helpers/me", self._profile(), headers={"If-None-Match": "*"})
        with self._step(f"{helper.name} adds a photo", helper):
            headers = {"Content-Type": "image/jpeg"}
            helper.put("/v1/helpers/me/photo", content=self._photo, headers=headers)
        if self._is_missing("document:insurance"):
            self._insure()
        with self._step(f"{helper.name} passes the questionnaire for Wi-Fi", helper):
            verdict = self._answer_questions()
        if not verdict["passed"]:
            raise UnexpectedAnswerError(f"the attempt failed: {verdict}")
        with self._step(f"{helper.name} is listed", helper):
            helper.until(
                lambda: helper.get("/v1/helpers/me")["status"] == "listed",
                f"the listing in {cast.tenant}",
            )

    def _profile(self) -> dict[str, Any]:
        cast = self.cast
        week = [{"weekday": day, "start": "07:00", "end": "21:00"} for day in range(1, 8)]
        return {
            "headline": "WLAN, das in jedem Zimmer ankommt",
            "bio": "Ich richte seit Jahren Router und Repeater bei Freunden ein.",
            "skills": ["wifi"],
            "languages": sorted({cast.language, "en"}),
            "hourly_rate": self._money(cast.hourly_rate),
            "min_minutes": 30,
            "place": _point(cast.helper_place),
            "radius_m": 8000,
            "trader_status": "private",
            "availability": {"weekly": week, "exceptions": []},
        }

    def _is_missing(self, item: str) -> bool:
        return item in self.helper.get("/v1/helpers/me")["missing"]

    def _insure(self) -> None:
        helper, support = self.helper, self.support
        with self._step(f"{helper.name} shows a liability insurance", helper):
            year = datetime.now(UTC).year + 1
            document = helper.post(
                "/v1/helpers/me/documents",
                data={
                    "kind": "insurance",
                    "insurer": "Mobiliar",
                    "policy_number": "G-1182-7734",
                    "sum_minor": "500000000",
                    "covers_paid_work": "true",
                    "valid_until": f"{year}-12-31",
                },
                files={"file": ("police.jpg", self._photo, "image/jpeg")},
            )
        support.register()
        support.verify()
        path = f"/v1/admin/tenants/{self.cast.tenant}/roles"
        self._admin("POST", path, {"email": support.address, "role": "support"})
        support.log_in()
        with self._step(f"{support.name} checks the insurance", support):
            path = f"/v1/support/documents/{document['id']}/decision"
            support.post(path, {"decision": "verified", "reason": "Deckung geprüft"})

    def _answer_questions(self) -> Any:
        path = f"/v1/admin/tenants/{self.cast.tenant}/question-banks/wifi"
        bank = self._admin("GET", path)
        right = {
            text
            for question in bank["questions"]
            for option in question["options"]
            if option.get("right")
            for text in option["text"].values()
        }
        attempt = self.helper.post("/v1/helpers/me/attempts", {"skill": "wifi"})
        answers = {
            question["id"]: next(
                option["id"] for option in question["options"] if option["text"] in right
            )
            for question in attempt["questions"]
        }
        path = f"/v1/helpers/me/attempts/{attempt['id']}/answers"
        return self.helper.post(path, {"answers": answers})

    def _find_and_write(self) -> None:
        customer, helper = self.customer, self.helper
        with self._step(f"{customer.name} finds {helper.name} near home", customer):
            hit = customer.until(self._hit, f"{helper.name} among the hits")
        if hit["rating"] is not None:
            raise UnexpectedAnswerError("a newcomer has no rating yet")
        with self._step(f"{customer.name} writes to {helper.name}", customer):
            body = {
                "helper_id": helper.id,
                "text": "Guten Tag, im Schlafzimmer bricht das WLAN ab. Haben Sie morgen Zeit?",
                "client_message_id": "hello-1",
            }
            conversation = customer.until(
                lambda: self._opened(body), "the conversation with a freshly listed helper"
            )
        with self._step(f"{helper.name} answers", helper):
            path = f"/v1/conversations/{conversation['id']}/messages"
            helper.post(path, {"text": "Gern, ab zehn Uhr.", "client_message_id": "re-1"})

    def _opened(self, body: dict[str, Any]) -> Any:
        answer = self.customer.ask("POST", "/v1/conversations", body)
        if answer.status == 404:
            return None
        if answer.status != 201:
            raise UnexpectedAnswerError(f"POST /v1/conversations: {answer.status} {answer.body}")
        return answer.body

    def _hit(self) -> Any:
        lat, lon = self.cast.home
        hits = self.customer.get(
            "/v1/helpers", near=f"{lat},{lon}", radius_m=10000, skill="wifi", limit=100
        )["data"]
        return next((hit for hit in hits if hit["id"] == self.helper.id), None)

    def _book(self) -> None:
        customer, helper, cast = self.customer, self.helper, self.cast
        street, postcode, city = cast.address
        with self._step(f"{customer.name} requests a job", customer):
            self.job_id = customer.post(
                "/v1/jobs",
                {
                    "helper_id": helper.id,
                    "category": "wifi",
                    "title": "WLAN im Schlafzimmer",
                    "description": "Der Router steht im Flur, im Schlafzimmer bricht es ab.",
                    "address": {"street": street, "postcode": postcode, "city": city},
                    "place": _point(cast.home),
                    "slots": [self.slot],
                },
            )["id"]
        with self._step(f"{helper.name} makes an offer", helper):
            offer = self._command(
                helper,
                "offer",
                {
                    "slot": self.slot,
                    "minutes": 90,
                    "hourly_rate": self._money(cast.hourly_rate),
                    "travel": self._money(cast.travel),
                },
            )["offers"][-1]
        with self._step(f"{customer.name} accepts", customer):
            booked = self._command(customer, "accept", {"offer_id": offer["id"]})
        if booked["state"] != "booked":
            raise UnexpectedAnswerError(f"the job is {booked['state']}")

    def _visit(self) -> None:
        customer, helper = self.customer, self.helper
        for command, told in (
            ("confirm", "confirms"),
            ("depart", "sets out"),
            ("start", "starts"),
        ):
            with self._step(f"{helper.name} {told}", helper):
                self._command(helper, command)
        with self._step(f"{helper.name} delivers", helper):
            report = {
                "summary": "Kanal gewechselt und einen Repeater auf halbem Weg gesetzt.",
                "minutes": 75,
                "materials": self._money(0),
                "outcome": "solved",
            }
            self._command(helper, "deliver", report)
        with self._step(f"{customer.name} completes the job", customer):
            self._command(customer, "complete")
        with self._step("the receipt is issued", customer):
            customer.until(self._receipt, "the receipt")

    def _receipt(self) -> Any:
        answer = self.customer.ask("GET", f"/v1/jobs/{self.job_id}/receipt")
        return answer.body if answer.status == 200 else None

    def _review(self) -> None:
        customer, helper = self.customer, self.helper
        for person, text in (
            (customer, "Pünktlich, freundlich, das WLAN läuft."),
            (helper, "Nette Kundin, alles war vorbereitet."),
        ):
            with self._step(f"{person.name} writes a review", person):
                person.until(partial(self._invited, person), "the invitation")
                person.post("/v1/reviews", self._marks(text))
        with self._step("both reviews appear at once", customer):
            seen = customer.get(f"/v1/jobs/{self.job_id}/reviews")["data"]
        if len(seen) != 2:
            raise UnexpectedAnswerError(f"{len(seen)} reviews instead of 2")
        with self._step("the next search shows the rating", customer):
            customer.until(self._rated, "the rating in the search")

    def _invited(self, person: Person) -> bool:
        invitations = person.get("/v1/me/review-invitations")["data"]
        return any(invitation["job_id"] == self.job_id for invitation in invitations)

    def _marks(self, text: str) -> dict[str, Any]:
        marks = dict.fromkeys(("overall", "communication", "punctuality", "quality"), 5)
        return {"job_id": self.job_id, **marks, "price_as_agreed": 5, "text": text}

    def _rated(self) -> bool:
        hit = self._hit()
        return bool(hit and hit["rating"] and hit["rating"]["count"] == 1)

    def _command(self, person: Person, command: str, body: dict[str, Any] | None = None) -> Any:
        path = f"/v1/jobs/{self.job_id}/{command}"
        return person.post(path, body) if body is not None else person.post(path)

    def _money(self, amount: int) -> dict[str, Any]:
        return {"amount_minor": amount, "currency": self.cast.currency}


def _point(place: tuple[float, float]) -> dict[str, float]:
    return {"lat": place[0], "lon": place[1]}


def _tomorrow(time_zone: str) -> dict[str, str]:
    """From ten to noon there; asked once, as it is another day after midnight."""
    day = datetime.now(ZoneInfo(time_zone)) + timedelta(days=1)
    start = day.replace(hour=10, minute=0, second=0, microsecond=0)
    return {"start": start.isoformat(), "end": (start + timedelta(hours=2)).isoformat()}
