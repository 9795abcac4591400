"""What follows from events: bookings, a job's milestones in the talk, evidence for reports."""

from dataclasses import dataclass
from datetime import datetime

from services.messaging.commands.sending import say
from services.messaging.model import (
    COPIED,
    MILESTONES,
    SYSTEM,
    Conversation,
    Draft,
    Evidence,
    Notice,
)
from services.messaging.store import Acquaintances, Conversations, Evidences, Messages
from shared.scope import Scope


@dataclass(frozen=True)
class NoteBooking:
    customer_id: str
    helper_id: str
    at: datetime


async def note_booking(cmd: NoteBooking, people: Acquaintances) -> None:
    """Lift the redaction between the two for good."""
    between = await people.between(cmd.customer_id, cmd.helper_id)
    if between.booked_at is None or cmd.at < between.booked_at:
        await people.ensure(between, [])
        await people.update(between.id, lambda known: known.booked(cmd.at))


@dataclass(frozen=True)
class TellMilestone:
    job_id: str
    state: str
    customer_id: str
    helper_id: str


async def tell_milestone(cmd: TellMilestone, scope: Scope) -> None:
    """Append to the job's conversation, or else to the pair's general one, if there is any.

    Told once per job and state, also if a conversation about the job is opened between two
    deliveries of the same event.
    """
    if cmd.state not in MILESTONES:
        return
    notice = Notice(cmd.job_id, cmd.state)
    messages = scope.store(Messages)
    talks = [talk for talk in await _talks(cmd, scope) if talk.last_number > 0]
    for talk in talks:
        if await messages.said(talk.id, SYSTEM, notice.client_message_id) is not None:
            return
    if talks:
        draft = Draft(SYSTEM, "", notice.client_message_id, notice=notice)
        await say(draft, talks[0], scope, lambda _: messages)


async def _talks(cmd: TellMilestone, scope: Scope) -> list[Conversation]:
    """The job's conversation and the general one, as far as they exist."""
    conversations = scope.store(Conversations)
    keys = [
        Conversation.key(conversations.tenant, cmd.customer_id, cmd.helper_id, topic)
        for topic in (cmd.job_id, None)
    ]
    found = [await conversations.find(key) for key in keys]
    return [talk for talk in found if talk is not None]


@dataclass(frozen=True)
class FreezeEvidence:
    conversation_id: str


async def freeze_evidence(cmd: FreezeEvidence, scope: Scope) -> None:
    """Copy what each reporter could see when reporting, unless it was copied before."""
    conversation = await scope.store(Conversations).get(cmd.conversation_id)
    messages, evidence = scope.store(Messages), scope.store(Evidences)
    for report in conversation.reports:
        if await evidence.find(report.id) is not None:
            continue
        said = await messages.seen_until(report.by, conversation.id, report.last_number, COPIED)
        await evidence.ensure(Evidence.freeze(conversation, report, said), [])
