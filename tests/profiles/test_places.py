"""Place names and postcodes: spellings, doubles, areas; and the search by them."""

from typing import Any

import pytest

from services.profiles.gazetteer import FOLDER
from services.profiles.model.places import Area, Gazetteer, Place
from shared.kernel.errors import Invalid
from shared.kernel.geo import Point
from tests.harness import Harness
from tests.profiles.builders import filed
from tests.tenants import BERLIN, SWISSCOM, VODAFONE, ZURICH

AROUND_BERLIN = Area(BERLIN, VODAFONE.radius_m)
AROUND_ZURICH = Area(ZURICH, SWISSCOM.radius_m)
GERMANY = Area(Point(51, 10), 900_000)


def gazetteer(country: str) -> Gazetteer:
    return Gazetteer((FOLDER / f"{country}.tsv").read_text().splitlines())


GERMAN, SWISS = gazetteer("DE"), gazetteer("CH")


def german(text: str, area: Area = AROUND_BERLIN) -> str:
    return GERMAN.find(text, area).name


def swiss(text: str) -> str:
    return SWISS.find(text, AROUND_ZURICH).name


def refusal(places: Gazetteer, text: str, area: Area) -> Invalid:
    with pytest.raises(Invalid) as refused:
        places.find(text, area)
    assert refused.value.errors[0]["parameter"] == "place"
    return refused.value


@pytest.mark.parametrize(
    "spelling",
    ["Köpenick", "köpenick", "KÖPENICK", "Koepenick", "kopenick", "Ko\u0308penick", " Köpenick "],
)
def test_a_quarter_is_found_in_every_spelling(spelling: str):
    assert german(spelling) == "Köpenick"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Kreuzberg", "Kreuzberg"),
        ("Berlin-Kreuzberg", "Kreuzberg"),
        ("Kreuzberg, Berlin", "Kreuzberg"),
        ("Weissensee", "Weißensee"),
        ("Berlin", "Berlin"),
        ("Mitte", "Mitte"),
        ("10961", "10961 Berlin Kreuzberg"),
        ("10961 Berlin", "10961 Berlin Kreuzberg"),
        ("D-10961", "10961 Berlin Kreuzberg"),
    ],
)
def test_around_berlin(text: str, name: str):
    assert german(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("8003", "8003 Zürich"),
        ("8003 Zürich", "8003 Zürich"),
        ("Zuerich", "Zürich"),
        ("Zurich", "Zürich"),
        ("St. Gallen", "Sankt Gallen"),
        ("st gallen", "Sankt Gallen"),
        ("Lucerne", "Luzern"),
        ("Oerlikon", "Oerlikon"),
        ("Wiedikon", "Alt-Wiedikon"),
    ],
)
def test_around_zurich(text: str, name: str):
    assert swiss(text) == name


def test_a_postcode_is_where_its_houses_are():
    found = SWISS.find("8003", AROUND_ZURICH).point
    assert found.distance_m(Point(47.373, 8.514)) < 1_000


def test_a_place_beyond_the_area_is_told_from_one_that_nobody_knows():
    assert "outside" in refusal(GERMAN, "München", AROUND_BERLIN).detail
    assert "outside" in refusal(GERMAN, "80331", AROUND_BERLIN).detail
    for text in ("Atlantis", "99999", "00000", "x", "?!", "Kreuzberg, Atlantis"):
        unknown = refusal(GERMAN, text, AROUND_BERLIN)
        assert unknown.reason == "unknown_place"
        assert "outside" not in unknown.detail


def test_several_places_of_one_name_are_named_as_they_can_be_asked_for():
    ambiguous = refusal(GERMAN, "Neustadt", GERMANY)
    assert ambiguous.reason == "ambiguous_place"
    candidates = ambiguous.members["candidates"]
    assert 2 <= len(candidates) <= 5
    found = {GERMAN.find(each, GERMANY).point for each in candidates}
    assert len(found) == len(candidates)
    assert all(each in ambiguous.detail for each in candidates)


def test_the_area_decides_between_places_of_one_name():
    assert german("Mitte") == "Mitte"
    elsewhere = Area(Point(52.37, 9.73), 20_000)
    assert GERMAN.find("Mitte", elsewhere).point != GERMAN.find("Mitte", AROUND_BERLIN).point


def test_a_city_prevails_over_a_hamlet_of_its_name_but_not_over_an_equal():
    rows = ["Aa\t50.0\t8.0\t50000\t", "Aa\t51.0\t8.0\t900\t", "Bb\t50.0\t9.0\t900\t"]
    equals = [*rows, "Bb\t51.0\t9.0\t800\t"]
    everywhere = Area(Point(50, 8), 500_000)
    assert Gazetteer(rows).find("aa", everywhere).people == 50_000
    assert refusal(Gazetteer(equals), "Bb", everywhere).reason == "ambiguous_place"


def test_a_town_and_its_district_are_one_place():
    rows = ["Aa\t50.0\t8.0\t900\t", "Aa\t50.01\t8.0\t700\t"]
    found = Gazetteer(rows).find("Aa", Area(Point(50, 8), 9_000))
    assert found == Place("Aa", Point(50.0, 8.0), 900)


# By the search


async def search(profiles: Harness, tenant: str, **params: Any) -> Any:
    async with profiles.client(tenant=tenant) as client:
        return await client.get("/v1/helpers", params=params)


async def test_a_search_by_name_is_a_search_near_that_place(profiles: Harness):
    point = GERMAN.find("Köpenick", AROUND_BERLIN).point
    person = await filed(profiles, point, radius_m=20_000)
    named = (await search(profiles, "vodafone", place="Koepenick", limit=100)).json()
    assert person in [hit["id"] for hit in named["data"]]
    assert named["searched"] == {
        "near": {"lat": point.lat, "lon": point.lon},
        "place": "Köpenick",
        "radius_m": 10_000,
    }
    near = f"{point.lat},{point.lon}"
    pointed = (await search(profiles, "vodafone", near=near, limit=100)).json()
    assert pointed["data"] == named["data"]
    assert pointed["searched"]["place"] is None


async def test_each_tenant_searches_in_its_own_country(profiles: Harness):
    found = (await search(profiles, "swisscom", place="8003")).json()
    assert found["searched"]["place"] == "8003 Zürich"
    unknown = await search(profiles, "vodafone", place="8003")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_place")


async def test_a_page_of_a_named_search_goes_on(profiles: Harness):
    point = SWISS.find("Baden", AROUND_ZURICH).point
    for _ in range(3):
        await filed(profiles, point, "swisscom", radius_m=20_000)
    first = await search(profiles, "swisscom", place="Baden", limit=2)
    async with profiles.client(tenant="swisscom") as client:
        second = await client.get(first.links["next"]["url"])
    both = [hit["id"] for page in (first, second) for hit in page.json()["data"]]
    assert len(both) == len(set(both)) >= 3


async def test_an_ambiguous_place_names_its_candidates(profiles: Harness):
    refused = await search(profiles, "swisscom", place="Buchs")
    assert (refused.status_code, refused.json()["code"]) == (422, "ambiguous_place")
    for candidate in refused.json()["candidates"]:
        answer = await search(profiles, "swisscom", place=candidate)
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("params", "parameter"),
    [
        ({"place": "x" * 10_000}, "place"),
        ({"place": "Ⓚ" * 80}, "place"),
        ({"place": "Kreuz\u202eberg"}, "place"),
        ({"place": "Kreuz\nberg"}, "place"),
        ({"place": "  "}, "place"),
        ({"place": ""}, "place"),
        ({"place": "$ne"}, "place"),
        ({"place": ["Kreuzberg", "Mitte"]}, "place"),
        ({"place": "Kreuzberg", "near": "52.5,13.4"}, "place"),
        ({"place": ",,,,"}, "place"),
        ({"place": "Kreuzberg", "radius_m": 0}, "radius_m"),
        ({"place": "Kreuzberg", "skill": "plumbing"}, "skill"),
    ],
)
async def test_what_is_no_place_is_refused(
    profiles: Harness, params: dict[str, Any], parameter: str
):
    refused = await search(profiles, "vodafone", **params)
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["parameter"] == parameter
