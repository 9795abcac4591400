"""Finding help by a place's name, booking what is shown as free, and the helper's own place."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from deploy.local.story import BERLIN, ZURICH, Cast, Story
from tests.platform import Platform

PLACES = {
    "vodafone": (["Kreuzberg", "kreuzberg, Berlin", "10961"], "München", "Neustadt-Dingsda"),
    "swisscom": (["8003", "Zuerich", "Alt-Wiedikon"], "Genève", "Buchs"),
}
"""Of each tenant: names near the customer's home, one outside, one that is none in particular."""

HOLIDAYS = {"vodafone": "DE-BE", "swisscom": "CH-ZH"}


@pytest.fixture(scope="module", params=[BERLIN, ZURICH], ids=lambda cast: cast.tenant)
def story(request: pytest.FixtureRequest, platform: Platform) -> Iterator[Story]:
    """A customer and a listed helper."""
    cast: Cast = request.param
    made = platform.story(replace(cast, helper=f"{cast.helper} Sucher"))
    made._join()
    made._qualify()
    yield made
    for each in (made.customer, made.helper, made.support, made.stranger):
        each.close()


def found(story: Story, **query: Any) -> Any:
    """The helper among the hits, as soon as the search knows them."""
    options = {"skill": "wifi", "limit": 100} | query

    def hit() -> Any:
        hits = story.customer.get("/v1/helpers", **options)["data"]
        return next((each for each in hits if each["id"] == story.helper.id), None)

    return story.customer.until(hit, f"{story.helper.name} among the hits")


def test_help_is_found_by_the_name_of_a_place_and_every_hit_is_explained(story: Story):
    names, outside, vague = PLACES[story.cast.tenant]
    ranking = story.stranger.get("/v1/ranking")
    weights = {each["factor"]: each["weight"] for each in ranking["versions"][0]["factors"]}
    for name in names:
        hit = found(story, place=name)
        assert {each["factor"]: each["weight"] for each in hit["explain"]} == weights
        total = sum(each["contribution"] for each in hit["explain"])
        assert hit["score"] == pytest.approx(total, abs=0.01)
        assert hit["newcomer"] is True
    for name, code in ((outside, "unknown_place"), (vague, None)):
        refused = story.stranger.ask("GET", "/v1/helpers", params={"place": name})
        assert refused.status == 422, refused.body
        assert refused.body["errors"][0]["parameter"] == "place"
        assert code in (None, refused.body["code"])
    for named in refused.body.get("candidates", []):
        assert story.stranger.get("/v1/helpers", place=named)["searched"]["place"]


def test_helpers_see_where_they_stand_and_why(story: Story):
    lat, lon = story.cast.home
    hit = found(story, near=f"{lat},{lon}")
    own = story.helper.get("/v1/helpers/me/ranking", near=f"{lat},{lon}", skill="wifi")
    hits = story.customer.get("/v1/helpers", near=f"{lat},{lon}", skill="wifi", limit=100)["data"]
    assert own["position"] == [each["id"] for each in hits].index(story.helper.id) + 1
    assert own["score"] == hit["score"]
    assert [each["factor"] for each in own["factors"]] == [
        each["factor"] for each in hit["explain"]
    ]
    far = story.helper.get("/v1/helpers/me/ranking", near=f"{lat + 0.2},{lon}", skill="wifi")
    assert (far["position"], far["not_found"]) == (None, "out_of_reach")
    assert story.stranger.ask("GET", "/v1/helpers/me/ranking?near=1,1").status == 401


def test_what_is_shown_as_free_can_be_booked_and_is_free_no_more(story: Story):
    helper = story.helper
    profile = story._profile()
    profile["availability"] |= {"public_holidays": HOLIDAYS[story.cast.tenant]}
    assert helper.revise("/v1/helpers/me", profile).status == 200
    assert helper.get("/v1/helpers/me")["availability"]["days_off"]
    story._find_and_write()
    story._book()
    job = story.customer.get(f"/v1/jobs/{story.job_id}")
    start, end = (datetime.fromisoformat(job["slot"][each]) for each in ("start", "end"))

    def taken() -> bool:
        query = {"from": (start - timedelta(days=1)).isoformat(), "to": end.isoformat()}
        free = story.stranger.get(f"/v1/helpers/{helper.id}/slots", **query)["data"]
        return all(datetime.fromisoformat(each["end"]) <= start for each in free)

    story.customer.until(taken, "the booking among the free times")
    view = story.stranger.get(f"/v1/helpers/{helper.id}")
    assert view["statistics"]["response"]["count"] == 1
    assert view["statistics"]["response"]["new"] is True
