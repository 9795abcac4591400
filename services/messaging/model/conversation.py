"""The heads of a conversation: who talks, how far it has come, what each side has read."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from services.messaging.model.message import SYSTEM, Draft, Message
from services.messaging.model.words import name_of, words_of
from shared.contracts.messaging import (
    ConversationEvent,
    ConversationFacts,
    ConversationNoticed,
    ConversationOpened,
    ConversationReported,
)
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Invalid, NotFound, Precondition
from shared.kernel.ids import derived_id

GENERAL = "general"
"""The topic of a conversation that is about no job in particular."""

PREVIEW = 140
"""Characters of the last message that lists show."""


NOTICE_AFTER = timedelta(minutes=10)
"""How long a message may be unread before its reader gets an e-mail."""

NOTICE_AGAIN = timedelta(hours=24)
"""When there may be another one although nothing has been read since the last."""


class Gap(ValueError):
    """Messages are taken in one by one; a defect if not."""


def sort_key(moment: datetime, id: str) -> str:
    """A text that sorts by time, ties by id."""
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return f"{since // timedelta(milliseconds=1):013d}|{id}"


@dataclass(frozen=True)
class Preview:
    number: int
    author: str
    text: str
    redacted: bool
    sent_at: datetime


@dataclass(frozen=True)
class Seat:
    """One side's view. read is the last number read, heard how many of the other's that includes.

    sent counts what this side said and the other can see; openers those of its openers that the
    other has not answered; last is the newest message of a person that this side can see.
    notice_due is when to look whether something is unread; noticed is the number up to which
    there was, at noticed_at.
    """

    read: int = 0
    heard: int = 0
    sent: int = 0
    openers: int = 0
    last: Preview | None = None
    notice_due: datetime | None = None
    noticed: int | None = None
    noticed_at: datetime | None = None


@dataclass(frozen=True)
class Report:
    """by asks for help with what was said up to last_number."""

    id: str
    by: str
    reason: str
    at: datetime
    last_number: int

    @property
    def case_id(self) -> str:
        return case_of_report(self.id)


def case_of_report(report_id: str) -> str:
    """The case that a report is by itself, with which support may look at what it is about."""
    return derived_id("case", "report", report_id)


@dataclass(kw_only=True)
class Conversation(Aggregate):
    """A pair has one per topic: general, or one of its jobs.

    The messages are the truth and the heads follow them, number by number. customer_order and
    helper_order are the place in each side's list, absent while that side has nothing to see.
    """

    customer_id: str
    helper_id: str
    job_id: str | None = None
    opened_by: str
    opened_at: datetime
    last_number: int = 0
    customer: Seat = field(default_factory=Seat)
    helper: Seat = field(default_factory=Seat)
    customer_order: str | None = None
    helper_order: str | None = None
    first_reply_at: datetime | None = None
    reports: list[Report] = field(default_factory=list)

    @staticmethod
    def key(tenant: str, customer_id: str, helper_id: str, job_id: str | None) -> str:
        return derived_id("conversation", tenant, customer_id, helper_id, job_id or GENERAL)

    @property
    def people(self) -> tuple[str, str]:
        return self.customer_id, self.helper_id

    @property
    def report_cases(self) -> set[str]:
        return {report.case_id for report in self.reports}

    def role_of(self, account: str) -> str:
        """``customer`` or ``helper``. NotFound for anybody else."""
        if account == self.customer_id:
            return "customer"
        if account == self.helper_id:
            return "helper"
        raise NotFound("there is no such conversation")

    def peer_of(self, account: str) -> str:
        return self.helper_id if self.role_of(account) == "customer" else self.customer_id

    def seat_of(self, account: str) -> Seat:
        return self.customer if self.role_of(account) == "customer" else self.helper

    def _seat(self, account: str, seat: Seat) -> None:
        if self.role_of(account) == "customer":
            self.customer = seat
        else:
            self.helper = seat

    def unread_of(self, account: str) -> int:
        return self.seat_of(self.peer_of(account)).sent - self.seat_of(account).heard

    def order_of(self, account: str) -> str | None:
        return self.customer_order if self.role_of(account) == "customer" else self.helper_order

    def expect(self, version: int | None) -> None:
        """Precondition unless the caller saw this version, or named none."""
        if version is not None and version != self.version:
            raise Precondition(f"this conversation is at version {self.version} by now")

    def compose(self, draft: Draft, at: datetime) -> Message:
        """The message that comes next if nobody else is faster."""
        system = draft.author == SYSTEM
        peer = None if system else self.peer_of(draft.author)
        readers = [draft.author] if draft.withheld else list(self.people)
        audible = not (system or draft.withheld)
        number = self.last_number + 1
        return Message(
            id=Message.key(self.id, number),
            conversation_id=self.id,
            number=number,
            author=draft.author,
            recipient_id=peer,
            text=draft.text,
            redacted=draft.redacted,
            sent_at=at,
            client_message_id=draft.client_message_id,
            readers=readers,
            opener=draft.opener,
            from_customer=self.customer.sent + (audible and draft.author == self.customer_id),
            from_helper=self.helper.sent + (audible and draft.author == self.helper_id),
            notice=draft.notice,
            attachments=list(draft.attachments),
            order=sort_key(at, Message.key(self.id, number)),
            found_by=[name_of(reader, word) for word in words_of(draft.text) for reader in readers],
        )

    def take(self, message: Message) -> list[ConversationEvent]:
        """Let the heads follow the next message; one that was taken before changes nothing.

        A system message has its number, but it neither counts as unread nor moves the
        conversation to the top: the job tells its parties itself.
        """
        if message.number <= self.last_number:
            return []
        if message.number != self.last_number + 1:
            raise Gap(f"message {message.number} does not follow {self.last_number}")
        self.last_number = message.number
        if message.author != SYSTEM:
            self._hear(message)
        return [ConversationOpened(self.facts())] if message.number == 1 else []

    def _hear(self, message: Message) -> None:
        author, peer = message.author, self.peer_of(message.author)
        self.customer = replace(self.customer, sent=message.from_customer)
        self.helper = replace(self.helper, sent=message.from_helper)
        speaker = self.seat_of(author)
        self._seat(author, replace(speaker, openers=speaker.openers + message.opener))
        if not message.withheld:
            self._seat(peer, replace(self.seat_of(peer), openers=0))
            self._wait(peer, message.sent_at)
            if author != self.opened_by:
                self.first_reply_at = self.first_reply_at or message.sent_at
        text = message.text[:PREVIEW]
        last = Preview(message.number, author, text, message.redacted, message.sent_at)
        for reader in message.readers:
            self._seat(reader, replace(self.seat_of(reader), last=last))
            self._move_up(reader, sort_key(message.sent_at, self.id))

    def _move_up(self, account: str, order: str) -> None:
        if self.role_of(account) == "customer":
            self.customer_order = order
        else:
            self.helper_order = order

    def _wait(self, reader: str, since: datetime) -> None:
        """Look in NOTICE_AFTER, unless that is due already or there was a notice just now."""
        seat = self.seat_of(reader)
        told = seat.noticed is not None and seat.read < seat.noticed
        recent = seat.noticed_at is not None and since < seat.noticed_at + NOTICE_AGAIN
        if seat.notice_due is None and not (told and recent):
            self._seat(reader, replace(seat, notice_due=since + NOTICE_AFTER))
            self._find_due()

    def _find_due(self) -> None:
        due = (self.customer.notice_due, self.helper.notice_due)
        self.due_at = min((each for each in due if each is not None), default=None)

    def on_due(self, now: datetime) -> list[ConversationEvent]:
        """Whoever has left something unread is told, once for all that came meanwhile."""
        unread = False
        for account in self.people:
            seat = self.seat_of(account)
            if seat.notice_due is None or seat.notice_due > now:
                continue
            seat = replace(seat, notice_due=None)
            if self.unread_of(account) > 0 and seat.last is not None:
                seat = replace(seat, noticed=seat.last.number, noticed_at=now)
                unread = True
            self._seat(account, seat)
        self._find_due()
        return [ConversationNoticed(self.facts())] if unread else []

    def read(self, message: Message, by: str) -> None:
        """Everything up to this message has been read; a mark never goes back."""
        seat = self.seat_of(by)
        if message.number > seat.read:
            customer = self.role_of(by) == "customer"
            heard = message.from_helper if customer else message.from_customer
            self._seat(by, replace(seat, read=message.number, heard=heard))
            if self.unread_of(by) == 0:
                self._seat(by, replace(self.seat_of(by), notice_due=None))
                self._find_due()

    def check_number(self, number: int) -> None:
        """Invalid for a message that is not there yet."""
        if number > self.last_number:
            raise Invalid(
                f"the conversation ends at {self.last_number}",
                pointer="/sequence",
                code="unknown_message",
            )

    def report(self, reason: str, *, by: str, at: datetime) -> list[ConversationEvent]:
        """Ask support for help; the same person's same reason is heard once per message."""
        self.role_of(by)
        id = derived_id("report", self.id, by, reason, str(self.last_number))
        if any(known.id == id for known in self.reports):
            return []
        self.reports = [*self.reports, Report(id, by, reason, at, self.last_number)]
        return [ConversationReported(self.facts())]

    def silence(self, account: str) -> None:
        """Forget what that account has said; the thread itself stays the other side's."""
        for each in self.people:
            seat = self.seat_of(each)
            if seat.last is not None and seat.last.author == account:
                self._seat(each, replace(seat, last=replace(seat.last, text="")))

    def facts(self) -> ConversationFacts:
        moments = (self.customer.noticed_at, self.helper.noticed_at)
        return ConversationFacts(
            customer_id=self.customer_id,
            helper_id=self.helper_id,
            job_id=self.job_id,
            opened_at=self.opened_at,
            last_number=self.last_number,
            first_reply_at=self.first_reply_at,
            reported_by=self.reports[-1].by if self.reports else None,
            report_reason=self.reports[-1].reason if self.reports else None,
            customer_notice=self.customer.noticed,
            helper_notice=self.helper.noticed,
            noticed_at=max(filter(None, moments), default=None),
        )
