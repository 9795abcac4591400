"""A file that was uploaded to be sent with a message."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Invalid, Limited

MOST = 10
"""Attachments of one message."""

UNSENT = 20
"""Files somebody may have uploaded and not sent yet."""

ORPHANED = timedelta(hours=24)
"""How long a file waits to be sent."""


@dataclass(frozen=True)
class Enclosure:
    """An attachment as its message names it; size in bytes."""

    id: str
    content_type: str
    size: int
    name: str | None = None


@dataclass(kw_only=True)
class Attachment(Aggregate):
    """Its bytes are a file under the same id, there once it is ready.

    claimed_by names the message that it goes with, before that message is written; waiting_since
    is there until the message is. conversation_id and number are the message's.
    """

    owner_id: str
    content_type: str
    size: int
    name: str | None = None
    uploaded_at: datetime
    ready: bool = False
    waiting_since: datetime | None = None
    claimed_by: str | None = None
    message_id: str | None = None

    def finished(self) -> None:
        self.ready = True

    def check_free(self, owner: str, message: str, pointer: str) -> None:
        """Invalid, the same for what is not there, another's, or sent with another message."""
        if self.owner_id != owner or not self.ready or self.claimed_by not in (None, message):
            raise unknown(pointer)

    def claim(self, owner: str, message: str, pointer: str) -> None:
        """For this message alone; again by the same message changes nothing."""
        self.check_free(owner, message, pointer)
        self.claimed_by = message

    def sent(self, message_id: str) -> None:
        self.message_id, self.waiting_since = message_id, None

    def enclosure(self) -> Enclosure:
        return Enclosure(self.id, self.content_type, self.size, self.name)


def unknown(pointer: str) -> Invalid:
    """One answer for all that cannot be sent, so that nobody learns of others' files."""
    return Invalid(
        "is no file that you have uploaded and not sent", pointer=pointer, code="unknown_attachment"
    )


def check_unsent(waiting: int) -> None:
    """Limited when somebody uploads and does not send."""
    if waiting >= UNSENT:
        raise Limited(
            f"send some of the {UNSENT} files that you have uploaded first",
            retry_after=60,
            code="too_many_attachments",
        )
