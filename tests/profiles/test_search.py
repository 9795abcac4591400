"""The search through the HTTP door."""

import math
import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.profiles.commands import DescribeHelper, describe_helper
from services.profiles.model import cells
from services.profiles.model.availability import Availability, Window
from services.profiles.store import HelperStore
from shared.contracts.reviews import RatingChanged, RatingFacts
from shared.kernel.geo import Point
from shared.kernel.ids import new_id
from shared.kernel.money import Money
from tests.harness import Harness
from tests.profiles.builders import ALL_WEEK, decide, filed, hand_in, listed, own
from tests.tenants import ZURICH

ANYWHERE = Availability(weekly=ALL_WEEK)


class Region:
    """A part of the world where only one test's helpers live, so that tests do not meet."""

    _next = 0

    def __init__(self) -> None:
        Region._next += 1
        self.centre = Point(-60 + Region._next * 3.0, 100.0)

    def at(self, north_m: float = 0, east_m: float = 0) -> Point:
        lat = self.centre.lat + north_m / 111_195
        return Point(lat, self.centre.lon + east_m / 111_195 / math.cos(math.radians(lat)))

    def near(self) -> str:
        return f"{self.centre.lat:.6f},{self.centre.lon:.6f}"


@pytest.fixture
def region() -> Region:
    return Region()


async def search(profiles: Harness, region: Region, tenant: str = "vodafone", **params: Any) -> Any:
    async with profiles.client(tenant=tenant) as client:
        answer = await client.get("/v1/helpers", params={"near": region.near()} | params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ids(profiles: Harness, region: Region, **params: Any) -> list[str]:
    return [hit["id"] for hit in (await search(profiles, region, **params))["data"]]


async def test_a_helper_listed_through_the_api_is_found_with_everything_shown(profiles: Harness):
    person = await listed(profiles)
    async with profiles.client() as client:
        answer = await client.get(
            "/v1/helpers",
            params={"near": "52.53,13.41", "radius_m": 10_000, "skill": "wifi", "limit": 100},
        )
    page = answer.json()
    assert page["ranking_version"] == "1"
    hit = next(hit for hit in page["data"] if hit["id"] == person)
    assert hit["display_name"] == "Ada Berger"
    assert hit["hourly_rate"] == {"amount_minor": 1500, "currency": "EUR"}
    public = Point(hit["place"]["lat"], hit["place"]["lon"])
    assert hit["distance_m"] == round(public.distance_m(Point(52.53, 13.41)), -2)
    assert (hit["rating"], hit["newcomer"], hit["insured"]) == (None, True, False)
    assert hit["trader_status"] == "private"
    assert hit["place"] != {"lat": 52.53, "lon": 13.41}
    assert [each["factor"] for each in hit["explain"]] == [
        "skill_level",
        "rating",
        "distance",
        "slot_fit",
        "reliability",
    ]
    assert sum(each["weight"] for each in hit["explain"]) == 100
    total = sum(each["contribution"] for each in hit["explain"])
    assert hit["score"] == pytest.approx(total)


async def test_only_helpers_within_the_searched_radius_are_found(profiles: Harness, region: Region):
    inside = await filed(profiles, region.at(north_m=2_200), radius_m=50_000)
    outside = await filed(profiles, region.at(north_m=3_800), radius_m=50_000)
    assert await ids(profiles, region, radius_m=3_000) == [inside]
    assert set(await ids(profiles, region, radius_m=4_600)) == {inside, outside}


async def test_a_helper_is_found_only_where_they_are_ready_to_go(profiles: Harness, region: Region):
    ready = await filed(profiles, region.at(east_m=4_200), radius_m=5_000)
    await filed(profiles, region.at(east_m=5_800), radius_m=5_000)
    assert await ids(profiles, region, radius_m=50_000) == [ready]


async def test_far_away_helpers_are_found_at_the_largest_radius(profiles: Harness, region: Region):
    far = await filed(profiles, region.at(north_m=-35_000, east_m=35_000), radius_m=50_000)
    assert await ids(profiles, region, radius_m=50_000) == [far]
    assert await ids(profiles, region, radius_m=49_000) == []


async def test_a_search_stays_in_its_tenant(profiles: Harness, region: Region):
    await filed(profiles, region.at())
    assert (await search(profiles, region, tenant="swisscom"))["data"] == []


async def test_the_skill_is_a_filter(profiles: Harness, region: Region):
    wifi = await filed(profiles, region.at(), skills=["wifi"])
    both = await filed(profiles, region.at(), skills=["wifi", "tv"])
    assert set(await ids(profiles, region, skill="wifi")) == {wifi, both}
    assert await ids(profiles, region, skill="tv") == [both]
    assert set(await ids(profiles, region)) == {wifi, both}
    assert await ids(profiles, region, skill="computer") == []


async def test_language_and_rate_are_filters(profiles: Harness, region: Region):
    cheap = await filed(profiles, region.at(), hourly_rate=Money(1000, "EUR"), languages=["de"])
    dear = await filed(profiles, region.at(), hourly_rate=Money(2500, "EUR"), languages=["tr"])
    assert await ids(profiles, region, max_rate=2499) == [cheap]
    assert set(await ids(profiles, region, max_rate=2500)) == {cheap, dear}
    assert await ids(profiles, region, language="tr") == [dear]
    assert await ids(profiles, region, max_rate=0) == []


async def test_insurance_is_a_filter(profiles: Harness):
    near: dict[str, Any] = {"near": "47.38,8.54", "limit": 100}
    person = await listed(profiles, "swisscom")
    async with profiles.client(tenant="swisscom") as client:
        insured = (await client.get("/v1/helpers", params=near | {"insured": "true"})).json()
        others = (await client.get("/v1/helpers", params=near | {"insured": "false"})).json()
    assert person in [hit["id"] for hit in insured["data"]]
    assert all(hit["insured"] for hit in insured["data"])
    assert person not in [hit["id"] for hit in others["data"]]


async def test_an_uninsured_vodafone_helper_may_become_insured(profiles: Harness):
    person = await listed(profiles)
    assert not (await own(profiles, person))["insured"]
    await decide(profiles, (await hand_in(profiles, person)).json()["id"])
    assert (await own(profiles, person))["insured"]


async def test_only_helpers_who_are_free_then_are_found(profiles: Harness, region: Region):
    zone = ZoneInfo("Europe/Berlin")
    moment = (datetime.now(zone) + timedelta(days=3)).replace(
        hour=10, minute=0, second=0, microsecond=0
    )
    day = moment.isoweekday()

    async def working(start: str, end: str, **fields: Any) -> str:
        plan = Availability(weekly=[Window(day, start, end)])
        return await filed(profiles, region.at(), availability=plan, **fields)

    free = await working("09:00", "17:00")
    starting = await working("10:00", "11:00")
    await working("10:30", "17:00")
    await working("09:00", "10:59")
    await working("09:00", "10:00")
    short = await working("09:00", "10:30", min_minutes=30)
    found = await search(profiles, region, available_at=moment.isoformat())
    assert {hit["id"] for hit in found["data"]} == {free, starting, short}
    fit = {
        hit["id"]: {each["factor"]: each["contribution"] for each in hit["explain"]}["slot_fit"]
        for hit in found["data"]
    }
    assert fit == {free: 15.0, starting: 3.75, short: 1.88}


async def test_prices_never_change_the_score(profiles: Harness, region: Region):
    for amount in (800, 2900):
        await filed(profiles, region.at(), hourly_rate=Money(amount, "EUR"))
    one, other = (await search(profiles, region))["data"]
    assert one["score"] == other["score"]
    assert one["explain"] == other["explain"]


async def test_better_rated_helpers_come_first(profiles: Harness, region: Region):
    good, poor = [await filed(profiles, region.at()) for _ in range(2)]
    for helper, score in ((good, 4.8), (poor, 2.0)):
        facts = RatingFacts(helper_id=helper, mean=score, count=9, score=score)
        await profiles.deliver(RatingChanged(facts), subject=new_id("rating"), sequence=1)
    assert await ids(profiles, region) == [good, poor]


async def test_hits_are_sorted_as_wished(profiles: Harness, region: Region):
    near = await filed(profiles, region.at(100), hourly_rate=Money(2000, "EUR"))
    middle = await filed(profiles, region.at(1_000), hourly_rate=Money(1000, "EUR"))
    far = await filed(profiles, region.at(5_000), hourly_rate=Money(1500, "EUR"))
    assert await ids(profiles, region, sort="distance") == [near, middle, far]
    assert await ids(profiles, region, sort="rate") == [middle, far, near]
    assert await ids(profiles, region, sort="score") == [near, middle, far]


async def test_a_suspended_or_unlisted_helper_is_not_found(profiles: Harness, region: Region):
    helper = await filed(profiles, region.at())
    helpers = profiles.scope().store(HelperStore)
    await helpers.update(helper, lambda each: each.on_due(each.qualifications["wifi"].valid_until))
    assert await ids(profiles, region) == []


async def test_pages_show_every_hit_once(profiles: Harness, region: Region):
    wanted = {await filed(profiles, region.at(north_m=100 * place)) for place in range(7)}
    for sort in ("score", "distance", "rate"):
        found: list[str] = []
        url = f"/v1/helpers?near={region.near()}&sort={sort}&limit=3"
        async with profiles.client() as client:
            while url:
                answer = await client.get(url)
                found += [hit["id"] for hit in answer.json()["data"]]
                url = answer.links["next"]["url"] if answer.json()["next_cursor"] else ""
        assert len(found) == 7
        assert set(found) == wanted


async def test_a_cursor_belongs_to_its_search(profiles: Harness, region: Region):
    for _ in range(3):
        await filed(profiles, region.at())
    cursor = (await search(profiles, region, limit=1))["next_cursor"]
    async with profiles.client() as client:
        for params in (
            {"near": region.near(), "cursor": cursor + "x"},
            {"near": region.near(), "cursor": cursor, "sort": "rate"},
            {"near": "52.53,13.41", "cursor": cursor},
        ):
            answer = await client.get("/v1/helpers", params=params)
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


async def test_a_crowd_is_cut_at_the_nearest_candidates(profiles: Harness, region: Region):
    crowd = {await filed(profiles, region.at()) for _ in range(200)}
    beyond = await filed(profiles, region.at(north_m=8_000))
    found: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = await search(profiles, region, limit=100, **cursor)
        found += [hit["id"] for hit in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert set(found) == crowd
    assert beyond not in found


async def test_neither_place_nor_distance_nor_score_is_exact(profiles: Harness, region: Region):
    place = region.at(north_m=1_234)
    await filed(profiles, place)
    (hit,) = (await search(profiles, region, radius_m=3_000))["data"]
    public = place.rounded()
    assert hit["distance_m"] == round(public.distance_m(region.at()), -2)
    contributions = {each["factor"]: each["contribution"] for each in hit["explain"]}
    assert contributions["distance"] == pytest.approx(20 * (1 - hit["distance_m"] / 3_000), abs=0.1)
    assert (hit["place"]["lat"], hit["place"]["lon"]) == (public.lat, public.lon)


async def test_no_radius_tells_one_neighbour_of_a_block_from_another(
    profiles: Harness, region: Region
):
    place = region.at(north_m=2_000)
    twin = next(
        other
        for east in range(50, 900, 50)
        for other in (region.at(north_m=2_000, east_m=-east), region.at(north_m=2_000, east_m=east))
        if other.rounded() == place.rounded()
    )
    both = {await filed(profiles, each, radius_m=50_000) for each in (place, twin)}
    for radius in range(1_000, 3_200, 100):
        assert set(await ids(profiles, region, radius_m=radius)) in (set(), both)


@pytest.mark.parametrize(
    ("params", "parameter"),
    [
        ({}, "near"),
        ({"near": "52.53"}, "near"),
        ({"near": "nan,13.41"}, "near"),
        ({"near": "52.53,inf"}, "near"),
        ({"near": "91,13"}, "near"),
        ({"near": "52,181"}, "near"),
        ({"near": "-90.0001,13"}, "near"),
        ({"near": "٥٢,١٣"}, "near"),
        ({"near": "52.53, 13.41"}, "near"),
        ({"near": "1e1,13"}, "near"),
        ({"near": "0x10,13"}, "near"),
        ({"near": "5" * 10_000}, "near"),
        ({"near": "Berlin"}, "near"),
        ({"near": "52.53,13.41", "radius_m": 0}, "radius_m"),
        ({"near": "52.53,13.41", "radius_m": 50_001}, "radius_m"),
        ({"near": "52.53,13.41", "radius_m": "NaN"}, "radius_m"),
        ({"near": "52.53,13.41", "radius_m": "1e4"}, "radius_m"),
        ({"near": "52.53,13.41", "skill": "plumbing"}, "skill"),
        ({"near": "52.53,13.41", "max_rate": "-1"}, "max_rate"),
        ({"near": "52.53,13.41", "max_rate": "15.5"}, "max_rate"),
        ({"near": "52.53,13.41", "language": "$ne"}, "language"),
        ({"near": "52.53,13.41", "insured": "yes"}, "insured"),
        ({"near": "52.53,13.41", "available_at": "2026-03-02T10:00:00"}, "available_at"),
        ({"near": "52.53,13.41", "available_at": "9999-12-31T23:59:59Z"}, "available_at"),
        ({"near": "52.53,13.41", "sort": "price"}, "sort"),
        ({"near": "52.53,13.41", "limit": 101}, "limit"),
        ({"near": "52.53,13.41", "limit": 0}, "limit"),
        ({"near": "52.53,13.41", "limit": "1_0"}, "limit"),
        ({"near": "52.53,13.41", "cursor": "AAAA"}, "cursor"),
        ({"near": "52.53,13.41", "skill": "wifi\x00"}, "skill"),
        ({"near": "52.53,13.41", "skill": "x" * 10_000}, "skill"),
        ({"near": "52.53,13.41", "colour": "red"}, "colour"),
        ({"near": "52.53,13.41", "skill": ""}, "skill"),
        ({"near": ["52.53,13.41", "1,1"]}, "near"),
    ],
)
async def test_bad_parameters_are_named(profiles: Harness, params: dict[str, Any], parameter: str):
    async with profiles.client() as client:
        answer = await client.get("/v1/helpers", params=params)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["parameter"] == parameter


async def test_a_place_where_nobody_lives_has_no_hits(profiles: Harness):
    async with profiles.client(tenant="swisscom") as client:
        for near in ("90,0", "-90,-180", "0,180"):
            answer = await client.get("/v1/helpers", params={"near": near, "radius_m": 50_000})
            assert answer.json()["data"] == []


async def test_cells_do_not_tell_tenants_apart_but_the_store_does(profiles: Harness):
    person = await listed(profiles, "swisscom")
    async with profiles.client(tenant="vodafone") as client:
        near = f"{ZURICH.lat},{ZURICH.lon}"
        answer = await client.get("/v1/helpers", params={"near": near, "limit": 100})
    assert person not in [hit["id"] for hit in answer.json()["data"]]


# Where somebody lives


async def test_no_search_from_anywhere_tells_neighbours_of_a_block_apart(
    profiles: Harness, region: Region
):
    """Whoever could trilaterate one of them could tell them apart: by who is found, in which
    order, at which distance, with which score, whatever the centre and the radius are.
    """
    place = region.at(north_m=2_000, east_m=300)
    home = place.rounded()
    corners = [
        each
        for north in range(-700, 701, 140)
        for east in range(-700, 701, 140)
        if (each := Point(home.lat + north / 111_195, home.lon + east / 80_000)).rounded() == home
    ]
    ends = min(corners, key=lambda each: each.lat), max(corners, key=lambda each: each.lat)
    assert ends[0].distance_m(ends[1]) > 700
    both = [await filed(profiles, each, radius_m=4_000) for each in ends]
    dice = random.Random(7)
    seen = 0
    for _ in range(40):
        centre = region.at(dice.uniform(-3_000, 6_000), dice.uniform(-4_000, 4_000))
        params = {"near": f"{centre.lat:.6f},{centre.lon:.6f}"}
        params["radius_m"] = str(dice.randint(500, 8_000))
        hits = (await search(profiles, region, **params))["data"]
        assert len(hits) in (0, 2)
        seen += len(hits)
        one, other = hits if hits else ({}, {})
        for name in ("place", "distance_m", "score", "explain"):
            assert one.get(name) == other.get(name)
        assert {hit["id"] for hit in hits} in (set(), set(both))
    assert 20 < seen < 80


async def test_moving_within_the_block_changes_nothing_that_others_see(
    profiles: Harness, region: Region
):
    """Nor does repeating the question: the public place is a fixed grid's, without any noise."""
    home = region.at(north_m=1_000).rounded()
    person = await filed(profiles, home, radius_m=20_000)
    scope = profiles.scope()
    everywhere = scope.tenant.model_copy(update={"radius_m": 20_000_000})
    wide, helpers = replace(scope, tenant=everywhere), scope.store(HelperStore)
    seen = set()
    for step in range(12):
        moved = Point(home.lat + (step - 6) * 0.0006, home.lon + (step % 5 - 2) * 0.0006)
        assert moved.rounded() == home
        profile = replace((await helpers.get(person)).profile, place=moved)
        await describe_helper(DescribeHelper(person, profile), helpers, wide)
        async with profiles.client() as client:
            shown = (await client.get(f"/v1/helpers/{person}")).json()["place"]
        (hit,) = (await search(profiles, region))["data"]
        seen.add((str(shown), str(hit["place"]), hit["distance_m"], hit["score"]))
    assert len(seen) == 1


def test_the_grid_of_public_places_is_the_same_for_everybody():
    dice = random.Random(3)
    for _ in range(500):
        place = Point(dice.uniform(45, 56), dice.uniform(5, 16))
        public = place.rounded()
        assert place.distance_m(public) < 720
        assert public.rounded() == public


async def test_a_search_reads_no_exact_place(profiles: Harness, region: Region):
    place = region.at(north_m=1_234, east_m=567)
    await filed(profiles, place)
    helpers = profiles.scope().store(HelperStore)
    keys = cells.keys_at(place.rounded(), [])
    (card,) = await helpers.filed_under(keys, 9)
    assert card.place == place.rounded() != place


async def test_a_helper_from_before_there_were_cards_is_found(profiles: Harness, region: Region):
    person = await filed(profiles, region.at())
    helpers = profiles.scope().store(HelperStore)
    await helpers._documents.update_one({"_id": person}, {"$unset": {"card": ""}})
    (hit,) = (await search(profiles, region))["data"]
    assert (hit["id"], hit["display_name"]) == (person, "Ada Berger")


async def test_on_a_public_holiday_nobody_is_found_who_keeps_it(profiles: Harness, region: Region):
    year = (profiles.scope().now + timedelta(days=7)).year
    christmas = datetime(year, 12, 25, 11, tzinfo=ZoneInfo("Europe/Berlin"))
    if christmas < profiles.scope().now:
        christmas = christmas.replace(year=year + 1)
    keeping = Availability(weekly=ALL_WEEK, public_holidays="DE-BE")
    await filed(profiles, region.at(), availability=keeping)
    working = await filed(profiles, region.at(), availability=ANYWHERE)
    assert await ids(profiles, region, available_at=christmas.isoformat()) == [working]
