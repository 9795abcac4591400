"""Opening a conversation, or going on with the one the pair has on this topic."""

from dataclasses import dataclass

from services.messaging.commands.sending import Answering, say, with_attachments
from services.messaging.model import Conversation, Draft, Message
from services.messaging.store import Conversations, HelperRows, JobRows
from shared.kernel.errors import Invalid
from shared.replicas import People
from shared.scope import Scope


@dataclass(frozen=True)
class OpenConversation:
    """job_id None: the general topic. Either party may open a job's conversation.

    expected is the conversation's version that the caller saw, None when any will do.
    """

    caller: str
    helper_id: str
    job_id: str | None
    text: str
    client_message_id: str
    expected: int | None = None
    attachments: tuple[str, ...] = ()


async def topic_of(cmd: OpenConversation, scope: Scope) -> Conversation:
    """The pair's conversation on the topic, or a new one that is not written down yet.

    NotFound unless the helper is listed, or the caller is a party of the job. Who talks already
    goes on, whatever became of the listing.
    """
    customer = cmd.caller
    needs_listing = True
    if cmd.job_id is not None:
        job = await scope.store(JobRows).of_party(cmd.job_id, cmd.caller)
        customer, needs_listing = job.customer_id, job.helper_id is None
        if job.helper_id not in (None, cmd.helper_id):
            raise Invalid(
                "is not the helper of this job", pointer="/helper_id", code="not_the_jobs_helper"
            )
    if customer == cmd.helper_id:
        raise Invalid("is yourself", pointer="/helper_id", code="own_conversation")
    conversations = scope.store(Conversations)
    id = Conversation.key(conversations.tenant, customer, cmd.helper_id, cmd.job_id)
    known = await conversations.find(id)
    if known is not None:
        return known
    if needs_listing:
        await scope.store(HelperRows).listed(cmd.helper_id)
    return Conversation(
        id=id,
        customer_id=customer,
        helper_id=cmd.helper_id,
        job_id=cmd.job_id,
        opened_by=cmd.caller,
        opened_at=scope.now,
    )


async def open_conversation(
    cmd: OpenConversation, topic: Conversation, scope: Scope, answering: Answering
) -> tuple[Conversation, Message]:
    """Say the first thing, or append; topic is what ``topic_of`` found.

    Forbidden (email_not_verified), Precondition, Blocked, Limited.
    """
    await scope.store(People).verified(cmd.caller)
    topic.expect(cmd.expected)
    draft = Draft(cmd.caller, cmd.text, cmd.client_message_id, opener=True)
    draft = await with_attachments(draft, cmd.attachments, topic.id, scope)
    return await say(draft, topic, scope, answering)
