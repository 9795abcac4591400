"""What reviews can be told to do."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from services.reviews.model import (
    Mark,
    Marks,
    NotReviewable,
    Rating,
    ReportReason,
    ReviewPair,
    Verdict,
)
from services.reviews.store import JobRows, Ratings, ReviewPairs
from shared.contracts.jobs import JobFacts
from shared.contracts.reviews import RatingEvent
from shared.kernel.errors import Conflict, NotFound
from shared.replicas import ARRIVAL

READINGS = 5
"""How often a rating is computed again when another writer was faster."""


@dataclass(frozen=True)
class InviteParties:
    """window_days by the tenant's rules."""

    job_id: str
    job: JobFacts
    window_days: int


async def invite_parties(cmd: InviteParties, pairs: ReviewPairs) -> None:
    """Call the pair into being once, or let it follow the job; any order of facts will do."""
    invited = ReviewPair.invite(pairs.tenant, cmd.job_id, cmd.job, cmd.window_days)
    if invited is None:
        return
    pair, events = invited
    if not await pairs.ensure(pair, events):
        await pairs.update(pair.id, lambda known: known.follow(cmd.job))


@dataclass(frozen=True)
class WriteReview:
    job_id: str
    marks: Marks
    text: str | None
    author: str


async def write_review(
    cmd: WriteReview, pairs: ReviewPairs, jobs: JobRows, now: datetime
) -> ReviewPair:
    """NotFound to anybody but the job's parties; NotReviewable, AlreadyReviewed, WindowOver."""
    pair = await _pair_of(cmd.job_id, cmd.author, pairs, jobs)
    return await pairs.update(
        pair.id, lambda pair: pair.write(cmd.marks, cmd.text, by=cmd.author, at=now)
    )


async def _pair_of(job_id: str, author: str, pairs: ReviewPairs, jobs: JobRows) -> ReviewPair:
    """The pair, waited for up to a second: a job just delivered may outrun its event.

    Strangers wait just as long, so that the time taken does not tell them that the job exists.
    """
    deadline = asyncio.get_running_loop().time() + ARRIVAL
    while True:
        pair = await pairs.find(ReviewPair.key(pairs.tenant, job_id))
        if pair is not None and author in (pair.customer_id, pair.helper_id):
            return pair
        if asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(0.05)
    job = await jobs.find(job_id)
    if job is None or author not in (job.customer_id, job.helper_id):
        raise NotFound("there is no such job")
    raise NotReviewable("a job can be reviewed once it is delivered")


@dataclass(frozen=True)
class ReplyToReview:
    review_id: str
    text: str
    author: str


async def reply_to_review(cmd: ReplyToReview, pairs: ReviewPairs, now: datetime) -> ReviewPair:
    pair = await _seen_by(cmd.author, cmd.review_id, pairs)
    return await pairs.update(
        pair.id, lambda pair: pair.reply(cmd.review_id, cmd.text, by=cmd.author, at=now)
    )


@dataclass(frozen=True)
class ReportReview:
    review_id: str
    reason: ReportReason
    text: str | None
    reporter: str


async def report_review(cmd: ReportReview, pairs: ReviewPairs, now: datetime) -> ReviewPair:
    pair = await _seen_by(cmd.reporter, cmd.review_id, pairs)
    return await pairs.update(
        pair.id,
        lambda pair: pair.report(cmd.review_id, cmd.reason, cmd.text, by=cmd.reporter, at=now),
    )


async def _seen_by(account: str, review_id: str, pairs: ReviewPairs) -> ReviewPair:
    """The pair of a published review, for its parties; before any version is looked at.

    A stranger is told the same as of a review that never was.
    """
    pair = await pairs.with_review(review_id)
    pair.side_shown(review_id)
    if account not in (pair.customer_id, pair.helper_id):
        raise NotFound("there is no such review")
    return pair


@dataclass(frozen=True)
class DecideReport:
    review_id: str
    verdict: Verdict
    reason: str | None
    moderator: str


async def decide_report(cmd: DecideReport, pairs: ReviewPairs, now: datetime) -> ReviewPair:
    pair = await pairs.with_review(cmd.review_id)
    return await pairs.update(
        pair.id,
        lambda pair: pair.decide(cmd.review_id, cmd.verdict, cmd.reason, by=cmd.moderator, at=now),
    )


@dataclass(frozen=True)
class RateHelper:
    helper_id: str


class RatedMeanwhile(Conflict):
    """Another process has computed this rating since we read the reviews."""

    code = "rated_meanwhile"


async def rate_helper(cmd: RateHelper, ratings: Ratings, pairs: ReviewPairs) -> None:
    """Compute the helper's rating from all published reviews.

    The rating's version is read before the reviews and must still hold when the result is
    written: whoever read fewer reviews than the rating already has cannot overwrite it.
    """
    rating = Rating(id=Rating.key(ratings.tenant, cmd.helper_id), helper_id=cmd.helper_id)
    await ratings.ensure(rating, [])
    for _ in range(READINGS):
        known = await ratings.get(rating.id)
        marks = [_mark_of(pair) for pair in await pairs.shown_of(cmd.helper_id)]
        means = await _means(marks, pairs)
        try:
            await ratings.update(
                rating.id, partial(_rate, version=known.version, marks=marks, means=means)
            )
        except RatedMeanwhile:
            continue
        return
    raise Conflict("this rating is changing too fast", code="busy")


def _rate(
    rating: Rating, *, version: int, marks: Sequence[Mark], means: dict[str, float]
) -> list[RatingEvent]:
    if rating.version != version:
        raise RatedMeanwhile("this rating was computed meanwhile")
    return rating.rate(marks, means)


def _mark_of(pair: ReviewPair) -> Mark:
    assert pair.mark is not None
    assert pair.published_at is not None
    return Mark(pair.category, pair.mark, pair.published_at)


async def _means(marks: Sequence[Mark], pairs: ReviewPairs) -> dict[str, float]:
    means = {category: await pairs.mean_in(category) for category in {m.category for m in marks}}
    return {category: mean for category, mean in means.items() if mean is not None}
