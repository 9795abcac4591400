"""What jobs hears: helpers, and its own completed jobs."""

from typing import Any

from services.jobs.commands import (
    Compensate,
    FollowBlock,
    FollowClaim,
    FollowJob,
    IssueReceipt,
    compensate,
    follow_block,
    follow_claim,
    follow_job,
    issue_receipt,
)
from services.jobs.model.calendar import Availability
from services.jobs.model.helper import Helper
from services.jobs.privacy import JobsData
from services.jobs.store import Answers, HelperRows, Parts
from shared.contracts.base import Delivered
from shared.contracts.jobs import (
    ClaimEscalated,
    ClaimEvent,
    ClaimEvidenceRequested,
    ClaimOffered,
    ClaimReferred,
    ClaimRejected,
    ClaimSettled,
    ClaimSnapshot,
    ClaimWithdrawn,
    JobCancelled,
    JobCompleted,
    JobConfirmationMissed,
    JobConfirmed,
    JobDisputed,
    JobEvent,
    JobRescheduled,
    JobResolved,
    JobSnapshot,
    JobUnsuccessful,
)
from shared.contracts.messaging import AcquaintanceFacts, AcquaintanceSnapshot, PeerBlocked
from shared.contracts.profiles import HelperEvent, HelperFacts
from shared.offboarding import add_offboarding
from shared.privacy import add_privacy
from shared.rabbit import Consumers
from shared.replicas import add_replicas
from shared.scope import Scope

consumers = Consumers("jobs")
add_replicas(consumers)
add_offboarding(consumers)
add_privacy(consumers, "jobs", Answers, Parts, JobsData())


@consumers.on("helpers", HelperEvent)
async def keep_helper(delivered: Delivered[Any], scope: Scope) -> None:
    await scope.store(HelperRows).put(
        helper_from(delivered.subject, delivered.event.facts), delivered
    )


def helper_from(id: str, facts: HelperFacts) -> Helper:
    return Helper(
        id=id,
        status=facts.status,
        skills=facts.skills,
        radius_m=facts.radius_m,
        trader_status=facts.trader_status,
        availability=Availability.of(facts.availability),
        place=facts.place,
        qualified=facts.qualified,
    )


@consumers.on("receipts", JobCompleted, JobSnapshot)
async def write_receipt(delivered: Delivered[JobEvent], scope: Scope) -> None:
    if delivered.event.facts.completed_at is not None:
        await issue_receipt(IssueReceipt(delivered.subject), scope)


@consumers.on(
    "troubles",
    *(JobDisputed, JobResolved, JobConfirmationMissed, JobConfirmed, JobRescheduled, JobCancelled),
    *(ClaimEscalated, ClaimEvidenceRequested, ClaimOffered, ClaimReferred, ClaimSettled),
    *(ClaimRejected, ClaimWithdrawn, ClaimSnapshot, JobUnsuccessful, JobSnapshot),
    *(PeerBlocked, AcquaintanceSnapshot),
)
async def follow_trouble(delivered: Delivered[Any], scope: Scope) -> None:
    if isinstance(delivered.event, JobEvent):
        await compensate(Compensate(delivered.subject), scope)
        await follow_job(FollowJob(delivered.subject), scope)
    elif isinstance(delivered.event, ClaimEvent):
        await follow_claim(FollowClaim(delivered.subject), scope)
    else:
        await follow_blocked(delivered.event.facts, scope)


async def follow_blocked(facts: AcquaintanceFacts, scope: Scope) -> None:
    if facts.blocked_by is not None and facts.blocked_at is not None:
        for job_id in facts.active_job_ids:
            await follow_block(FollowBlock(job_id, facts.blocked_by, facts.blocked_at), scope)
