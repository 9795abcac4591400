"""Published by messaging: that people talk, never what they say."""

from datetime import datetime

from shared.contracts.base import Event, Facts


class ConversationFacts(Facts):
    """A conversation. The event's subject is its id; job_id is None for the general topic.

    reported_by and report_reason are those of the latest report. customer_notice and helper_notice:
    the number up to which that side was last found to have left messages unread for ten minutes;
    noticed_at is when the later of the two was.
    """

    customer_id: str
    helper_id: str
    job_id: str | None
    opened_at: datetime
    last_number: int
    first_reply_at: datetime | None = None
    reported_by: str | None = None
    report_reason: str | None = None
    customer_notice: int | None = None
    helper_notice: int | None = None
    noticed_at: datetime | None = None


class ConversationEvent(
    Event[ConversationFacts],
    publisher="messaging",
    aggregate="conversation",
    facts=ConversationFacts,
):
    """Base of the conversation's events."""


class ConversationOpened(ConversationEvent): ...


class ConversationReported(ConversationEvent): ...


class ConversationNoticed(ConversationEvent):
    """Somebody has left messages unread for ten minutes."""


class ConversationSnapshot(ConversationEvent): ...


class AcquaintanceFacts(Facts):
    """What holds between two people, sorted by id. The event's subject is the pair's id.

    blocked_by, blocked_at and active_job_ids are those of the latest block: the jobs between the
    two that were booked and not over, for somebody to look after. Neither side is told.
    """

    people: list[str]
    booked_at: datetime | None = None
    blocked_by: str | None = None
    blocked_at: datetime | None = None
    active_job_ids: list[str] = []


class AcquaintanceEvent(
    Event[AcquaintanceFacts],
    publisher="messaging",
    aggregate="acquaintance",
    facts=AcquaintanceFacts,
):
    """Base of the events between two people."""


class PeerBlocked(AcquaintanceEvent): ...


class AcquaintanceSnapshot(AcquaintanceEvent): ...


class MessageFacts(Facts):
    """A message without its text. The event's subject is ``<conversation>:<number>``.

    A system message has neither sender nor recipient. withheld: the recipient has blocked the
    sender and must not be told of it.
    """

    conversation_id: str
    number: int
    sender_id: str | None
    recipient_id: str | None
    sent_at: datetime
    redacted: bool
    withheld: bool = False


class MessageEvent(
    Event[MessageFacts], publisher="messaging", aggregate="message", facts=MessageFacts
):
    """Base of the message's events."""


class MessageSent(MessageEvent): ...


class MessageSnapshot(MessageEvent): ...
