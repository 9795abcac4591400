import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.reviews.model import Rating, ReviewPair
from services.reviews.store import Ratings, ReviewPairs
from shared.contracts.jobs import JobDelivered
from shared.contracts.reviews import RatingChanged, ReviewPublished, ReviewRemoved
from shared.kernel.clock import utc_now
from shared.kernel.ids import derived_id, new_id
from tests.harness import Harness
from tests.reviews.builders import (
    Job,
    a_booked_job,
    a_completed_job,
    a_delivered_job,
    a_helper,
    a_published_job,
    review_body,
    tell,
    write,
)


async def get(reviews: Harness, path: str, who: str | None = None, **options: Any) -> Any:
    async with reviews.client(who, **options) as client:
        return await client.get(path)


async def post(
    reviews: Harness,
    path: str,
    body: Any,
    who: str,
    *,
    headers: dict[str, str] | None = None,
    **options: Any,
) -> Any:
    async with reviews.client(who, **options) as client:
        return await client.post(path, json=body, headers=headers)


async def as_support(reviews: Harness) -> dict[str, Any]:
    return {"who": await reviews.person("Sue"), "roles": ("customer", "support")}


async def invitations(reviews: Harness, who: str) -> list[dict[str, Any]]:
    answer = await get(reviews, "/v1/me/review-invitations", who)
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


async def test_both_sides_find_their_invitation(reviews: Harness):
    job = await a_completed_job(reviews)
    [for_customer] = await invitations(reviews, job.customer)
    [for_helper] = await invitations(reviews, job.helper)
    assert for_customer["job_id"] == for_helper["job_id"] == job.id
    assert (for_customer["role"], for_helper["role"]) == ("customer", "helper")
    assert for_customer["peer"] == {"id": job.helper, "display_name": "Ben Krause"}
    assert for_customer["due_at"].endswith("Z")


async def test_an_invitation_goes_once_it_is_followed_and_the_others_stays_the_same(
    reviews: Harness,
):
    job = await a_completed_job(reviews)
    before = await invitations(reviews, job.helper)
    await write(reviews, job, job.customer)
    assert await invitations(reviews, job.customer) == []
    assert await invitations(reviews, job.helper) == before


async def test_invitations_come_newest_first_page_by_page(reviews: Harness):
    helper = await a_helper(reviews)
    now = utc_now()
    jobs = [
        await a_completed_job(reviews, helper=helper, at=now - timedelta(hours=age))
        for age in (3, 1, 2)
    ]
    seen, url = [], "/v1/me/review-invitations?limit=2"
    while url:
        answer = await get(reviews, url, helper)
        page = answer.json()
        seen += [item["job_id"] for item in page["data"]]
        cursor = page["next_cursor"]
        url = f"/v1/me/review-invitations?limit=2&cursor={cursor}" if cursor else ""
    assert seen == [jobs[1].id, jobs[2].id, jobs[0].id]


async def test_the_first_review_is_sealed_and_the_second_publishes(reviews: Harness):
    job = await a_completed_job(reviews)
    assert (await write(reviews, job, job.customer))["state"] == "sealed"
    assert (await write(reviews, job, job.helper))["state"] == "published"
    await reviews.published(ReviewPublished, subject=ReviewPair.key("vodafone", job.id))


async def test_a_delivered_job_can_be_reviewed_before_it_is_completed(reviews: Harness):
    job = await a_delivered_job(reviews)
    assert (await write(reviews, job, job.customer))["state"] == "sealed"


async def test_nothing_tells_that_the_other_side_has_written(reviews: Harness):
    """Everything the helper can see is the same before and after the customer's review."""
    job = await a_completed_job(reviews)
    sealed_id = derived_id("review", "vodafone", job.id, "customer")
    pair = ReviewPair.key("vodafone", job.id)

    async def all_the_helper_sees() -> list[Any]:
        seen: list[Any] = []
        for path in (
            "/v1/me/review-invitations",
            f"/v1/jobs/{job.id}/reviews",
            f"/v1/helpers/{job.helper}/reviews",
        ):
            answer = await get(reviews, path, job.helper)
            seen.append((answer.status_code, answer.json(), answer.headers.get("etag")))
        for command, body in (("reply", {"text": "I"}), ("report", {"reason": "untrue"})):
            answer = await post(reviews, f"/v1/reviews/{sealed_id}/{command}", body, job.helper)
            seen.append((answer.status_code, answer.json()["detail"]))
        for version in range(1, 5):
            answer = await post(
                reviews,
                "/v1/reviews",
                review_body(job.id),
                job.helper,
                headers={"If-Match": f'"{version}"'},
            )
            seen.append((answer.status_code, answer.json()["detail"], answer.headers.get("etag")))
        return seen

    before = await all_the_helper_sees()
    await write(reviews, job, job.customer)
    assert await all_the_helper_sees() == before
    await asyncio.sleep(0.3)
    assert [type(heard.event).__name__ for heard in reviews.heard(pair)] == ["ReviewInvited"]
    assert await reviews.scope().store(Ratings).find(Rating.key("vodafone", job.helper)) is None


async def test_the_author_does_not_see_the_own_review_published_before_the_reveal(
    reviews: Harness,
):
    job = await a_completed_job(reviews)
    await write(reviews, job, job.customer)
    answer = await get(reviews, f"/v1/jobs/{job.id}/reviews", job.customer)
    assert answer.json() == {"data": [], "next_cursor": None}


async def test_the_windows_end_reveals_by_itself(reviews: Harness):
    job = await a_completed_job(reviews)
    await write(reviews, job, job.customer)
    reviews.travel(timedelta(days=14, seconds=1))
    event = await reviews.published(ReviewPublished, subject=ReviewPair.key("vodafone", job.id))
    assert event.event.facts.customer_overall == 5
    assert event.event.facts.helper_overall is None
    page = (await get(reviews, f"/v1/helpers/{job.helper}/reviews")).json()
    assert [item["text"] for item in page["data"]] == ["Fast and friendly"]


async def test_after_the_window_nobody_writes_nor_is_invited(reviews: Harness):
    job = await a_completed_job(reviews)
    reviews.travel(timedelta(days=14, seconds=1))
    answer = await post(reviews, "/v1/reviews", review_body(job.id), job.customer)
    assert (answer.status_code, answer.json()["code"]) == (409, "review_window_over")
    assert await invitations(reviews, job.customer) == []


async def test_a_job_that_is_not_delivered_cannot_be_reviewed_yet(reviews: Harness):
    job = await a_booked_job(reviews)
    answer = await post(reviews, "/v1/reviews", review_body(job.id), job.customer)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_reviewable")


async def test_reviewing_twice_is_refused(reviews: Harness):
    job = await a_completed_job(reviews)
    await write(reviews, job, job.customer)
    answer = await post(reviews, "/v1/reviews", review_body(job.id), job.customer)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_reviewed")


async def test_a_strangers_review_is_of_no_such_job(reviews: Harness):
    job = await a_completed_job(reviews)
    stranger = await reviews.person("Eve")
    answer = await post(reviews, "/v1/reviews", review_body(job.id), stranger)
    unknown = await post(reviews, "/v1/reviews", review_body(new_id("job")), stranger)
    assert (answer.status_code, unknown.status_code) == (404, 404)
    assert answer.json()["detail"] == unknown.json()["detail"]


async def test_a_job_of_another_tenant_does_not_exist(reviews: Harness):
    job = await a_completed_job(reviews)
    answer = await post(
        reviews, "/v1/reviews", review_body(job.id), job.customer, tenant="swisscom"
    )
    assert answer.status_code == 404


async def test_a_review_waits_for_the_event_that_makes_it_possible(reviews: Harness):
    job = await a_booked_job(reviews)

    async def deliver_soon() -> None:
        await asyncio.sleep(0.3)
        facts = job.facts(state="delivered", delivered_at=utc_now())
        await tell(reviews, job, JobDelivered(facts), 2)

    _, written = await asyncio.gather(deliver_soon(), write(reviews, job, job.customer))
    assert written["state"] == "sealed"


async def test_the_same_key_gets_the_same_answer_even_after_the_reveal(reviews: Harness):
    job = await a_completed_job(reviews)
    headers = {"Idempotency-Key": "k1"}
    first = await post(reviews, "/v1/reviews", review_body(job.id), job.customer, headers=headers)
    await write(reviews, job, job.helper)
    again = await post(reviews, "/v1/reviews", review_body(job.id), job.customer, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "etag" not in again.headers


async def test_the_same_key_with_another_body_is_refused(reviews: Harness):
    job = await a_completed_job(reviews)
    headers = {"Idempotency-Key": "k1"}
    await post(reviews, "/v1/reviews", review_body(job.id), job.customer, headers=headers)
    other = review_body(job.id, overall=1)
    answer = await post(reviews, "/v1/reviews", other, job.customer, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_two_reviews_at_once_are_both_kept_and_revealed_once(reviews: Harness):
    job = await a_completed_job(reviews)
    answers = await asyncio.gather(
        write(reviews, job, job.customer), write(reviews, job, job.helper)
    )
    assert sorted(answer["state"] for answer in answers) == ["published", "sealed"]
    pair = ReviewPair.key("vodafone", job.id)
    await reviews.published(ReviewPublished, subject=pair)
    await asyncio.sleep(0.2)
    names = [type(heard.event).__name__ for heard in reviews.heard(pair)]
    assert names == ["ReviewInvited", "ReviewPublished"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"overall": 0}, "/overall"),
        ({"overall": 6}, "/overall"),
        ({"quality": "5"}, "/quality"),
        ({"quality": 4.5}, "/quality"),
        ({"punctuality": True}, "/punctuality"),
        ({"communication": None}, "/communication"),
        ({"text": "x" * 2001}, "/text"),
        ({"text": "evil \u202e text"}, "/text"),
        ({"text": "bell \x07"}, "/text"),
        ({"text": {"$ne": ""}}, "/text"),
        ({"job_id": {"$gt": ""}}, "/job_id"),
        ({"job_id": ""}, "/job_id"),
        ({"stars": 5}, "/stars"),
    ],
)
async def test_a_bad_field_is_named(reviews: Harness, changes: dict[str, Any], pointer: str):
    ada = await reviews.person()
    answer = await post(reviews, "/v1/reviews", review_body("job_x", **changes), ada)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_all_five_marks_are_needed(reviews: Harness):
    body = review_body("job_x")
    del body["price_as_agreed"]
    answer = await post(reviews, "/v1/reviews", body, await reviews.person())
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/price_as_agreed"


async def test_two_thousand_characters_are_kept_as_they_are(reviews: Harness):
    job = await a_completed_job(reviews)
    text = "<b>" + "ü" * 1996 + "!"
    await write(reviews, job, job.customer, text=text)
    await write(reviews, job, job.helper)
    page = (await get(reviews, f"/v1/helpers/{job.helper}/reviews")).json()
    assert page["data"][0]["text"] == text


async def test_writing_needs_a_token(reviews: Harness):
    async with reviews.client() as client:
        answer = await client.post("/v1/reviews", json=review_body("job_x"))
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_everybody_reads_customers_reviews_of_a_helper_and_only_those(reviews: Harness):
    job, by_customer, _ = await a_published_job(reviews)
    page = (await get(reviews, f"/v1/helpers/{job.helper}/reviews")).json()
    [item] = page["data"]
    assert item["id"] == by_customer
    assert item["author"] == {"display_name": "Ada Berger"}
    assert (item["overall"], item["category"], item["disputed"]) == (5, "wifi", False)
    about_ada = await get(reviews, f"/v1/helpers/{job.customer}/reviews")
    assert about_ada.status_code == 404


async def test_a_helper_without_reviews_has_an_empty_list_and_nobody_has_none(reviews: Harness):
    helper = await a_helper(reviews)
    assert (await get(reviews, f"/v1/helpers/{helper}/reviews")).json()["data"] == []
    assert (await get(reviews, f"/v1/helpers/{new_id('acc')}/reviews")).status_code == 404
    foreign = await get(reviews, f"/v1/helpers/{helper}/reviews", tenant="swisscom")
    assert foreign.status_code == 404


async def test_a_helpers_reviews_come_newest_first_page_by_page(reviews: Harness):
    helper = await a_helper(reviews)
    ids = [(await a_published_job(reviews, helper=helper))[1] for _ in range(3)]
    first = (await get(reviews, f"/v1/helpers/{helper}/reviews?limit=2")).json()
    assert [item["id"] for item in first["data"]] == [ids[2], ids[1]]
    path = f"/v1/helpers/{helper}/reviews?limit=2&cursor={first['next_cursor']}"
    second = (await get(reviews, path)).json()
    assert [item["id"] for item in second["data"]] == [ids[0]]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("cursor=abc", "cursor"), ("limit=0", "limit"), ("limit=101", "limit"), ("stars=5", "stars")],
)
async def test_bad_queries_are_refused(reviews: Harness, query: str, parameter: str):
    helper = await a_helper(reviews)
    answer = await get(reviews, f"/v1/helpers/{helper}/reviews?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == parameter


async def test_the_parties_see_both_reviews_and_strangers_no_job(reviews: Harness):
    job, by_customer, by_helper = await a_published_job(reviews)
    for party in (job.customer, job.helper):
        page = (await get(reviews, f"/v1/jobs/{job.id}/reviews", party)).json()
        assert [(item["id"], item["by"]) for item in page["data"]] == [
            (by_customer, "customer"),
            (by_helper, "helper"),
        ]
    stranger = await reviews.person("Eve")
    assert (await get(reviews, f"/v1/jobs/{job.id}/reviews", stranger)).status_code == 404
    assert (await get(reviews, f"/v1/jobs/{job.id}/reviews")).status_code == 401


async def test_the_helper_replies_once_for_all_to_read(reviews: Harness):
    job, by_customer, _ = await a_published_job(reviews)
    path = f"/v1/reviews/{by_customer}/reply"
    answer = await post(reviews, path, {"text": "Thank you"}, job.helper)
    assert answer.status_code == 200
    page = (await get(reviews, f"/v1/helpers/{job.helper}/reviews")).json()
    assert page["data"][0]["reply"]["text"] == "Thank you"
    again = await post(reviews, path, {"text": "And again"}, job.helper)
    assert (again.status_code, again.json()["code"]) == (409, "already_replied")


@pytest.mark.parametrize("text", ["", "   ", "x" * 1001, "a\x00b"])
async def test_a_bad_reply_is_refused(reviews: Harness, text: str):
    answer = await post(reviews, "/v1/reviews/x/reply", {"text": text}, await reviews.person())
    assert answer.status_code == 422


async def test_only_the_reviewed_side_replies_and_reports(reviews: Harness):
    job, by_customer, _ = await a_published_job(reviews)
    stranger = await reviews.person("Eve")
    for command, body in (("reply", {"text": "I"}), ("report", {"reason": "untrue"})):
        path = f"/v1/reviews/{by_customer}/{command}"
        author = await post(reviews, path, body, job.customer)
        assert (author.status_code, author.json()["code"]) == (403, "not_your_command")
        assert (await post(reviews, path, body, stranger)).status_code == 404
        foreign = await post(reviews, path, body, job.helper, tenant="swisscom")
        assert foreign.status_code == 404


async def test_a_reply_after_thirty_days_is_too_late(reviews: Harness):
    job, by_customer, _ = await a_published_job(reviews)
    reviews.travel(timedelta(days=30, seconds=1))
    answer = await post(reviews, f"/v1/reviews/{by_customer}/reply", {"text": "Late"}, job.helper)
    assert (answer.status_code, answer.json()["code"]) == (409, "reply_window_over")


async def test_an_unknown_reason_is_refused(reviews: Harness):
    answer = await post(
        reviews, "/v1/reviews/x/report", {"reason": "boring"}, await reviews.person()
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/reason"


async def reported(reviews: Harness, job: Job, review_id: str) -> None:
    path = f"/v1/reviews/{review_id}/report"
    answer = await post(reviews, path, {"reason": "untrue", "text": "Never met"}, job.helper)
    assert answer.status_code == 200
    assert answer.json()["reported"]


async def queue(reviews: Harness, **support: Any) -> list[str]:
    ids, url = [], "/v1/support/reviews?limit=1"
    while url:
        page = (await get(reviews, url, **support)).json()
        assert len(page["data"]) <= 1
        ids += [item["id"] for item in page["data"]]
        cursor = page["next_cursor"]
        url = f"/v1/support/reviews?limit=1&cursor={cursor}" if cursor else ""
    return ids


async def test_a_removed_review_leaves_list_and_rating(reviews: Harness):
    job, by_customer, _ = await a_published_job(reviews)
    rating_id = Rating.key("vodafone", job.helper)
    await reviews.published(RatingChanged, subject=rating_id)
    await reported(reviews, job, by_customer)
    support = await as_support(reviews)
    assert by_customer in await queue(reviews, **support)
    decision = {"decision": "remove", "reason": "The job was never done"}
    path = f"/v1/support/reviews/{by_customer}/decision"
    answer = await post(reviews, path, decision, **support)
    assert answer.status_code == 200
    assert answer.json()["decision"]["decision"] == "remove"
    await reviews.published(ReviewRemoved, subject=ReviewPair.key("vodafone", job.id))
    assert by_customer not in await queue(reviews, **support)
    assert (await get(reviews, f"/v1/helpers/{job.helper}/reviews")).json()["data"] == []

    async def rating_is_empty() -> bool:
        rating = await reviews.scope().store(Ratings).get(rating_id)
        return rating.count == 0 and rating.mean is None

    await reviews.eventually(rating_is_empty)
    seen = (await get(reviews, f"/v1/jobs/{job.id}/reviews", job.customer)).json()["data"][0]
    assert (seen["state"], seen["text"], seen["marks"]) == ("removed", None, None)
    assert seen["removal_reason"] == "The job was never done"


async def test_a_kept_review_stays_and_cannot_be_decided_again(reviews: Harness):
    job, by_customer, _ = await a_published_job(reviews)
    await reported(reviews, job, by_customer)
    support = await as_support(reviews)
    path = f"/v1/support/reviews/{by_customer}/decision"
    assert (await post(reviews, path, {"decision": "keep"}, **support)).status_code == 200
    again = await post(reviews, path, {"decision": "remove", "reason": "x"}, **support)
    assert (again.status_code, again.json()["code"]) == (409, "already_decided")
    page = (await get(reviews, f"/v1/helpers/{job.helper}/reviews")).json()
    assert [item["id"] for item in page["data"]] == [by_customer]


async def test_reports_on_both_reviews_of_a_job_are_two_in_the_queue(reviews: Harness):
    job, by_customer, by_helper = await a_published_job(reviews)
    await reported(reviews, job, by_customer)
    path = f"/v1/reviews/{by_helper}/report"
    await post(reviews, path, {"reason": "harassment"}, job.customer)
    waiting = await queue(reviews, **await as_support(reviews))
    assert waiting[:2] == [by_helper, by_customer]


async def test_reporting_again_changes_nothing(reviews: Harness):
    job, by_customer, _ = await a_published_job(reviews)
    await reported(reviews, job, by_customer)
    before = await reviews.scope().store(ReviewPairs).get(ReviewPair.key("vodafone", job.id))
    await reported(reviews, job, by_customer)
    after = await reviews.scope().store(ReviewPairs).get(before.id)
    assert after == before


async def test_moderation_is_for_support_alone(reviews: Harness):
    job, by_customer, _ = await a_published_job(reviews)
    path = f"/v1/support/reviews/{by_customer}/decision"
    body = {"decision": "remove", "reason": "I do not like it"}
    assert (await post(reviews, path, body, job.helper)).status_code == 403
    assert (await get(reviews, "/v1/support/reviews", job.helper)).status_code == 403
    assert (await get(reviews, "/v1/support/reviews")).status_code == 401


async def test_support_of_another_tenant_sees_nothing(reviews: Harness):
    job, by_customer, _ = await a_published_job(reviews)
    await reported(reviews, job, by_customer)
    sue = await reviews.person("Sue", tenant="swisscom")
    foreign: dict[str, Any] = {"who": sue, "roles": ("support",), "tenant": "swisscom"}
    assert by_customer not in await queue(reviews, **foreign)
    path = f"/v1/support/reviews/{by_customer}/decision"
    body = {"decision": "remove", "reason": "Not mine"}
    assert (await post(reviews, path, body, **foreign)).status_code == 404


async def test_only_a_reported_review_is_decided_and_removing_needs_a_reason(reviews: Harness):
    _, by_customer, _ = await a_published_job(reviews)
    support = await as_support(reviews)
    path = f"/v1/support/reviews/{by_customer}/decision"
    unreported = await post(reviews, path, {"decision": "keep"}, **support)
    assert (unreported.status_code, unreported.json()["code"]) == (409, "not_reported")
    unreasoned = await post(reviews, path, {"decision": "remove"}, **support)
    assert unreasoned.status_code == 422
    assert unreasoned.json()["errors"][0]["pointer"] == "/reason"
    unknown = await post(reviews, "/v1/support/reviews/x/decision", {"decision": "keep"}, **support)
    assert unknown.status_code == 404
