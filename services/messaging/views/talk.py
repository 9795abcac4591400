"""What the parties see of their conversations."""

import asyncio
from collections.abc import Iterable, Mapping

from services.messaging.model import SYSTEM, Attachment, Conversation, Enclosure, Message, Preview
from services.messaging.views.notices import FALLBACK, text_of
from shared.http.fields import Instant, View
from shared.replicas import People

Names = Mapping[str, str]
"""Account id -> display name."""


class PeerView(View):
    id: str
    display_name: str


class PreviewView(View):
    """The newest message of a person, cut to 140 characters."""

    sequence: int
    sender_id: str
    text: str
    redacted: bool
    sent_at: Instant


class ConversationView(View):
    """role is the caller's. read and peer_read are the last sequences the two sides have read.

    job_id is null for the general topic.
    """

    id: str
    peer: PeerView
    role: str
    job_id: str | None
    unread: int
    read: int
    peer_read: int
    last_message: PreviewView | None
    opened_at: Instant


class NoticeView(View):
    job_id: str
    state: str


class AttachmentView(View):
    """size in bytes, as it is kept: images are encoded anew."""

    id: str
    content_type: str
    size: int
    name: str | None


class MessageView(View):
    """redacted: contact details were taken out. sender_id is null for system messages.

    notice is the milestone of a job that a system message tells of; its text is in the reader's
    language.
    """

    id: str
    sequence: int
    sender_id: str | None
    text: str
    redacted: bool
    sent_at: Instant
    notice: NoticeView | None
    attachments: list[AttachmentView]


class FoundView(View):
    """A message of a search, and where it was said."""

    conversation_id: str
    message: MessageView


async def names_of(accounts: Iterable[str], people: People) -> Names:
    """Display names; somebody we have not heard of has none."""
    ids = sorted(set(accounts))
    found = await asyncio.gather(*(people.find(id) for id in ids))
    return {
        id: person.display_name if person is not None else ""
        for id, person in zip(ids, found, strict=True)
    }


def conversation_view(conversation: Conversation, account: str, names: Names) -> ConversationView:
    """As this party sees it."""
    peer = conversation.peer_of(account)
    seat = conversation.seat_of(account)
    return ConversationView(
        id=conversation.id,
        peer=PeerView(id=peer, display_name=names[peer]),
        role=conversation.role_of(account),
        job_id=conversation.job_id,
        unread=conversation.unread_of(account),
        read=seat.read,
        peer_read=conversation.seat_of(peer).read,
        last_message=_preview(seat.last),
        opened_at=conversation.opened_at,
    )


def _preview(last: Preview | None) -> PreviewView | None:
    if last is None:
        return None
    return PreviewView(
        sequence=last.number,
        sender_id=last.author,
        text=last.text,
        redacted=last.redacted,
        sent_at=last.sent_at,
    )


def attachment_view(file: Attachment | Enclosure) -> AttachmentView:
    return AttachmentView(
        id=file.id, content_type=file.content_type, size=file.size, name=file.name
    )


def message_view(message: Message, language: str) -> MessageView:
    """language is the reader's."""
    notice = message.notice
    return MessageView(
        id=message.id,
        sequence=message.number,
        sender_id=None if message.author == SYSTEM else message.author,
        text=message.text if notice is None else text_of(notice, language),
        redacted=message.redacted,
        sent_at=message.sent_at,
        notice=None if notice is None else NoticeView(job_id=notice.job_id, state=notice.state),
        attachments=[attachment_view(each) for each in message.attachments],
    )


def found_view(message: Message) -> FoundView:
    """Of what people wrote; system messages are not searched."""
    return FoundView(
        conversation_id=message.conversation_id, message=message_view(message, FALLBACK)
    )
