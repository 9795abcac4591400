"""What a live stream tells of each entry of a feed."""

from dataclasses import dataclass
from typing import Self

from services.messaging.model import FeedEntry, Kind, Message
from services.messaging.store import Messages
from services.messaging.views.talk import MessageView, PeerView, message_view, names_of
from shared.http.fields import Instant, View
from shared.replicas import People
from shared.scope import Scope


class TicketView(View):
    """expires_in: seconds."""

    ticket: str
    expires_in: int


class MessageToldView(View):
    """A message of one's own, from another device, is told as well."""

    conversation_id: str
    message: MessageView


class JobToldView(View):
    """version counts the job's events: a lower one than known is old news."""

    job_id: str
    state: str
    version: int
    at: Instant


class InvitationToldView(View):
    """As in the list of invitations; told again when due_at has moved."""

    job_id: str
    role: str
    peer: PeerView
    due_at: Instant


Told = MessageToldView | JobToldView | InvitationToldView


@dataclass(frozen=True)
class Teller:
    """Reads what entries refer to, for one person."""

    person_id: str
    language: str
    scope: Scope

    @classmethod
    async def of(cls, person_id: str, scope: Scope) -> Self:
        person = await scope.store(People).arrived(person_id)
        return cls(person_id, person.language, scope)

    async def told(self, entry: FeedEntry) -> Told | None:
        """None for what the person may not, or can no longer, see."""
        match entry.kind:
            case Kind.MESSAGE:
                return await self._message(entry)
            case Kind.JOB:
                return _job(entry)
            case Kind.REVIEW_INVITATION:
                return await self._invitation(entry)

    async def _message(self, entry: FeedEntry) -> MessageToldView | None:
        conversation_id = entry.conversation_id or ""
        id = Message.key(conversation_id, entry.message_number or 0)
        message = await self.scope.store(Messages).find(id)
        if message is None or self.person_id not in message.readers:
            return None
        view = message_view(message, self.language)
        return MessageToldView(conversation_id=conversation_id, message=view)

    async def _invitation(self, entry: FeedEntry) -> InvitationToldView:
        peer = entry.peer_id or ""
        names = await names_of([peer], self.scope.store(People))
        assert entry.review_until is not None
        return InvitationToldView(
            job_id=entry.job_id or "",
            role=entry.role or "",
            peer=PeerView(id=peer, display_name=names[peer]),
            due_at=entry.review_until,
        )


def _job(entry: FeedEntry) -> JobToldView:
    return JobToldView(
        job_id=entry.job_id or "",
        state=entry.state or "",
        version=entry.job_version or 0,
        at=entry.at,
    )
