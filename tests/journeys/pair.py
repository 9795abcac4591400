"""A helper and the support of their tenant, as several journeys need them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from deploy.local.people import Answer, Person
from deploy.local.story import Cast
from tests.platform import Platform

CREATE = {"If-None-Match": "*"}
ALL_DAYS = [{"weekday": day, "start": "08:00", "end": "20:00"} for day in range(1, 8)]


@contextmanager
def travelling(platform: Platform) -> Iterator[None]:
    """Afterwards the clock of the business is right again."""
    try:
        yield
    finally:
        platform.stack.clock_file.write_text("0")


def travel(platform: Platform, ahead: timedelta) -> datetime:
    """The clock of the business, so far ahead of the true one."""
    platform.stack.clock_file.write_text(str(ahead.total_seconds()))
    return datetime.now(UTC) + ahead


@dataclass
class Pair:
    """The helper has a profile and a photo; the support can review what is handed in."""

    platform: Platform
    cast: Cast
    helper: Person
    support: Person

    @classmethod
    def begin(cls, platform: Platform, cast: Cast) -> Self:
        helper = platform.person(cast.tenant, cast.helper).join()
        support = platform.person(cast.tenant, cast.support).join()
        role = {"email": support.address, "role": "support"}
        platform.admin.request("POST", f"/v1/admin/tenants/{cast.tenant}/roles", role)
        support.log_in()
        pair = cls(platform, cast, helper, support)
        helper.until(
            lambda: (
                helper.ask("PUT", "/v1/helpers/me", pair.profile(), headers=CREATE).status == 201
            ),
            "the profile",
        )
        photo = {"Content-Type": "image/jpeg"}
        helper.put("/v1/helpers/me/photo", content=platform.photo, headers=photo)
        return pair

    def close(self) -> None:
        self.helper.close()
        self.support.close()

    def profile(self, **fields: Any) -> dict[str, Any]:
        """A body that the tenant allows."""
        lat, lon = self.cast.helper_place
        return {
            "headline": "Seit Jahren da",
            "bio": "<b>WLAN</b> und mehr",
            "skills": ["wifi"],
            "languages": ["de"],
            "hourly_rate": self.money(self.cast.hourly_rate),
            "place": {"lat": lat, "lon": lon},
            "radius_m": 8000,
            "trader_status": "private",
            "availability": {"weekly": ALL_DAYS},
        } | fields

    def money(self, amount: int) -> dict[str, Any]:
        return {"amount_minor": amount, "currency": self.cast.currency}

    def describe(self, **fields: Any) -> Answer:
        """The profile with these fields, at the version one sees."""
        return self.helper.revise("/v1/helpers/me", self.profile(**fields))

    def hand_in(self, until: str, content: bytes | None = None, **fields: str) -> Answer:
        """An insurance."""
        form = {
            "kind": "insurance",
            "insurer": "Mobiliar",
            "policy_number": "G-1182-7734",
            "sum_minor": "500000000",
            "covers_paid_work": "true",
            "valid_until": until,
        } | fields
        proof = self.platform.photo if content is None else content
        file = {"file": ("police.jpg", proof, "image/jpeg")}
        return self.helper.ask("POST", "/v1/helpers/me/documents", data=form, files=file)

    def decide(self, document: str, decision: str, reason: str = "") -> Answer:
        path = f"/v1/support/documents/{document}/decision"
        return self.support.ask("POST", path, {"decision": decision, "reason": reason})

    def insure(self, until: datetime) -> str:
        """Handed in, looked at and verified; the document's id."""
        document = self.hand_in(until.date().isoformat()).body["id"]
        assert self.support.ask("GET", f"/v1/support/documents/{document}/file").status == 200
        assert self.decide(document, "verified").status == 200
        return str(document)

    def right_texts(self) -> set[str]:
        """What is right for Wi-Fi, in every language, as the administrators may read."""
        path = f"/v1/admin/tenants/{self.cast.tenant}/question-banks/wifi"
        return {
            text
            for question in self.platform.admin.request("GET", path)["questions"]
            for option in question["options"]
            if option["right"]
            for text in option["text"].values()
        }

    def begin_attempt(self) -> Answer:
        return self.helper.ask("POST", "/v1/helpers/me/attempts", {"skill": "wifi"})

    def answer(self, paper: Any, right: int) -> Answer:
        """So many of the ten questions answered rightly, the others wrongly."""
        texts, answers = self.right_texts(), {}
        for place, question in enumerate(paper["questions"]):
            wanted = place < right
            answers[question["id"]] = next(
                each["id"] for each in question["options"] if (each["text"] in texts) == wanted
            )
        path = f"/v1/helpers/me/attempts/{paper['id']}/answers"
        return self.helper.ask("POST", path, {"answers": answers})

    def qualify(self) -> None:
        assert self.answer(self.begin_attempt().body, 10).body["passed"]

    def become_listed(self, now: datetime) -> None:
        """With an insurance where the tenant demands one."""
        if "document:insurance" in self.helper.get("/v1/helpers/me")["missing"]:
            self.insure(now + timedelta(days=300))
        self.qualify()
        self.helper.until(
            lambda: self.helper.get("/v1/helpers/me")["status"] == "listed", "the listing"
        )
