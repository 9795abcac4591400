"""A year of two helpers, by the clock of the business: one tenant demands an insurance, one not."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.local.people import Person, mails_to
from deploy.local.story import BERLIN, ZURICH, Cast
from tests.platform import Platform

QUIET = 2.5
"""Seconds in which the timer goes off twice: what has not come by then does not come."""

OTHER_CURRENCY = {"EUR": "CHF", "CHF": "EUR"}


@dataclass
class Year:
    """A helper with a profile, and the support of their tenant."""

    platform: Platform
    cast: Cast
    helper: Person
    support: Person

    @classmethod
    def begin(cls, platform: Platform, cast: Cast) -> "Year":
        helper = platform.person(cast.tenant, cast.helper).join()
        support = platform.person(cast.tenant, cast.support).join()
        role = {"email": support.address, "role": "support"}
        platform.admin.request("POST", f"/v1/admin/tenants/{cast.tenant}/roles", role)
        support.log_in()
        year = cls(platform, cast, helper, support)
        helper.until(
            lambda: year.describe(cast.currency, headers={"If-None-Match": "*"}) == 201,
            "the profile",
        )
        photo = {"Content-Type": "image/jpeg"}
        helper.put("/v1/helpers/me/photo", content=platform.photo, headers=photo)
        return year

    def describe(self, currency: str, **options: Any) -> int:
        """The status of the answer."""
        lat, lon = self.cast.helper_place
        week = [{"weekday": day, "start": "08:00", "end": "20:00"} for day in range(1, 8)]
        body = {
            "headline": "Ein Jahr lang da",
            "bio": "<b>WLAN</b> und mehr",
            "skills": ["wifi"],
            "languages": ["de"],
            "hourly_rate": {"amount_minor": self.cast.hourly_rate, "currency": currency},
            "place": {"lat": lat, "lon": lon},
            "radius_m": 8000,
            "trader_status": "private",
            "availability": {"weekly": week},
        }
        return self.helper.ask("PUT", "/v1/helpers/me", body, **options).status

    def insure(self, until: datetime) -> str:
        """Handed in, looked at and verified; the document's id."""
        form = {
            "kind": "insurance",
            "insurer": "Mobiliar",
            "policy_number": "G-1182-7734",
            "sum_minor": "500000000",
            "covers_paid_work": "true",
            "valid_until": until.date().isoformat(),
        }
        file = {"file": ("police.jpg", self.platform.photo, "image/jpeg")}
        document = self.helper.post("/v1/helpers/me/documents", data=form, files=file)["id"]
        path = f"/v1/support/documents/{document}"
        assert self.support.ask("GET", f"{path}/file").status == 200
        self.support.post(f"{path}/decision", {"decision": "verified"})
        return str(document)

    def qualify(self) -> None:
        path = f"/v1/admin/tenants/{self.cast.tenant}/question-banks/wifi"
        bank = self.platform.admin.request("GET", path)
        right = {
            text
            for question in bank["questions"]
            for option in question["options"]
            if option["right"]
            for text in option["text"].values()
        }
        attempt = self.helper.post("/v1/helpers/me/attempts", {"skill": "wifi"})
        answers = {
            question["id"]: next(o["id"] for o in question["options"] if o["text"] in right)
            for question in attempt["questions"]
        }
        path = f"/v1/helpers/me/attempts/{attempt['id']}/answers"
        assert self.helper.post(path, {"answers": answers})["passed"]

    def standing(self) -> tuple[str, list[str], bool]:
        """Status, what is missing, and whether insured."""
        me = self.helper.get("/v1/helpers/me")
        return me["status"], me["missing"], me["insured"]

    def becomes(self, status: str, missing: list[str], insured: bool) -> None:
        expected = (status, missing, insured)
        self.helper.until(lambda: self.standing() == expected, f"{expected}")
        with self.platform.visitor(self.cast.tenant) as neighbour:
            lat, lon = self.cast.helper_place
            hits = neighbour.get("/v1/helpers", near=f"{lat},{lon}", skill="wifi")["data"]
        assert (self.helper.id in [hit["id"] for hit in hits]) == (status == "listed")

    def warned(self, subject: str, times: int) -> None:
        """Exactly so many mails that begin like this have come."""
        self.helper.until(lambda: len(self._mails(subject)) >= times, f"{subject} {times}")
        assert len(self._mails(subject)) == times

    def _mails(self, subject: str) -> list[str]:
        texts = mails_to(self.helper.address, self.platform.stack.mail_folder)
        return [text for text in texts if text.startswith(subject)]


@pytest.fixture
def years(platform: Platform) -> Iterator[tuple[Year, Year]]:
    """In the tenant that leaves insurance open, and in the one that demands it."""
    berlin, zurich = (Year.begin(platform, cast) for cast in (BERLIN, ZURICH))
    yield berlin, zurich
    platform.stack.clock_file.write_text("0")
    for year in (berlin, zurich):
        year.helper.close()
        year.support.close()


INSURANCE, SKILL = "Ihr Versicherungsnachweis", "Ihre Qualifikation"
UNINSURED, UNQUALIFIED = ["document:insurance"], ["qualification:wifi"]


def test_what_runs_out_is_told_in_time_and_renewed(
    platform: Platform, years: tuple[Year, Year]
) -> None:
    berlin, zurich = years
    began = datetime.now(UTC)

    def day(number: int) -> datetime:
        """Travel there."""
        seconds = timedelta(days=number).total_seconds()
        platform.stack.clock_file.write_text(str(seconds))
        return began + timedelta(days=number)

    # Each tenant has its own money and its own demands.
    for year in years:
        etag = {"If-Match": year.helper.ask("GET", "/v1/helpers/me").headers["etag"]}
        assert year.describe(OTHER_CURRENCY[year.cast.currency], headers=etag) == 422
    assert berlin.standing() == ("draft", UNQUALIFIED, False)
    assert zurich.standing() == ("draft", [*UNQUALIFIED, *UNINSURED], False)
    for year in years:
        year.insure(began + timedelta(days=200))
        year.qualify()
        year.becomes("listed", [], True)
        refused = year.helper.ask("POST", "/v1/helpers/me/attempts", {"skill": "wifi"})
        assert (refused.status, refused.body["code"]) == (409, "still_qualified")

    # The insurance ends after 200 days: 30 and 7 days before, each helper hears of it.
    day(172)
    for year in years:
        year.warned(INSURANCE, 1)
    day(195)
    for year in years:
        year.warned(INSURANCE, 2)
    day(202)
    berlin.becomes("listed", [], False)
    zurich.becomes("unlisted", UNINSURED, False)
    time.sleep(QUIET)
    for year in years:
        year.warned(INSURANCE, 2)
    zurich.insure(began + timedelta(days=700))
    zurich.becomes("listed", [], True)

    # The qualification ends after a year: one of them qualifies anew in time, the other does not.
    day(336)
    for year in years:
        year.warned(SKILL, 1)
    zurich.qualify()
    day(359)
    berlin.warned(SKILL, 2)
    day(366)
    berlin.becomes("unlisted", UNQUALIFIED, False)
    zurich.becomes("listed", [], True)
    zurich.warned(SKILL, 1)
    berlin.qualify()
    berlin.becomes("listed", [], False)

    # The mails speak for the tenant.
    for year in years:
        brand = year.platform.admin.request("GET", "/v1/admin/tenants")["data"]
        programme = next(t for t in brand if t["slug"] == year.cast.tenant)["programme_name"]
        assert all(programme in text for text in year._mails("Ihr"))
