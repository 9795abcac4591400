"""E-mail that is not lost and not sent twice: written down first, sent in the background."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog

from shared.contracts.identity import TenantFacts
from shared.kernel.aggregate import Aggregate
from shared.kernel.clock import utc_now
from shared.kernel.errors import Conflict, Unavailable
from shared.kernel.ids import derived_id
from shared.store import Database, Index, Store
from shared.store.database import driver_errors

log = structlog.get_logger()

GIVE_UP_AFTER = timedelta(hours=24)
KEPT = timedelta(days=30)
"""How long it is remembered that a mail was sent, so that it is not sent again."""

LEASE = timedelta(seconds=90)
"""How long one process may take to send a mail before another one tries."""

LOOK_EVERY = 0.5
"""Seconds from one look for mails to the next, while this process writes some."""

CALM = 5.0
"""Seconds after which a look is taken anyway: for what other processes leave, and second tries."""

HASTE = 0.9
"""Share of the lease after which a slow server is left, so that no two processes send one mail."""


@dataclass(kw_only=True)
class Mail(Aggregate):
    """due_at is the next attempt. headers come on top of those that every mail has. Whom it was
    for, subject, text and headers are forgotten when it is sent, given up or withdrawn."""

    recipient: str
    sender_name: str
    sender: str
    subject: str
    created_at: datetime
    text: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    attempts: int = 0
    state: str = "queued"

    def claim(self, at: datetime) -> None:
        """Take it for LEASE; the version check lets one process win."""
        if self.state != "queued" or self.due_at is None or self.due_at > at:
            raise Conflict("this mail is not due")
        self.attempts += 1
        self.due_at = at + LEASE

    def sent(self) -> None:
        self._forget("sent")

    def _forget(self, state: str) -> None:
        self.state, self.recipient, self.subject = state, "", ""
        self.text, self.due_at, self.headers = None, None, {}

    def withdraw(self) -> None:
        """Whoever it is for is to be forgotten."""
        if self.state == "queued":
            self._forget("withdrawn")

    def failed(self, at: datetime) -> None:
        """Later again, twice as late each time up to a quarter of an hour, for 24 hours."""
        if at > self.created_at + GIVE_UP_AFTER:
            self._forget("given_up")
        else:
            self.due_at = at + min(timedelta(seconds=2**self.attempts), timedelta(minutes=15))


class MailStore(Store[Mail]):
    kind = Mail
    collection = "mails"
    noun = "mail"
    acts = False
    indexes = (
        Index((("due_at", 1),), sparse=True),
        Index((("created_at", 1),), expire_after=KEPT),
        Index((("tenant", 1), ("recipient", 1))),
    )

    async def withdraw_to(self, recipient: str) -> None:
        """What is not sent yet to this address never is."""
        for mail in await self._find({"recipient": recipient}):
            await self.update(mail.id, lambda each: each.withdraw())


def mail_for(
    tenant: TenantFacts,
    *,
    recipient: str,
    subject: str,
    text: str,
    key: tuple[str, ...],
    headers: Mapping[str, str] | None = None,
) -> Mail:
    """A mail in the tenant's name; key makes its id, so that the same mail is written once."""
    now = utc_now()
    return Mail(
        id=derived_id("mail", tenant.slug, *key),
        recipient=recipient,
        sender_name=tenant.brand.programme_name,
        sender=tenant.brand.support_email,
        subject=subject,
        text=text,
        headers=dict(headers or {}),
        created_at=now,
        due_at=now,
    )


class Postman:
    """Sends queued mails of all tenants; a background task of services that write some."""

    def __init__(self, database: Database, smtp_url: str) -> None:
        self._database = database
        parts = urlsplit(smtp_url)
        self._server: dict[str, Any] | None = None
        if parts.hostname:
            self._server = {
                "hostname": parts.hostname,
                "port": parts.port or 25,
                "username": unquote(parts.username) if parts.username else None,
                "password": unquote(parts.password) if parts.password else None,
                "use_tls": parts.scheme == "smtps",
                "timeout": 10,
            }

    async def run(self) -> None:
        seen, looked = -1, 0.0
        while True:
            written, now = self._database.writes[MailStore.collection], time.monotonic()
            if written != seen or now > looked + CALM:
                seen, looked = written, now
                try:
                    await self.deliver()
                except Unavailable:
                    seen = -1
                    log.info("mail.waiting", reason="database away")
            await asyncio.sleep(LOOK_EVERY)

    async def deliver(self) -> None:
        """One round over what is due."""
        if self._server is None:
            return
        documents = self._database.collection(MailStore.collection)
        with driver_errors():
            due = documents.find({"due_at": {"$lte": utc_now()}}, {"tenant": 1})
            found = await due.limit(50).to_list(None)
        for document in found:
            await self._send(document["tenant"], document["_id"])

    async def _send(self, tenant: str, id: str) -> None:
        mails = MailStore.unrelayed(self._database, tenant)
        try:
            mail = await mails.update(id, lambda mail: mail.claim(utc_now()))
        except Conflict:
            return
        try:
            async with asyncio.timeout(LEASE.total_seconds() * HASTE):
                await aiosmtplib.send(message_of(mail), **(self._server or {}))
        except Exception as error:
            # Also what the libraries raise for an address they cannot write down.
            log.warning("mail.failed", id=id, error=type(error).__name__)
            await mails.update(id, lambda mail: mail.failed(utc_now()))
        else:
            await mails.update(id, lambda mail: mail.sent())


def message_of(mail: Mail) -> EmailMessage:
    """RFC 5322; the Message-ID is the mail's id, so that a repeated sending can be told."""
    user, _, domain = mail.sender.partition("@")
    message = EmailMessage()
    message["From"] = Address(mail.sender_name, user, domain)
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Message-ID"] = f"<{mail.id}@{domain}>"
    message["Date"] = mail.created_at
    message["Auto-Submitted"] = "auto-generated"
    for name, value in mail.headers.items():
        message[name] = value
    message.set_content(mail.text or "")
    return message
