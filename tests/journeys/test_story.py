"""One true story in each tenant, and what it leaves behind in the traces."""

import time

import pytest

from deploy.local.story import CASTS, Story
from tests.platform import Platform
from tests.spans import Seen

COMMANDS_THAT_TRAVEL = {
    "registers": {"identity", "profiles", "jobs", "messaging", "reviews"},
    "is listed": set(),
    "accepts": {"jobs", "profiles", "messaging"},
    "completes the job": {"jobs", "profiles", "reviews"},
}
"""Part of a step's title -> services that must appear in its trace."""

_EXPORT = 15.0


@pytest.fixture(scope="session", params=CASTS, ids=lambda cast: cast.tenant)
def story(platform: Platform, request: pytest.FixtureRequest) -> Story:
    told = platform.story(request.param)
    told.tell()
    return told


def test_the_story_is_told_whole(story: Story):
    titles = [step.title for step in story.steps]
    assert titles[0].endswith("registers")
    assert titles[-1] == "the next search shows the rating"
    assert len(titles) >= 21


def test_every_step_has_a_trace(story: Story):
    assert all(len(step.trace_id) == 32 for step in story.steps)


def test_both_sides_see_the_same_job(story: Story):
    path = f"/v1/jobs/{story.job_id}"
    for person in (story.customer, story.helper):
        job = person.get(path)
        assert job["state"] == "completed"
        assert job["address"]["street"] == story.cast.address[0]
    mine, theirs = (person.get(f"{path}/agreement") for person in (story.customer, story.helper))
    assert mine == theirs
    assert len(mine["sha256"]) == 64


def test_the_receipt_is_exact(story: Story):
    receipt = story.customer.get(f"/v1/jobs/{story.job_id}/receipt")
    cast = story.cast
    assert receipt["total"] == {
        "amount_minor": cast.hourly_rate * 75 // 60 + cast.travel,
        "currency": cast.currency,
    }


def test_the_timeline_tells_who_did_what(story: Story):
    steps = story.customer.get(f"/v1/jobs/{story.job_id}/timeline")["data"]
    states = [step["state"] for step in steps]
    assert states == [
        "requested", "offered", "booked", "confirmed", "en_route", "in_progress",
        "delivered", "completed",
    ]  # fmt: skip


def test_the_helper_is_a_helper_by_now(story: Story):
    def promoted() -> bool:
        return "helper" in story.helper.get("/v1/me")["roles"]

    assert story.helper.until(promoted, "the role")


def test_a_stranger_sees_the_helper_but_nothing_private(story: Story):
    path = f"/v1/helpers/{story.helper.id}"
    shown = story.stranger.get(path)
    assert shown["display_name"] == story.cast.helper
    text = str(shown)
    assert str(story.cast.helper_place[0]) not in text
    assert "@" not in text
    reviews = story.stranger.get(f"{path}/reviews")["data"]
    assert [review["overall"] for review in reviews] == [5]
    assert story.stranger.ask("GET", f"/v1/jobs/{story.job_id}").status == 401


@pytest.mark.parametrize(("title", "services"), COMMANDS_THAT_TRAVEL.items())
def test_a_steps_trace_reaches_every_service_it_concerns(
    platform: Platform, story: Story, title: str, services: set[str]
):
    step = next(step for step in story.steps if step.title.endswith(title))
    spans = _whole(platform, step.trace_id, services)
    assert services <= {span.service for span in spans}


def test_every_trace_of_the_story_is_one_tree(platform: Platform, story: Story):
    for step in story.steps:
        spans = _whole(platform, step.trace_id, set())
        known = {span.span for span in spans}
        roots = [span for span in spans if span.parent not in known]
        assert [(root.service, root.parent) for root in roots] == [("gateway", "")], step.title


def _whole(platform: Platform, trace: str, services: set[str]) -> list[Seen]:
    """The trace when it is complete: every parent known, every service heard of, and quiet."""
    deadline = time.monotonic() + _EXPORT
    spans: list[Seen] = []
    while time.monotonic() < deadline:
        before, spans = len(spans), platform.collector.trace(trace)
        known = {span.span for span in spans}
        orphans = [span for span in spans if span.parent and span.parent not in known]
        reached = services <= {span.service for span in spans}
        if spans and not orphans and reached and len(spans) == before:
            return spans
        time.sleep(0.3)
    return spans
