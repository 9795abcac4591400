import asyncio
from datetime import timedelta

from services.reviews.commands import RateHelper, rate_helper
from services.reviews.model import Rating, ReviewPair
from services.reviews.store import JobRow, JobRows, Ratings, ReviewPairs
from shared.contracts.jobs import (
    JobClosed,
    JobCompleted,
    JobDelivered,
    JobDisputed,
    JobRequested,
    JobResolved,
    JobUnsuccessful,
)
from shared.contracts.reviews import RatingChanged, ReviewInvited, ReviewPublished
from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.reviews.builders import (
    Job,
    a_booked_job,
    a_completed_job,
    a_delivered_job,
    a_helper,
    a_published_job,
    tell,
    write,
)


async def pair_of(reviews: Harness, job_id: str, tenant: str = "vodafone") -> ReviewPair | None:
    return await reviews.scope(tenant).store(ReviewPairs).find(ReviewPair.key(tenant, job_id))


async def rating_of(reviews: Harness, helper: str) -> Rating | None:
    return await reviews.scope().store(Ratings).find(Rating.key("vodafone", helper))


async def test_a_delivered_job_invites_and_says_so_on_the_bus(reviews: Harness):
    job = await a_delivered_job(reviews)
    event = await reviews.published(
        ReviewInvited, subject=ReviewPair.key("vodafone", job.id), tenant="vodafone"
    )
    assert event.event.facts.job_id == job.id


async def test_an_event_that_comes_twice_invites_once(reviews: Harness):
    job = await a_delivered_job(reviews)
    before = await pair_of(reviews, job.id)
    facts = job.facts(state="delivered", delivered_at=utc_now())
    await tell(reviews, job, JobDelivered(facts), 2)
    assert await pair_of(reviews, job.id) == before


async def test_a_closed_event_that_overtook_completion_invites_and_completion_then_changes_nothing(
    reviews: Harness,
):
    job = await a_booked_job(reviews)
    at = utc_now()
    moments = {"delivered_at": at, "completed_at": at}
    await tell(reviews, job, JobClosed(job.facts(state="closed", closed_at=at, **moments)), 9)
    before = await pair_of(reviews, job.id)
    assert before is not None
    await tell(reviews, job, JobCompleted(job.facts(state="completed", **moments)), 3)
    assert await pair_of(reviews, job.id) == before


async def test_completion_still_counts_when_delivery_comes_after_it(reviews: Harness):
    job = await a_booked_job(reviews)
    at = utc_now()
    done = at + timedelta(days=1)
    completed = job.facts(state="completed", delivered_at=at, completed_at=done)
    await tell(reviews, job, JobCompleted(completed), 3)
    await tell(reviews, job, JobDelivered(job.facts(state="delivered", delivered_at=at)), 2)
    pair = await pair_of(reviews, job.id)
    assert pair is not None
    assert pair.window_ends == done + timedelta(days=14)


async def test_a_job_that_failed_invites_nobody(reviews: Harness):
    job = await a_booked_job(reviews)
    facts = job.facts(state="unsuccessful", unsuccessful_at=utc_now())
    await tell(reviews, job, JobUnsuccessful(facts), 2)
    assert await pair_of(reviews, job.id) is None


async def test_a_job_that_nobody_has_taken_is_known_and_invites_nobody(reviews: Harness):
    ada = await reviews.person()
    job = Job(new_id("job"), ada, "", "vodafone")
    facts = job.facts(helper_id=None, state="requested", broadcast=True)
    await tell(reviews, job, JobRequested(facts), 1)
    assert await reviews.scope().store(JobRows).get(job.id) == JobRow(job.id, ada)
    assert await pair_of(reviews, job.id) is None


async def test_the_same_job_id_in_two_tenants_makes_two_pairs(reviews: Harness):
    job = await a_completed_job(reviews)
    assert await pair_of(reviews, job.id, "swisscom") is None


async def test_a_dispute_labels_the_review_and_its_resolution_takes_the_label_off(
    reviews: Harness,
):
    job, _, _ = await a_published_job(reviews)
    at = utc_now()
    moments = {"delivered_at": at, "completed_at": at, "disputed_at": at}

    async def label() -> bool:
        async with reviews.client() as client:
            page = (await client.get(f"/v1/helpers/{job.helper}/reviews")).json()
        disputed: bool = page["data"][0]["disputed"]
        return disputed

    assert not await label()
    await tell(reviews, job, JobDisputed(job.facts(state="disputed", **moments)), 4)
    assert await label()
    resolved = job.facts(state="resolved", resolved_at=at, **moments)
    await tell(reviews, job, JobResolved(resolved), 5)
    assert not await label()


async def test_our_own_publication_becomes_a_rating(reviews: Harness):
    job, _, _ = await a_published_job(reviews)
    event = await reviews.published(RatingChanged, subject=Rating.key("vodafone", job.helper))
    facts = event.event.facts
    assert (facts.helper_id, facts.mean, facts.count) == (job.helper, 5.0, 1)


async def test_a_publication_that_comes_twice_counts_once(reviews: Harness):
    job, _, _ = await a_published_job(reviews)
    subject = ReviewPair.key("vodafone", job.id)
    published = await reviews.published(ReviewPublished, subject=subject)
    await reviews.published(RatingChanged, subject=Rating.key("vodafone", job.helper))
    for _ in range(2):
        await reviews.deliver(published.event, subject=subject, sequence=published.sequence)
    rating = await rating_of(reviews, job.helper)
    assert rating is not None
    assert rating.count == 1


async def test_many_publications_at_once_all_count(reviews: Harness):
    helper = await a_helper(reviews)
    for overall in (1, 2, 3, 4, 5):
        job = await a_completed_job(reviews, helper=helper)
        await write(reviews, job, job.customer, overall=overall)
        await write(reviews, job, job.helper)

    async def all_counted() -> bool:
        rating = await rating_of(reviews, helper)
        return rating is not None and rating.count == 5

    await reviews.eventually(all_counted)
    rating = await rating_of(reviews, helper)
    assert rating is not None
    assert rating.mean == 3.0


class SlowReader(ReviewPairs):
    """Holds back what it has read until it is told to go on."""

    read = asyncio.Event()
    go_on = asyncio.Event()

    async def shown_of(
        self, helper_id: str, before: str | None = None, limit: int = 0
    ) -> list[ReviewPair]:
        found = await super().shown_of(helper_id, before, limit)
        self.read.set()
        await self.go_on.wait()
        return found


async def test_who_has_read_fewer_reviews_does_not_overwrite_who_has_read_more(reviews: Harness):
    job, _, _ = await a_published_job(reviews)
    scope, helper = reviews.scope(), job.helper
    await reviews.published(RatingChanged, subject=Rating.key("vodafone", helper))
    slow = asyncio.create_task(
        rate_helper(RateHelper(helper), scope.store(Ratings), scope.store(SlowReader))
    )
    await SlowReader.read.wait()
    await a_published_job(reviews, helper=helper)

    async def second_counted() -> bool:
        rating = await rating_of(reviews, helper)
        return rating is not None and rating.count == 2

    await reviews.eventually(second_counted)
    SlowReader.go_on.set()
    await slow
    assert await second_counted()


async def test_a_rating_can_be_computed_anew(reviews: Harness):
    job, _, _ = await a_published_job(reviews)
    await reviews.published(RatingChanged, subject=Rating.key("vodafone", job.helper))
    scope = reviews.scope()
    ratings, pairs = scope.store(Ratings), scope.store(ReviewPairs)

    def spoil(rating: Rating) -> None:
        rating.count, rating.mean = 99, 1.0

    await ratings.update(Rating.key("vodafone", job.helper), spoil)
    await rate_helper(RateHelper(job.helper), ratings, pairs)
    rating = await rating_of(reviews, job.helper)
    assert rating is not None
    assert (rating.count, rating.mean) == (1, 5.0)


async def test_the_categorys_mean_is_counted_from_published_reviews_of_the_tenant(
    reviews: Harness,
):
    swisscom = reviews.scope("swisscom").store(ReviewPairs)
    assert await swisscom.mean_in("printer") is None
    for overall in (5, 2):
        job = await a_completed_job(reviews, tenant="swisscom", category="printer")
        await write(reviews, job, job.customer, overall=overall)
        await write(reviews, job, job.helper, overall=1)
    sealed = await a_completed_job(reviews, tenant="swisscom", category="printer")
    await write(reviews, sealed, sealed.customer, overall=1)
    assert await swisscom.mean_in("printer") == 3.5
    assert await reviews.scope("vodafone").store(ReviewPairs).mean_in("printer") is None
