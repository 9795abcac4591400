"""A year of two helpers, by the clock of the business: one tenant demands an insurance, one not."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from deploy.local.people import mails_to
from deploy.local.story import BERLIN, ZURICH
from tests.journeys.pair import Pair, travel, travelling
from tests.platform import Platform

QUIET = 2.5
"""Seconds in which the timer goes off twice: what has not come by then does not come."""

OTHER_CURRENCY = {"EUR": "CHF", "CHF": "EUR"}


class Year(Pair):
    """What the two see of each other over a year."""

    def standing(self) -> tuple[str, list[str], bool]:
        """Status, what is missing, and whether insured."""
        me = self.helper.get("/v1/helpers/me")
        return me["status"], me["missing"], me["insured"]

    def becomes(self, status: str, missing: list[str], insured: bool) -> None:
        expected = (status, missing, insured)
        self.helper.until(lambda: self.standing() == expected, f"{expected}")
        with self.platform.visitor(self.cast.tenant) as neighbour:
            lat, lon = self.cast.helper_place
            query = {"near": f"{lat},{lon}", "skill": "wifi", "limit": 100}
            found = [
                hit["insured"]
                for only in ({}, {"insured": str(insured).lower()})
                for hit in neighbour.get("/v1/helpers", **query, **only)["data"]
                if hit["id"] == self.helper.id
            ]
        assert found == ([insured] * 2 if status == "listed" else [])

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
    with travelling(platform):
        yield berlin, zurich
    for year in (berlin, zurich):
        year.close()


INSURANCE, SKILL = "Ihr Versicherungsnachweis", "Ihre Qualifikation"
UNINSURED, UNQUALIFIED = ["document:insurance"], ["qualification:wifi"]


def test_what_runs_out_is_told_in_time_and_renewed(
    platform: Platform, years: tuple[Year, Year]
) -> None:
    berlin, zurich = years
    began = datetime.now(UTC)

    def day(number: int) -> datetime:
        """Travel there."""
        return travel(platform, timedelta(days=number))

    # Each tenant has its own money and its own demands.
    for year in years:
        other = OTHER_CURRENCY[year.cast.currency]
        rate = {"amount_minor": year.cast.hourly_rate, "currency": other}
        assert year.describe(hourly_rate=rate).status == 422
    assert berlin.standing() == ("draft", UNQUALIFIED, False)
    assert zurich.standing() == ("draft", [*UNQUALIFIED, *UNINSURED], False)
    for year in years:
        year.insure(began + timedelta(days=200))
        year.qualify()
        year.becomes("listed", [], True)
        refused = year.begin_attempt()
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
        [document] = year.helper.get("/v1/helpers/me/documents")["data"]
        assert document["status"] == "expired"
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
