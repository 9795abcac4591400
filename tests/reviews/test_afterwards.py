from datetime import timedelta
from typing import Any

import pytest

from services.reviews.model import Rating, ReviewPair, Verdict
from services.reviews.model.errors import (
    AlreadyAppealed,
    AppealWindowOver,
    NothingToAppeal,
    SameModerator,
)
from services.reviews.model.review import APPEAL_WINDOW, ReportReason
from services.reviews.store import Ratings
from shared.contracts.reviews import ReviewInvited, ReviewRemoved, ReviewRestored
from shared.kernel.clock import utc_now
from shared.mail import MailStore
from tests.harness import Harness
from tests.reviews.builders import a_completed_job, a_published_job, a_published_pair, write
from tests.reviews.test_api import as_support, get, post, queue, reported

NOW = utc_now()


def a_decided_pair(verdict: Verdict) -> tuple[ReviewPair, str]:
    """The customer's review, reported by the helper."""
    pair = a_published_pair()
    id = pair.review_ids[0]
    pair.report(id, ReportReason.UNTRUE, None, by=pair.helper_id, at=NOW)
    pair.decide(id, verdict, "because", by="mo", at=NOW)
    return pair, id


def test_a_removal_may_be_appealed_against_by_the_author_and_undone_by_somebody_else():
    pair, id = a_decided_pair(Verdict.REMOVE)
    with pytest.raises(NothingToAppeal):
        pair.appeal(id, "no", by=pair.helper_id, at=NOW)
    pair.appeal(id, "It is true", by=pair.customer_id, at=NOW)
    assert pair.customer_report_order is not None
    with pytest.raises(AlreadyAppealed):
        pair.appeal(id, "It is true", by=pair.customer_id, at=NOW)
    with pytest.raises(SameModerator):
        pair.decide(id, Verdict.KEEP, None, by="mo", at=NOW)
    assert pair.decide(id, Verdict.KEEP, "right", by="fo", at=NOW) == [ReviewRestored(pair.facts())]
    assert (pair.mark is not None, pair.shown_order is not None) == (True, True)
    assert pair.customer_report_order is None
    assert pair.facts().customer_overall is not None


def test_who_reported_in_vain_may_appeal_and_win():
    pair, id = a_decided_pair(Verdict.KEEP)
    with pytest.raises(NothingToAppeal):
        pair.appeal(id, "no", by=pair.customer_id, at=NOW)
    pair.appeal(id, "look again", by=pair.helper_id, at=NOW)
    assert pair.decide(id, Verdict.REMOVE, "x", by="fo", at=NOW) == [ReviewRemoved(pair.facts())]
    assert pair.mark is None


def test_an_appeal_comes_within_six_months():
    pair, id = a_decided_pair(Verdict.REMOVE)
    with pytest.raises(AppealWindowOver):
        pair.appeal(id, "late", by=pair.customer_id, at=NOW + APPEAL_WINDOW)
    pair.appeal(id, "in time", by=pair.customer_id, at=NOW + APPEAL_WINDOW - timedelta(seconds=1))


def test_an_undecided_report_leaves_nothing_to_appeal_against():
    pair = a_published_pair()
    id = pair.review_ids[0]
    pair.report(id, ReportReason.UNTRUE, None, by=pair.helper_id, at=NOW)
    with pytest.raises(NothingToAppeal):
        pair.appeal(id, "x", by=pair.helper_id, at=NOW)


def test_a_forgotten_sides_appeal_loses_its_words():
    pair, id = a_decided_pair(Verdict.REMOVE)
    pair.appeal(id, "My name is Ada", by=pair.customer_id, at=NOW)
    pair.silence(pair.customer_id)
    assert pair.by_customer is not None
    assert pair.by_customer.appeal is not None
    assert pair.by_customer.appeal.text == ""


async def test_an_appeal_goes_through_support_and_restores_list_and_rating(reviews: Harness):
    job, by_customer, _ = await a_published_job(reviews)
    await reported(reviews, job, by_customer)
    first, second = await as_support(reviews), await as_support(reviews)
    decision = f"/v1/support/reviews/{by_customer}/decision"
    removal = {"decision": "remove", "reason": "Not true", "reason_code": "personal_data"}
    assert (await post(reviews, decision, removal, **first)).status_code == 200
    path = f"/v1/reviews/{by_customer}/appeal"
    stranger = await reviews.person()
    assert (await post(reviews, path, {"text": "x"}, stranger)).status_code == 404
    assert (await post(reviews, path, {"text": ""}, job.customer)).status_code == 422
    answer = await post(reviews, path, {"text": "I was there"}, job.customer)
    assert answer.status_code == 200, answer.text
    view = answer.json()
    assert (view["state"], view["removed_by"]) == ("removed", "moderation")
    assert view["decision"]["code"] == "personal_data"
    assert view["appeal"]["decision"] is None
    assert "I was there" not in answer.text
    assert by_customer in await queue(reviews, **second)
    same = await post(reviews, decision, {"decision": "keep"}, **first)
    assert (same.status_code, same.json()["code"]) == (409, "same_moderator")
    kept = await post(reviews, decision, {"decision": "keep", "reason": "Fine"}, **second)
    assert kept.json()["appeal"]["decision"]["decision"] == "keep"
    assert kept.json()["appeal"]["text"] == "I was there"
    await reviews.published(ReviewRestored, subject=ReviewPair.key("vodafone", job.id))
    shown = (await get(reviews, f"/v1/helpers/{job.helper}/reviews")).json()["data"]
    assert [each["id"] for each in shown] == [by_customer]
    await rated(reviews, job, 1)
    assert by_customer not in await queue(reviews, **second)


async def rated(reviews: Harness, job: Any, count: int) -> None:
    """Wait until the helper's rating is made of so many reviews."""

    async def so_many() -> bool:
        rating = await reviews.scope().store(Ratings).find(Rating.key("vodafone", job.helper))
        return rating is not None and rating.count == count

    await reviews.eventually(so_many)


async def test_an_author_takes_a_review_back_for_good(reviews: Harness):
    job, by_customer, by_helper = await a_published_job(reviews)
    await rated(reviews, job, 1)
    path = f"/v1/reviews/{by_customer}"
    for who, status in ((job.helper, 403), (await reviews.person(), 404), (job.customer, 204)):
        async with reviews.client(who) as client:
            assert (await client.delete(path)).status_code == status
    async with reviews.client(job.customer) as client:
        assert (await client.delete(path)).status_code == 404
    await rated(reviews, job, 0)
    assert (await get(reviews, f"/v1/helpers/{job.helper}/reviews")).json()["data"] == []
    both = (await get(reviews, f"/v1/jobs/{job.id}/reviews", job.helper)).json()["data"]
    states = {each["id"]: (each["state"], each["removed_by"], each["text"]) for each in both}
    assert states[by_customer] == ("removed", "author", None)
    assert states[by_helper][0] == "published"
    again = await post(reviews, path + "/appeal", {"text": "x"}, job.customer)
    assert again.status_code == 409


async def test_a_sealed_review_cannot_be_taken_back_as_nobody_may_know_of_it(reviews: Harness):
    job = await a_completed_job(reviews)
    written = await write(reviews, job, job.customer)
    for who in (job.customer, job.helper):
        async with reviews.client(who) as client:
            assert (await client.delete(f"/v1/reviews/{written['id']}")).status_code == 404


async def test_an_invitation_is_mailed_once_to_each_side_in_its_language(reviews: Harness):
    job = await a_completed_job(reviews)
    pair = ReviewPair.key("vodafone", job.id)
    invited = await reviews.published(ReviewInvited, subject=pair)
    mails = reviews.scope().store(MailStore)

    async def written() -> list[Any]:
        found = [
            await mails._find({"recipient": address(who)}) for who in (job.customer, job.helper)
        ]
        return [mail for each in found for mail in each]

    async def both() -> bool:
        return len(await written()) == 2

    await reviews.eventually(both)
    for sequence in (7, 8):
        await reviews.deliver(invited.event, subject=pair, sequence=sequence)
    found = await written()
    assert len(found) == 2
    assert all("bewerten" in (mail.text or "") for mail in found)


def address(who: str) -> str:
    return f"{who}@people.example"
