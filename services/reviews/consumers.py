"""What reviews hears: jobs that can be judged, helpers, and its own publications."""

from services.reviews.commands import (
    InviteParties,
    RateHelper,
    invite_parties,
    mail_invitations,
    rate_helper,
)
from services.reviews.privacy import ReviewsData
from services.reviews.store import (
    Answers,
    HelperRow,
    HelperRows,
    JobRow,
    JobRows,
    Parts,
    Ratings,
    ReviewPairs,
)
from shared.contracts.base import Delivered
from shared.contracts.jobs import JobEvent
from shared.contracts.profiles import HelperEvent
from shared.contracts.reviews import (
    ReviewInvited,
    ReviewPairEvent,
    ReviewPairSnapshot,
    ReviewPublished,
    ReviewRemoved,
    ReviewRestored,
)
from shared.offboarding import add_offboarding
from shared.privacy import add_privacy
from shared.rabbit import Consumers
from shared.replicas import add_replicas
from shared.scope import Scope

consumers = Consumers("reviews")
add_replicas(consumers)
add_offboarding(consumers)
add_privacy(consumers, "reviews", Answers, Parts, ReviewsData())


@consumers.on("invite_parties", JobEvent)
async def follow_job(delivered: Delivered[JobEvent], scope: Scope) -> None:
    job = delivered.event.facts
    row = JobRow(delivered.subject, job.customer_id, job.helper_id)
    await scope.store(JobRows).put(row, delivered)
    window = scope.tenant.rules.review_window_days
    await invite_parties(InviteParties(delivered.subject, job, window), scope.store(ReviewPairs))


@consumers.on("invitations", ReviewInvited)
async def send_invitations(delivered: Delivered[ReviewInvited], scope: Scope) -> None:
    await mail_invitations(delivered.subject, scope)


@consumers.on("ratings", ReviewPublished, ReviewRemoved, ReviewRestored, ReviewPairSnapshot)
async def keep_rating(delivered: Delivered[ReviewPairEvent], scope: Scope) -> None:
    pair = delivered.event.facts
    if pair.published_at is not None:
        command = RateHelper(pair.helper_id)
        await rate_helper(command, scope.store(Ratings), scope.store(ReviewPairs))


@consumers.on("helpers", HelperEvent)
async def keep_helper(delivered: Delivered[HelperEvent], scope: Scope) -> None:
    helper = delivered.event.facts
    row = HelperRow(delivered.subject, helper.status, helper.listed_at)
    await scope.store(HelperRows).put(row, delivered)
