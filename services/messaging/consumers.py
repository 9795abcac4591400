"""What messaging hears: jobs, cases, helpers, and its own messages and reports."""

from typing import Any

from services.messaging.commands import (
    FreezeEvidence,
    JobChange,
    NoteBooking,
    TellMilestone,
    catch_up,
    freeze_evidence,
    note_booking,
    send_notices,
    tell_invitation,
    tell_job,
    tell_message,
    tell_milestone,
)
from services.messaging.privacy import MessagingData
from services.messaging.store import (
    Acquaintances,
    Answers,
    CaseRow,
    CaseRows,
    HelperRow,
    HelperRows,
    JobRow,
    JobRows,
    Parts,
)
from shared.contracts.base import Delivered
from shared.contracts.jobs import CaseEvent, JobEvent
from shared.contracts.messaging import (
    ConversationNoticed,
    ConversationReported,
    ConversationSnapshot,
    MessageEvent,
    MessageFacts,
)
from shared.contracts.profiles import HelperEvent
from shared.contracts.reviews import ReviewInvited
from shared.offboarding import add_offboarding
from shared.privacy import add_privacy
from shared.rabbit import Consumers
from shared.replicas import add_replicas
from shared.scope import Scope

consumers = Consumers("messaging")
add_replicas(consumers)
add_offboarding(consumers)
add_privacy(consumers, "messaging", Answers, Parts, MessagingData())


@consumers.on("jobs", JobEvent)
async def follow_job(delivered: Delivered[JobEvent], scope: Scope) -> None:
    job = delivered.event.facts
    row = JobRow(delivered.subject, job.customer_id, job.state, job.helper_id)
    newest = await scope.store(JobRows).put(row, delivered)
    if newest and not delivered.is_snapshot:
        people = tuple(filter(None, (job.customer_id, job.helper_id)))
        change = JobChange(delivered.subject, job.state, delivered.sequence, people)
        await tell_job(change, scope)
    if job.helper_id is None:
        return
    if job.booked_at is not None:
        booking = NoteBooking(job.customer_id, job.helper_id, job.booked_at)
        await note_booking(booking, scope.store(Acquaintances))
    if delivered.is_snapshot:
        return  # A milestone is told when it is reached, not when its facts are told again.
    milestone = TellMilestone(delivered.subject, job.state, job.customer_id, job.helper_id)
    await tell_milestone(milestone, scope)


@consumers.on("cases", CaseEvent)
async def keep_case(delivered: Delivered[CaseEvent], scope: Scope) -> None:
    case = delivered.event.facts
    row = CaseRow(delivered.subject, case.job_id, case.state)
    await scope.store(CaseRows).put(row, delivered)


@consumers.on("helpers", HelperEvent)
async def keep_helper(delivered: Delivered[HelperEvent], scope: Scope) -> None:
    row = HelperRow(delivered.subject, delivered.event.facts.status)
    await scope.store(HelperRows).put(row, delivered)


@consumers.on("invitations", ReviewInvited)
async def follow_invitation(delivered: Delivered[ReviewInvited], scope: Scope) -> None:
    await tell_invitation(delivered.subject, delivered.event.facts, scope)


@consumers.on("talk", MessageEvent, ConversationReported, ConversationNoticed, ConversationSnapshot)
async def follow_talk(delivered: Delivered[Any], scope: Scope) -> None:
    facts = delivered.event.facts
    if isinstance(facts, MessageFacts):
        if not delivered.is_snapshot:
            await tell_message(delivered.subject, facts, scope)
        # Whoever wrote the message moves the heads meanwhile: this is for where they could not.
        await catch_up(facts.conversation_id, scope)
    elif isinstance(delivered.event, ConversationNoticed):
        await send_notices(delivered.subject, facts, scope)
    else:
        await freeze_evidence(FreezeEvidence(delivered.subject), scope)
