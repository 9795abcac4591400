"""What jobs hears: helpers, and its own jobs that came to be owed for."""

from typing import Any

from services.jobs.commands import (
    Compensate,
    FollowBlock,
    FollowClaim,
    FollowJob,
    IssueCreditNote,
    IssueReceipt,
    compensate,
    follow_block,
    follow_claim,
    follow_job,
    issue_credit_note,
    issue_receipt,
    notices,
    tax,
)
from services.jobs.commands.appointing import watch_appointment
from services.jobs.commands.lines import check_line
from services.jobs.model.calendar import Availability
from services.jobs.model.helper import Helper
from services.jobs.privacy import JobsData
from services.jobs.store import Answers, HelperRows, Parts
from shared.contracts.base import Delivered
from shared.contracts.jobs import (
    AppointmentApproached,
    ClaimEscalated,
    ClaimEvent,
    ClaimEvidenceRequested,
    ClaimOffered,
    ClaimReferred,
    ClaimRejected,
    ClaimSettled,
    ClaimSnapshot,
    ClaimWithdrawn,
    JobBooked,
    JobCancelled,
    JobCompleted,
    JobConfirmationMissed,
    JobConfirmed,
    JobDeparted,
    JobDisputed,
    JobEvent,
    JobRescheduled,
    JobResolved,
    JobSnapshot,
    JobUnsuccessful,
    TaxRecordEvent,
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


@consumers.on("notices", *notices.TOLD, AppointmentApproached, *notices.TAX)
async def tell(delivered: Delivered[Any], scope: Scope) -> None:
    """What waits for somebody; each mail is written once, however often this is told."""
    event = delivered.event
    if isinstance(event, AppointmentApproached):
        await notices.of_appointment(event, scope)
    elif isinstance(event, TaxRecordEvent):
        await notices.of_tax_data(delivered.subject, event, scope)
    else:
        await notices.of_job(delivered.subject, event, scope)


@consumers.on("line_tests", AppointmentApproached, JobDeparted, prefetch=4)
async def look_at_line(delivered: Delivered[Any], scope: Scope) -> None:
    """A queue of its own: a test that takes its time keeps nobody else waiting."""
    event = delivered.event
    if isinstance(event, AppointmentApproached):
        await check_line(event.facts.job_id, "day before", scope)
    else:
        await check_line(delivered.subject, "departure", scope)


@consumers.on("appointments", JobBooked, JobRescheduled)
async def expect_visit(delivered: Delivered[JobEvent], scope: Scope) -> None:
    await watch_appointment(delivered.subject, scope)
    earning = tax.expected(delivered.event.facts)
    if earning is not None:
        await tax.expect_tax_data(earning, scope)


@consumers.on("receipts", JobCompleted, JobResolved, JobSnapshot)
async def write_receipt(delivered: Delivered[JobEvent], scope: Scope) -> None:
    facts = delivered.event.facts
    if facts.completed_at or (facts.delivered_at and facts.resolved_at):
        await issue_receipt(IssueReceipt(delivered.subject), scope)
    if facts.resolved_at is not None:
        await issue_credit_note(IssueCreditNote(delivered.subject), scope)


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
