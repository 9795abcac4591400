"""One message: written once, and never changed unless its author is forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.messaging.model.attachment import Enclosure
from shared.contracts.messaging import MessageEvent, MessageFacts, MessageSent
from shared.kernel.aggregate import Aggregate

SYSTEM = "system"
"""The author of messages that follow a job."""

MILESTONES = (
    "offered",
    "declined",
    "withdrawn",
    "expired",
    "booked",
    "confirmed",
    "en_route",
    "in_progress",
    "delivered",
    "completed",
    "unsuccessful",
    "cancelled",
    "no_show",
    "disputed",
    "resolved",
)
"""The states of a job that its parties are told of."""


@dataclass(frozen=True)
class Notice:
    """A job's milestone, told in the conversation of its parties."""

    job_id: str
    state: str

    @property
    def client_message_id(self) -> str:
        """The same for the same milestone, so that it is told once."""
        return f"{self.job_id}:{self.state}"


@dataclass(frozen=True)
class Draft:
    """What is to be said. opener: sent by opening the conversation, not by answering in it.

    withheld: the other side has blocked the author and never gets to see it.
    """

    author: str
    text: str
    client_message_id: str
    redacted: bool = False
    opener: bool = False
    withheld: bool = False
    notice: Notice | None = None
    attachments: Sequence[Enclosure] = ()


@dataclass(kw_only=True)
class Message(Aggregate):
    """author is an account or SYSTEM; readers holds the accounts that may see it.

    from_customer and from_helper count what each side has said that the other can see, up to
    and including this message, so that unread counts need no counting. order and found_by are
    there for searching only: each of its words with each of its readers.
    """

    conversation_id: str
    number: int
    author: str
    recipient_id: str | None = None
    text: str
    redacted: bool
    sent_at: datetime
    client_message_id: str
    readers: list[str]
    opener: bool
    from_customer: int
    from_helper: int
    notice: Notice | None = None
    order: str | None = None
    found_by: list[str] = field(default_factory=list)
    attachments: list[Enclosure] = field(default_factory=list)

    @staticmethod
    def key(conversation_id: str, number: int) -> str:
        """The id: a conversation has one message of each number, whoever is faster."""
        return f"{conversation_id}:{number:08d}"

    @property
    def withheld(self) -> bool:
        return self.recipient_id is not None and self.recipient_id not in self.readers

    def silence(self, account: str) -> None:
        """Forget what that account has said here."""
        if self.author == account:
            self.text, self.client_message_id, self.found_by = "", self.id, []
            self.attachments = []

    def sent(self) -> list[MessageEvent]:
        """The event of its sending."""
        return [MessageSent(self.facts())]

    def facts(self) -> MessageFacts:
        return MessageFacts(
            conversation_id=self.conversation_id,
            number=self.number,
            sender_id=None if self.author == SYSTEM else self.author,
            recipient_id=self.recipient_id,
            sent_at=self.sent_at,
            redacted=self.redacted,
            withheld=self.withheld,
        )
