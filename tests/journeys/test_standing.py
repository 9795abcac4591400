"""What is told of a helper in both tenants: figures that can be told again, a place that stays
vague."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pymongo import MongoClient

from deploy.local.story import BERLIN, ZURICH, Story
from shared.kernel.geo import Point
from tests.journeys.test_third_tenant import helphood
from tests.platform import Platform

SETTLED = 1.0
"""Seconds within which an event is applied everywhere."""

WESTWARD = 0.0011
"""Degrees between the homes that a helper moves through; less than 100 m."""


@pytest.fixture(scope="module", params=[BERLIN, ZURICH], ids=lambda cast: cast.tenant)
def story(request: pytest.FixtureRequest, platform: Platform) -> Iterator[Story]:
    """Told to its end, and then the same trouble thrice more: once the helper cancels."""
    cast = request.param
    made = platform.story(replace(cast, helper=f"{cast.helper} Ziffer"))
    made.tell()
    made._book()
    made._visit()
    made._book()
    cause = {"reason": "Krank geworden", "cause_party": "helper"}
    made._command(made.helper, "cancel", cause)
    made._book()
    made._visit()
    yield made
    for each in (made.customer, made.helper, made.support, made.stranger):
        each.close()


def figures(story: Story) -> Any:
    view = story.stranger.get(f"/v1/helpers/{story.helper.id}")
    return {name: view[name] for name in ("rating", "newcomer", "jobs_completed", "statistics")}


def test_lost_figures_are_counted_anew_from_what_is_published_again(
    story: Story, platform: Platform
):
    def complete() -> bool:
        return bool(figures(story) == expected)

    response = {"median_minutes": 0, "answered": 1.0, "count": 4, "new": False}
    expected = {
        "rating": {"mean": 5.0, "count": 1},
        "newcomer": True,
        "jobs_completed": 3,
        "statistics": {
            "jobs_completed": 3,
            "reliability": {"value": 0.75, "count": 4, "new": False},
            # After the first two visits it was needed again; after the last it was not.
            "first_time_fix": {"value": 0.33, "count": 3, "new": False},
            "response": response,
        },
    }
    story.stranger.until(complete, f"{expected}, not {figures(story)}")

    client: MongoClient[Any] = MongoClient(platform.stack.database_url)
    with client:
        profiles = client["profiles"]
        assert profiles["jobs"].count_documents({"helper_id": story.helper.id}) == 4

        def lost() -> bool:
            """Again, if an event that was under way has told some of it meanwhile."""
            profiles["jobs"].delete_many({"helper_id": story.helper.id})
            nothing: dict[str, Any] = {"record": {}, "rating": None}
            profiles["helpers"].update_one({"_id": story.helper.id}, {"$set": nothing})
            time.sleep(SETTLED)
            return figures(story)["jobs_completed"] == 0 and figures(story)["rating"] is None

        story.stranger.until(lost, "the loss of the figures")
    for service in ("jobs", "reviews"):
        told = helphood(platform, "republish", service, "--tenant", story.cast.tenant)
        assert told.returncode == 0, told.stderr
    story.stranger.until(complete, "the same figures again")
    # Twice told is once counted.
    assert helphood(platform, "republish", "jobs").returncode == 0
    time.sleep(SETTLED)
    assert complete()


def test_moving_within_the_block_or_asking_again_tells_no_more_of_where_somebody_lives(
    story: Story,
):
    """Neither asking from all around, nor waiting for many moves, leaves anything to average."""
    public = Point(*story.cast.helper_place).rounded()
    lat, lon = story.cast.home
    questions = [
        {"near": f"{lat + north},{lon + east}", "radius_m": 7_000 + 333 * step, "skill": "wifi"}
        for step, (north, east) in enumerate([(0, 0), (0, 0), (0.004, -0.003), (-0.006, 0.005)])
    ]
    seen = set()
    for step in range(-2, 3):
        home = {"lat": public.lat + step * 0.0007, "lon": public.lon + step * WESTWARD}
        assert Point(**home).rounded() == public
        body = story._profile() | {"place": home}
        mine = story.helper.revise("/v1/helpers/me", body).body
        assert mine["place"] == home
        shown = [story.stranger.get(f"/v1/helpers/{story.helper.id}")["place"]]
        for question in questions:
            hits = story.stranger.get("/v1/helpers", limit=100, **question)["data"]
            hit = next(each for each in hits if each["id"] == story.helper.id)
            shown.append([hit["place"], hit["distance_m"], hit["score"], hit["explain"]])
        seen.add(str(shown))
    assert len(seen) == 1
    assert str(home["lat"]) not in seen.pop()
