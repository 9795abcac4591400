"""What a party does about what was said: read it, block the other side, ask for help."""

from dataclasses import dataclass

from services.messaging.commands.following import FreezeEvidence, freeze_evidence
from services.messaging.commands.sending import catch_up
from services.messaging.model import Acquaintance, Conversation, Message
from services.messaging.store import Acquaintances, Conversations, JobRows, Messages
from shared.contracts.messaging import ConversationEvent
from shared.scope import Scope


@dataclass(frozen=True)
class ReadMessages:
    """number is the last message that was read."""

    conversation_id: str
    number: int
    reader: str


async def read_messages(
    cmd: ReadMessages, scope: Scope, conversations: Conversations
) -> Conversation:
    """NotFound to strangers; Invalid for a message that is not there."""
    heads = await conversations.get(cmd.conversation_id)
    heads.role_of(cmd.reader)
    message = await scope.store(Messages).find(Message.key(heads.id, cmd.number))
    if message is not None and heads.last_number < cmd.number:
        await catch_up(heads.id, scope)

    def read(conversation: Conversation) -> None:
        conversation.check_number(cmd.number)
        assert message is not None
        conversation.read(message, cmd.reader)

    return await conversations.update(heads.id, read)


@dataclass(frozen=True)
class BlockPeer:
    """expected is the conversation's version that the caller saw, None when any will do."""

    conversation_id: str
    caller: str
    expected: int | None = None


async def block_peer(cmd: BlockPeer, scope: Scope, people: Acquaintances) -> Conversation:
    """Neither side reaches the other any more, on any topic; the other side is not told.

    PeerBlocked names the jobs between the two that are not over.
    """
    conversation = await scope.store(Conversations).get(cmd.conversation_id)
    peer = conversation.peer_of(cmd.caller)
    conversation.expect(cmd.expected)
    acquaintance = Acquaintance.of(people.tenant, cmd.caller, peer)
    await scope.store(Acquaintances).ensure(acquaintance, [])
    active = await scope.store(JobRows).active_between(cmd.caller, peer)
    await people.update(
        acquaintance.id,
        lambda known: known.block(cmd.caller, at=scope.now, active_job_ids=active),
    )
    return conversation


@dataclass(frozen=True)
class ReportConversation:
    conversation_id: str
    reason: str
    reporter: str


async def report_conversation(
    cmd: ReportConversation, scope: Scope, conversations: Conversations
) -> Conversation:
    """Ask support for help; what the reporter can see by now is kept as evidence.

    The report is written first. Should the process end before the copy is made, the consumer of
    ConversationReported makes it: what was said up to the report cannot change.
    """
    (await conversations.get(cmd.conversation_id)).role_of(cmd.reporter)

    def report(conversation: Conversation) -> list[ConversationEvent]:
        return conversation.report(cmd.reason, by=cmd.reporter, at=scope.now)

    conversation = await conversations.update(cmd.conversation_id, report)
    await freeze_evidence(FreezeEvidence(conversation.id), scope)
    return conversation
