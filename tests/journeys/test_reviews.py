"""Both reviews of a job from the invitation to the last word on them, in both tenants."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from deploy.local.people import Answer, Person, mails_to
from deploy.local.story import CASTS
from services.reviews.model import APPEAL_WINDOW
from shared.kernel.ids import new_id
from tests.journeys.crowd import DAY, Crowd, done, gathered, refusal
from tests.journeys.pair import travel, travelling
from tests.journeys.test_papers import TAX
from tests.platform import Platform

MINUTE = timedelta(minutes=1)
WINDOW = 14 * DAY
PATIENCE = 30.0
MARKS = ("overall", "communication", "punctuality", "quality", "price_as_agreed")


@pytest.fixture(scope="module", params=CASTS, ids=lambda cast: cast.tenant)
def crowd(platform: Platform, request: pytest.FixtureRequest) -> Iterator[Crowd]:
    with gathered(platform, request.param, helpers=5, customers=3) as made:
        yield made


@pytest.fixture
def now(crowd: Crowd) -> Iterator[datetime]:
    """The clock is right again after the test."""
    with travelling(crowd.platform):
        yield datetime.now(UTC)


def invitation(who: Person, job: str) -> Any:
    found = who.get("/v1/me/review-invitations", limit=100)["data"]
    return next((each for each in found if each["job_id"] == job), None)


def visited(crowd: Crowd, helper: Person, day: int, ahead: timedelta = timedelta(0)) -> str:
    """A completed job that both sides are invited to review."""
    customer = crowd.customers[0]
    job = crowd.completed(customer, helper, crowd.slot(ahead + day * DAY))
    for who in (customer, helper):
        who.until(partial(invitation, who, job), "the invitation")
    return job


def words(job: str, overall: int = 5, **fields: Any) -> dict[str, Any]:
    return dict.fromkeys(MARKS, 5) | {"job_id": job, "overall": overall, "text": "Gern."} | fields


def write(who: Person, job: str, overall: int = 5, **fields: Any) -> Answer:
    return who.ask("POST", "/v1/reviews", words(job, overall, **fields))


def of_helper(who: Person, helper: Person) -> list[Any]:
    """What everybody reads."""
    found: list[Any] = who.get(f"/v1/helpers/{helper.id}/reviews", limit=100)["data"]
    return found


def everything_seen(crowd: Crowd, who: Person, helper: Person, job: str, sealed: str) -> list[Any]:
    """All that could tell whether the other side has written."""
    seen: list[Any] = []
    for path in (
        "/v1/me/review-invitations",
        f"/v1/jobs/{job}/reviews",
        f"/v1/helpers/{helper.id}/reviews",
        f"/v1/helpers/{helper.id}",
        f"/v1/jobs/{job}",
    ):
        answer = who.ask("GET", path)
        seen.append((answer.status, answer.body, answer.headers.get("etag")))
    for command, body in (
        ("reply", {"text": "Ich"}),
        ("report", {"reason": "untrue"}),
        ("appeal", {"text": "Ich"}),
    ):
        answer = who.ask("POST", f"/v1/reviews/{sealed}/{command}", body)
        seen.append((answer.status, answer.body["code"], answer.body["detail"]))
    for version in range(1, 5):
        stale = {"If-Match": f'"{version}"'}
        answer = who.ask("POST", "/v1/reviews", words(job), headers=stale)
        seen.append((answer.status, answer.body["code"], answer.body["detail"]))
    lat, lon = crowd.cast.home
    hits = who.get("/v1/helpers", near=f"{lat},{lon}", limit=100)["data"]
    seen.append(next(each for each in hits if each["id"] == helper.id))
    return seen


def asked(who: Person, folder: Path) -> bool:
    """By one mail, in their language."""
    texts = list(mails_to(who.address, folder))
    return sum(text.startswith("Wie war es mit") for text in texts) == 1


def test_a_sealed_review_shows_in_nothing_until_both_are_there(crowd: Crowd):
    customer, helper = crowd.pair
    job = visited(crowd, helper, 2)
    folder = crowd.platform.stack.mail_folder
    for who in (customer, helper):
        who.until(partial(asked, who, folder), "the mail")
    unknown = new_id("review")
    before = everything_seen(crowd, helper, helper, job, unknown)
    sealed = write(customer, job, 2)
    assert (sealed.status, sealed.body["state"]) == (201, "sealed")
    customer.until(lambda: invitation(customer, job) is None, "the end of the invitation")
    assert everything_seen(crowd, helper, helper, job, sealed.body["id"]) == before
    assert refusal(write(customer, job, 5))[:2] == (409, "already_reviewed")
    assert customer.get(f"/v1/jobs/{job}/reviews")["data"] == []
    assert write(crowd.customers[1], job).status == 404
    assert write(customer, new_id("job")).status == 404

    published = write(helper, job)
    assert (published.status, published.body["state"]) == (201, "published")
    for who in (customer, helper):
        both = who.get(f"/v1/jobs/{job}/reviews")["data"]
        assert {each["by"] for each in both} == {"customer", "helper"}
    [shown] = of_helper(crowd.customers[1], helper)
    assert (shown["id"], shown["overall"]) == (sealed.body["id"], 2)

    # One reply, by the reviewed side alone; a dispute labels and does not hide.
    path = f"/v1/reviews/{shown['id']}"
    assert refusal(customer.ask("POST", f"{path}/reply", {"text": "Ich"}))[0] == 403
    assert refusal(helper.ask("POST", f"{path}/reply", {"text": "x" * 1001}))[2] == ["/text"]
    helper.post(f"{path}/reply", {"text": "Das tut mir leid."})
    twice = helper.ask("POST", f"{path}/reply", {"text": "Wirklich."})
    assert refusal(twice)[:2] == (409, "already_replied")
    done(customer, job, "dispute", {"reason": "Es geht wieder nicht."})
    customer.until(lambda: of_helper(customer, helper)[0]["disputed"], "the label", PATIENCE)
    assert of_helper(customer, helper)[0]["reply"]["text"] == "Das tut mir leid."
    done(crowd.support, job, "resolve", {"outcome": "Er kommt noch einmal."})
    customer.until(lambda: not of_helper(customer, helper)[0]["disputed"], "the end of the label")


def test_the_windows_end_publishes_one_alone_and_takes_no_more(crowd: Crowd, now: datetime):
    customer, helper = crowd.customers[0], crowd.helpers[1]
    job, silent = visited(crowd, helper, 3), visited(crowd, helper, 4)
    [mine] = [write(customer, job, 4).body["id"]]
    travel(crowd.platform, WINDOW - 2 * MINUTE)
    assert of_helper(customer, helper) == []
    assert invitation(helper, job) is not None
    travel(crowd.platform, WINDOW + 2 * MINUTE)
    customer.until(lambda: of_helper(customer, helper), "the review", PATIENCE)
    [shown] = of_helper(customer, helper)
    assert (shown["id"], shown["text"]) == (mine, "Gern.")
    for late in (write(helper, job), write(customer, silent)):
        assert refusal(late)[:2] == (409, "review_window_over")
    assert invitation(helper, job) is None

    # 30 days for a reply, no more.
    travel(crowd.platform, WINDOW + 31 * DAY)
    reply = helper.ask("POST", f"/v1/reviews/{mine}/reply", {"text": "Danke"})
    assert refusal(reply)[:2] == (409, "reply_window_over")


def test_an_appeal_is_heard_for_six_months(crowd: Crowd, now: datetime):
    customer, helper = crowd.customers[0], crowd.helpers[1]
    job = visited(crowd, helper, 6)
    mine = write(customer, job, 1).body["id"]
    assert write(helper, job).body["state"] == "published"
    helper.post(f"/v1/reviews/{mine}/report", {"reason": "untrue"})
    decision = {"decision": "remove", "reason": "Nicht belegt"}
    crowd.support.post(f"/v1/support/reviews/{mine}/decision", decision)
    appeal = partial(customer.ask, "POST", f"/v1/reviews/{mine}/appeal", {"text": "Doch."})
    travel(crowd.platform, APPEAL_WINDOW + MINUTE)
    assert refusal(appeal())[:2] == (409, "appeal_window_over")
    travel(crowd.platform, APPEAL_WINDOW - MINUTE)
    assert appeal().status == 200
    assert refusal(appeal())[:2] == (409, "already_appealed")


BAD_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"overall": 0}, "/overall"),
    ({"overall": 6}, "/overall"),
    ({"quality": 4.5}, "/quality"),
    ({"punctuality": True}, "/punctuality"),
    ({"communication": None}, "/communication"),
    ({"text": "x" * 2001}, "/text"),
    ({"text": "böse \u202e"}, "/text"),
    ({"text": "Glocke \x07"}, "/text"),
    ({"job_id": {"$gt": ""}}, "/job_id"),
    ({"stars": 5}, "/stars"),
]


def test_a_review_that_cannot_be_names_the_field_and_is_not_there(crowd: Crowd):
    customer, helper = crowd.customers[0], crowd.helpers[2]
    job = crowd.booked(customer, helper, crowd.slot(5 * DAY))
    assert refusal(write(customer, job))[:2] == (409, "not_reviewable")
    for name in ("confirm", "start"):
        done(helper, job, name)
    done(helper, job, "deliver", crowd.report())
    customer.until(lambda: invitation(customer, job) is not None, "the invitation")
    for fields, where in BAD_FIELDS:
        refused = refusal(write(customer, job, **fields))
        assert (refused[0], refused[2]) == (422, [where]), fields
    assert write(customer, job).body["state"] == "sealed"


def test_an_old_review_weighs_less_than_a_new_one_in_the_ranking_and_no_less_in_the_mean(
    crowd: Crowd, now: datetime
):
    """Two helpers with the same marks, one a year ago and one now, in another order."""
    customer, (better, worse) = crowd.customers[1], crowd.helpers[3:]
    for helper in (better, worse):
        tax = TAX[crowd.cast.tenant]
        helper.put("/v1/helpers/me/tax", tax, headers=_condition(helper))
    for ahead, marks in ((timedelta(0), (1, 5)), (340 * DAY, (5, 1))):
        travel(crowd.platform, ahead)
        for helper, overall in zip((better, worse), marks, strict=True):
            job = crowd.completed(customer, helper, crowd.slot(ahead + 8 * DAY))
            for who, mark in ((customer, overall), (helper, 5)):
                who.until(partial(invitation, who, job), "the invitation")
                assert write(who, job, mark).status == 201
    lat, lon = crowd.cast.home

    def rated() -> dict[str, tuple[Any, float]]:
        hits = customer.get("/v1/helpers", near=f"{lat},{lon}", limit=100)["data"]
        return {
            each["id"]: (
                each["rating"],
                next(f["contribution"] for f in each["explain"] if f["factor"] == "rating"),
            )
            for each in hits
        }

    both = {better.id, worse.id}
    customer.until(
        lambda: (
            {each for each, (shown, _) in rated().items() if shown and shown["count"] == 2} >= both
        ),
        "both ratings",
        PATIENCE,
    )
    found = rated()
    assert found[better.id][0] == found[worse.id][0] == {"mean": 3.0, "count": 2}
    assert found[better.id][1] > found[worse.id][1]


def _condition(helper: Person) -> dict[str, str]:
    """For the tax data, asked for already or not."""
    asked = helper.ask("GET", "/v1/helpers/me/tax")
    if asked.status == 404:
        return {"If-None-Match": "*"}
    return {"If-Match": asked.headers["etag"]}
