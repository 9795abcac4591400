"""Files that go with messages: taken in, claimed by a message, shown to its readers, thrown away.

A file is written after its record and before the record says that it is ready, so that whatever
is left half-way is found by its record. It is claimed by what its message is known by
(conversation, author, client_message_id) before the message is written, and marked as sent
afterwards; what was left in between is put right, or thrown away, by the timer.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog

from services.messaging.model import (
    ORPHANED,
    Attachment,
    Enclosure,
    Message,
    check_unsent,
    unknown_attachment,
)
from services.messaging.store import AttachmentFiles, Attachments, Messages
from shared.kernel.errors import Conflict, NotFound, Unavailable
from shared.replicas import People
from shared.scope import Scope
from shared.store import Database, File

log = structlog.get_logger()

EVERY = 60.0
"""Seconds between two looks at what nobody has sent."""


@dataclass(frozen=True)
class TakeFile:
    """content is fit to be kept; name what the owner calls it."""

    id: str
    owner: str
    content: bytes
    content_type: str
    name: str | None


async def check_may_upload(owner: str, scope: Scope) -> None:
    """Forbidden (email_not_verified), Limited: before anything is decoded."""
    await scope.store(People).verified(owner)
    check_unsent(await scope.store(Attachments).waiting(owner))


async def take_file(cmd: TakeFile, attachments: Attachments, scope: Scope) -> Attachment:
    """The attachment, ready to be sent; attachments answers the request."""
    now = scope.now
    attachment = Attachment(
        id=cmd.id,
        owner_id=cmd.owner,
        content_type=cmd.content_type,
        size=len(cmd.content),
        name=cmd.name,
        uploaded_at=now,
        waiting_since=now,
    )
    await scope.store(Attachments).ensure(attachment, [])
    await scope.store(AttachmentFiles).put(File(cmd.id, cmd.content, cmd.content_type))
    return await attachments.update(cmd.id, Attachment.finished)


def name_of_message(conversation_id: str, author: str, client_message_id: str) -> str:
    """By what a message is known before it has a number."""
    return f"{conversation_id}|{author}|{client_message_id}"


async def claim(ids: Sequence[str], owner: str, message: str, scope: Scope) -> list[Enclosure]:
    """Invalid (unknown_attachment) for the first that cannot be sent; then none is claimed."""
    attachments = scope.store(Attachments)
    pointers = [f"/attachments/{place}" for place in range(len(ids))]
    found = await asyncio.gather(*(attachments.find(id) for id in ids))
    for attachment, pointer in zip(found, pointers, strict=True):
        if attachment is None:
            raise unknown_attachment(pointer)
        attachment.check_free(owner, message, pointer)
    claimed = []
    for id, pointer in zip(ids, pointers, strict=True):
        take = partial(Attachment.claim, owner=owner, message=message, pointer=pointer)
        claimed.append(await attachments.update(id, take))
    return [attachment.enclosure() for attachment in claimed]


async def mark_sent(message: Message, attachments: Attachments) -> None:
    """The message is written: its files wait no longer."""
    for enclosure in message.attachments:
        await attachments.update(enclosure.id, partial(Attachment.sent, message_id=message.id))


async def open_file(id: str, reader: str, scope: Scope) -> tuple[Attachment, File]:
    """For its owner, and for those who can see its message. NotFound to everybody else."""
    attachment = await scope.store(Attachments).get(id)
    if attachment.owner_id != reader and not await _is_seen(attachment, reader, scope):
        raise NotFound("there is no such attachment")
    if not attachment.ready:
        raise NotFound("there is no such attachment")
    return attachment, await scope.store(AttachmentFiles).get(id)


async def _is_seen(attachment: Attachment, reader: str, scope: Scope) -> bool:
    if attachment.message_id is None:
        return False
    message = await scope.store(Messages).find(attachment.message_id)
    return message is not None and reader in message.readers


async def forget_file(
    attachment: Attachment, attachments: Attachments, files: AttachmentFiles
) -> None:
    """The bytes first: a record without a file is found again."""
    await files.delete(attachment.id)
    await attachments.forget(attachment.id)


class Orphans:
    """Throws away what was uploaded and not sent; runs in the background of every process.

    now is the clock by which it was uploaded, that of the business.
    """

    def __init__(
        self, database: Database, now: Callable[[], datetime], every: float = EVERY
    ) -> None:
        self._database, self._now = database, now
        self._every = every

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            try:
                await self.look(self._now())
            except Unavailable:
                log.info("orphans.waiting", reason="database away")

    async def look(self, now: datetime) -> None:
        """One round over files that have waited for ORPHANED."""
        for tenant, id in await Attachments.long_waiting(self._database, now - ORPHANED):
            attachments = Attachments.unrelayed(self._database, tenant)
            attachment = await attachments.find(id)
            if attachment is not None and attachment.waiting_since is not None:
                await self._settle(attachment, attachments)

    async def _settle(self, attachment: Attachment, attachments: Attachments) -> None:
        message = await self._message_of(attachment, attachments.tenant)
        try:
            if message is not None:
                await mark_sent(message, attachments)
            else:
                files = AttachmentFiles(self._database, attachments.tenant)
                await forget_file(attachment, attachments, files)
        except (Conflict, NotFound):
            return  # Another process was faster.

    async def _message_of(self, attachment: Attachment, tenant: str) -> Message | None:
        """The message that claimed it, if it was written after all."""
        if attachment.claimed_by is None:
            return None
        conversation_id, author, client_message_id = attachment.claimed_by.split("|", 2)
        messages = Messages.unrelayed(self._database, tenant)
        message = await messages.said(conversation_id, author, client_message_id)
        names = [] if message is None else [each.id for each in message.attachments]
        return message if attachment.id in names else None
