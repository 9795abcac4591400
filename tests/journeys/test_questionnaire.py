"""Qualifying in both tenants: what is asked, what is told of it, and how often one may try."""

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from deploy.local.story import BERLIN, ZURICH
from tests.journeys.pair import Pair, travel, travelling
from tests.platform import Platform

LOCALES = {"vodafone": ("de", "en"), "swisscom": ("de", "fr", "en")}
PRACTICE = {
    "wifi": ("Band Steering", "DSL"),
    "tv": ("HDMI-CEC", "ARC"),
    "computer": ("Datensicherung", "Phishing"),
    "smartphone": ("SIM", "Cloud"),
}
"""Some of what practice is about, as German questions or answers name it."""


@pytest.fixture(params=[BERLIN, ZURICH], ids=lambda cast: cast.tenant)
def pair(request: pytest.FixtureRequest, platform: Platform) -> Iterator[Pair]:
    made = Pair.begin(platform, request.param)
    with travelling(platform):
        yield made
    made.close()


@pytest.mark.parametrize("tenant", LOCALES)
@pytest.mark.parametrize("skill", PRACTICE)
def test_every_tenant_asks_thirty_questions_of_practice_in_its_languages(
    platform: Platform, tenant: str, skill: str
):
    bank = platform.admin.request("GET", f"/v1/admin/tenants/{tenant}/question-banks/{skill}")
    assert bank["version"] >= 1
    assert len(bank["questions"]) >= 30
    for question in bank["questions"]:
        assert set(LOCALES[tenant]) <= set(question["text"])
        assert sum(option["right"] for option in question["options"]) == 1
        assert len(question["options"]) == 4
        for option in question["options"]:
            assert set(LOCALES[tenant]) <= set(option["text"])
    words = str([question["text"]["de"] for question in bank["questions"]])
    words += str([each["text"]["de"] for one in bank["questions"] for each in one["options"]])
    assert all(each in words for each in PRACTICE[skill])


def asked(paper: Any) -> set[str]:
    return {question["text"] for question in paper["questions"]}


def test_failing_thrice_shares_no_question_tells_nothing_and_waits_a_day(
    pair: Pair, platform: Platform
):
    """Were any answer told, or any question asked again, two papers could be combined."""
    papers, results = [], []
    for right in (0, 3, 6):
        begun = pair.begin_attempt()
        assert begun.status == 201, begun.body
        papers.append(begun.body)
        answered = pair.answer(begun.body, right)
        assert answered.status == 200, answered.body
        results.append({name: answered.body[name] for name in ("passed", "score", "valid_until")})
    assert results == [{"passed": False, "score": 0.0, "valid_until": None}] * 3
    for one, other in itertools.combinations(papers, 2):
        assert not asked(one) & asked(other)
        assert not _options(one) & _options(other)

    # What is sent names questions and choices, and marks none.
    members = {name for paper in papers for each in paper["questions"] for name in each}
    assert members == {"id", "text", "options"}
    shown = [each for paper in papers for one in paper["questions"] for each in one["options"]]
    assert {name for each in shown for name in each} == {"id", "text"}
    places = [
        place
        for paper in papers
        for question in paper["questions"]
        for place, each in enumerate(question["options"])
        if each["text"] in pair.right_texts()
    ]
    assert len(places) == 30
    assert max(places.count(place) for place in range(4)) < 22, "the right one has a usual place"

    refused = pair.begin_attempt()
    assert (refused.status, refused.body["code"]) == (409, "cool_down")
    opens = datetime.fromisoformat(refused.body["next_attempt_at"])
    assert answered.body["next_attempt_at"] == refused.body["next_attempt_at"]
    travel(platform, timedelta(hours=23, minutes=50))
    assert pair.begin_attempt().status == 409
    now = travel(platform, timedelta(hours=24, minutes=5))
    assert opens < now
    pair.qualify()


def _options(paper: Any) -> set[str]:
    return {each["id"] for question in paper["questions"] for each in question["options"]}


def test_papers_that_are_opened_and_left_count_as_failed(pair: Pair, platform: Platform):
    papers = [pair.begin_attempt() for _ in range(3)]
    assert [each.status for each in papers] == [201] * 3
    assert pair.begin_attempt().body["code"] == "cool_down"
    travel(platform, timedelta(minutes=16))
    late = pair.answer(papers[0].body, 10)
    assert (late.status, late.body["code"]) == (409, "attempt_expired")
    assert pair.begin_attempt().body["code"] == "cool_down"
    assert pair.helper.get("/v1/helpers/me")["qualifications"] == []


def test_passing_ends_the_trying(pair: Pair, platform: Platform):
    """With seven of ten as with ten of ten: what one still has open can no more be answered."""
    spare, paper = pair.begin_attempt().body, pair.begin_attempt().body
    passed = pair.answer(paper, 7)
    assert (passed.body["passed"], passed.body["score"]) == (True, passed.body["pass_mark"])
    refused = (pair.answer(spare, 10), pair.begin_attempt())
    assert [each.body["code"] for each in refused] == ["still_qualified"] * 2
    twice = pair.answer(paper, 8)
    assert (twice.status, twice.body["code"]) == (409, "attempt_closed")
    for days, status in ((304, 409), (306, 201)):
        travel(platform, timedelta(days=days))
        assert pair.begin_attempt().status == status


def test_a_paper_comes_in_the_readers_language(pair: Pair):
    bank = pair.platform.admin.request(
        "GET", f"/v1/admin/tenants/{pair.cast.tenant}/question-banks/wifi"
    )
    for language in LOCALES[pair.cast.tenant]:
        texts = {question["text"][language] for question in bank["questions"]}
        headers = {"Accept-Language": language}
        skill = {"skill": "wifi"}
        begun = pair.helper.ask("POST", "/v1/helpers/me/attempts", skill, headers=headers)
        assert begun.status == 201, begun.body
        assert asked(begun.body) <= texts
