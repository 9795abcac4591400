"""The published ranking, and what helpers learn of their own place in it."""

import json
from typing import Any

import pytest

from services.profiles.model import ranking
from services.profiles.model.availability import Availability, Window
from services.profiles.model.place_in_list import place_of
from services.profiles.model.ranking import Signals
from services.profiles.model.search import Card, Search, hit, position
from services.profiles.store import HelperStore
from shared.contracts.reviews import RatingChanged, RatingFacts
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.profiles.builders import a_listed_helper, filed
from tests.profiles.test_search import Region, ids, region  # noqa: F401
from tests.tenants import BERLIN

SOME = Signals(
    skill_level=0.85,
    rating=4.4,
    distance_m=2_300,
    radius_m=10_000,
    weekly_minutes=700,
    free_minutes=None,
    jobs_kept=11,
    jobs_broken=2,
)

KNOWN = {"1": (25.5, 21.25, 15.4, 8.75, 8.26)}
"""What each version made of SOME. A line is added with a version, and never changed."""


def test_weights_and_formulas_change_only_with_the_version():
    assert ranking.contributions(SOME) == KNOWN[ranking.VERSION]
    assert {each.number for each in ranking.VERSIONS} == set(KNOWN)


def test_versions_follow_each_other_and_share_out_a_hundred_points():
    numbers = [int(each.number) for each in ranking.VERSIONS]
    days = [each.since for each in ranking.VERSIONS]
    assert numbers == list(range(1, len(numbers) + 1))
    assert days == sorted(days)
    for each in ranking.VERSIONS:
        assert sum(factor.weight for factor in each.factors) == 100


async def test_everybody_may_read_how_hits_are_ranked(profiles: Harness):
    async with profiles.client() as client:
        page = (await client.get("/v1/ranking")).json()
        hits = (await client.get("/v1/helpers", params={"near": "52.5,13.4"})).json()
    assert page["version"] == hits["ranking_version"]
    newest = page["versions"][0]
    assert newest["version"] == page["version"]
    assert newest["valid_since"] == "2026-11-22"
    assert {each["factor"]: each["weight"] for each in newest["factors"]} == ranking.WEIGHTS
    assert all(each["description"] for each in newest["factors"])


async def own_ranking(profiles: Harness, person: str, area: Region, **params: Any) -> Any:
    async with profiles.client(person) as client:
        answer = await client.get("/v1/helpers/me/ranking", params={"near": area.near(), **params})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def rated(profiles: Harness, helper: str, score: float, count: int = 9) -> None:
    facts = RatingFacts(helper_id=helper, mean=score, count=count, score=score)
    await profiles.deliver(RatingChanged(facts), subject=new_id("rating"), sequence=1)


async def test_one_stands_where_customers_see_one(profiles: Harness, region: Region):  # noqa: F811
    people = [await filed(profiles, region.at()) for _ in range(4)]
    for person, score in zip(people, (4.9, 3.0, 4.0, 2.0), strict=True):
        await rated(profiles, person, score)
    listed = await ids(profiles, region)
    for person in people:
        own = await own_ranking(profiles, person, region)
        assert (own["position"], own["of"]) == (listed.index(person) + 1, 4)
        assert own["not_found"] is None
        assert own["score"] == pytest.approx(sum(each["contribution"] for each in own["factors"]))


async def test_the_first_has_nobody_to_pass(profiles: Harness, region: Region):  # noqa: F811
    person = await filed(profiles, region.at())
    own = await own_ranking(profiles, person, region)
    assert (own["position"], own["points_to_next"], own["newcomer"]) == (1, None, True)
    assert all(each["against_next"] is None for each in own["factors"])
    assert not any(each["suffices"] for each in own["factors"])


def _cards(**one: Any) -> tuple[Card, Card]:
    """A better one of 15 hours a week and another with those of a Monday morning."""
    full = Availability([Window(day, "09:00", "12:00") for day in range(1, 6)])
    few = Availability([Window(1, "09:00", "11:00")])
    return (
        Card.of(a_listed_helper(availability=full)),
        Card.of(a_listed_helper(availability=few, **one)),
    )


def test_the_next_better_one_is_compared_with_in_words_alone():
    better, mine = _cards()
    search = Search(BERLIN, 10_000)
    found = [hit(each, search, 500.0) for each in (mine, better)]
    hits = sorted((each for each in found if each), key=lambda each: position(each, "score"))
    place = place_of(mine.id, hits)
    assert place is not None
    assert (place.position, place.missing) == (2, round(hits[0].score - hits[1].score))
    compared = {each.own.factor: each.against_next for each in place.shares}
    assert compared == {
        "skill_level": "level",
        "rating": "level",
        "distance": "level",
        "slot_fit": "clearly_behind",
        "reliability": "level",
    }
    assert [each.own.factor for each in place.shares if each.suffices] == ["slot_fit"]


async def test_nothing_of_the_others_is_told(profiles: Harness, region: Region):  # noqa: F811
    person, better = await filed(profiles, region.at(3_000)), await filed(profiles, region.at())
    await rated(profiles, better, 4.97)
    text = json.dumps(await own_ranking(profiles, person, region))
    scores = await profiles.scope().store(HelperStore).get(better)
    assert better not in text
    assert str(scores.photo_id) not in text
    assert "24.81" not in text
    allowed = {"factor", "weight", "contribution", "open", "against_next", "suffices", "advice"}
    assert set((await own_ranking(profiles, person, region))["factors"][0]) == allowed


async def test_who_is_not_found_learns_why(profiles: Harness, region: Region):  # noqa: F811
    async def reason(person: str, **params: Any) -> str:
        own = await own_ranking(profiles, person, region, **params)
        assert (own["position"], own["score"], own["factors"]) == (None, None, [])
        why: str = own["not_found"]
        return why

    near = await filed(profiles, region.at(), skills=["wifi"])
    assert await reason(near, skill="tv") == "skill_not_shown"
    far = await filed(profiles, region.at(8_000), radius_m=5_000)
    assert await reason(far) == "out_of_reach"
    assert await reason(near, near="10,10") == "out_of_reach"
    unlisted = await filed(profiles, region.at())
    helpers = profiles.scope().store(HelperStore)
    await helpers.update(
        unlisted, lambda each: each.on_due(each.qualifications["wifi"].valid_until)
    )
    assert await reason(unlisted) == "not_listed"


async def test_who_is_no_helper_has_no_ranking(profiles: Harness):
    person = await profiles.person()
    async with profiles.client(person) as client:
        assert (await client.get("/v1/helpers/me/ranking?near=52,13")).status_code == 404
    async with profiles.client() as client:
        assert (await client.get("/v1/helpers/me/ranking?near=52,13")).status_code == 401


@pytest.mark.parametrize(
    ("params", "parameter"),
    [
        ({}, "near"),
        ({"near": "nan,13"}, "near"),
        ({"near": "52.5,13.4", "radius_m": 51_000}, "radius_m"),
        ({"near": "52.5,13.4", "skill": "plumbing"}, "skill"),
        ({"near": "52.5,13.4", "helper_id": "acc_1"}, "helper_id"),
        ({"place": "Atlantis"}, "place"),
    ],
)
async def test_bad_questions_are_refused(profiles: Harness, params: dict[str, Any], parameter: str):
    person = await filed(profiles, BERLIN)
    async with profiles.client(person) as client:
        answer = await client.get("/v1/helpers/me/ranking", params=params)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["parameter"] == parameter
