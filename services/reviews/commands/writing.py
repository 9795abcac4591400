"""What the two sides of a job do: being invited, writing, replying, reporting, taking back."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from services.reviews.mails import invitation
from services.reviews.model import Marks, NotReviewable, ReportReason, ReviewPair, Side
from services.reviews.store import JobRows, ReviewPairs
from shared.contracts.jobs import JobFacts
from shared.kernel.errors import NotFound
from shared.mail import MailStore
from shared.replicas import ARRIVAL, People
from shared.scope import Scope


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
class WithdrawReview:
    review_id: str
    author: str


async def withdraw_review(cmd: WithdrawReview, pairs: ReviewPairs, now: datetime) -> ReviewPair:
    """NotFound for whatever is not public; Forbidden (not_your_command) for the other side's."""
    pair = await _seen_by(cmd.author, cmd.review_id, pairs)
    return await pairs.update(
        pair.id, lambda pair: pair.withdraw(cmd.review_id, by=cmd.author, at=now)
    )


async def mail_invitations(pair_id: str, scope: Scope) -> None:
    """An e-mail to each side that may still write; once for a job, however often it is heard."""
    pair = await scope.store(ReviewPairs).find(pair_id)
    if pair is None or pair.window_ends <= scope.now:
        return
    people = scope.store(People)
    for side in Side:
        person = await people.find(pair.account_of(side))
        peer = await people.find(pair.account_of(side.other))
        if person is None or person.id not in pair.awaiting:
            continue
        if person.email_verified and person.status == "active":
            name = peer.display_name if peer is not None else ""
            mail = invitation(person, name, pair, scope.tenant)
            await scope.store(MailStore).ensure(mail, [])
