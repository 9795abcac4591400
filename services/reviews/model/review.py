"""One side's review and what happens to it after it was published."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from services.reviews.model.errors import (
    AlreadyAppealed,
    AlreadyDecided,
    AlreadyReplied,
    AppealWindowOver,
    NothingToAppeal,
    ReplyWindowOver,
    SameModerator,
)

APPEAL_WINDOW = timedelta(days=184)
"""Six months, however long they are (Art. 20 DSA), from the decision."""

REPLY_WINDOW = timedelta(days=30)
"""From the reveal; a default of ours."""


def sort_key(moment: datetime, id: str) -> str:
    """A text that sorts by time, ties by id."""
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return f"{since // timedelta(milliseconds=1):013d}|{id}"


class Side(StrEnum):
    """Whose words they are."""

    CUSTOMER = "customer"
    HELPER = "helper"

    @property
    def other(self) -> "Side":
        return Side.HELPER if self is Side.CUSTOMER else Side.CUSTOMER


class ReportReason(StrEnum):
    """Why a review should be looked at."""

    HARASSMENT = "harassment"
    DISCRIMINATION = "discrimination"
    SCAM = "scam"
    OFF_PLATFORM_PAYMENT = "off_platform_payment"
    PERSONAL_DATA = "personal_data"
    SAFETY = "safety"
    UNTRUE = "untrue"
    OTHER = "other"


class Verdict(StrEnum):
    """What moderation does with a reported review."""

    KEEP = "keep"
    REMOVE = "remove"


@dataclass(frozen=True)
class Marks:
    """Each from 1 (worst) to 5 (best)."""

    overall: int
    communication: int
    punctuality: int
    quality: int
    price_as_agreed: int


@dataclass(frozen=True)
class Reply:
    text: str
    at: datetime


@dataclass(frozen=True)
class Report:
    """text is the reporter's own words, None when the reason says it all."""

    by: str
    reason: ReportReason
    text: str | None
    at: datetime


@dataclass(frozen=True)
class Decision:
    """reason is the statement given to both sides (Art. 17 DSA); None is possible with keep.

    code says in a word what was wrong; None with keep.
    """

    verdict: Verdict
    reason: str | None
    by: str
    at: datetime
    code: ReportReason | None = None


@dataclass(frozen=True)
class Appeal:
    """Whom the decision went against asks for another one (Art. 20 DSA)."""

    by: str
    text: str
    at: datetime
    decision: Decision | None = None

    def silenced(self) -> "Appeal":
        decision = self.decision and replace(self.decision, reason=None)
        return replace(self, text="", decision=decision)


@dataclass(frozen=True)
class Review:
    """As its author wrote it; the words never change, they only go when a side is forgotten."""

    id: str
    marks: Marks
    text: str | None
    written_at: datetime
    reply: Reply | None = None
    report: Report | None = None
    decision: Decision | None = None
    appeal: Appeal | None = None
    withdrawn_at: datetime | None = None

    @property
    def verdict(self) -> Decision | None:
        """The decision in force: an appeal's takes the place of the first."""
        appealed = self.appeal.decision if self.appeal is not None else None
        return appealed or self.decision

    @property
    def removed(self) -> bool:
        """By its author, or by moderation."""
        decided = self.verdict is not None and self.verdict.verdict is Verdict.REMOVE
        return decided or self.withdrawn_at is not None

    def replied(self, reply: Reply, revealed_at: datetime) -> "Review":
        """With the other side's one answer, within REPLY_WINDOW of the reveal."""
        if self.reply is not None:
            raise AlreadyReplied("this review has a reply")
        if reply.at >= revealed_at + REPLY_WINDOW:
            raise ReplyWindowOver("the time for a reply is over")
        return replace(self, reply=reply)

    def decided(self, decision: Decision) -> "Review":
        """With moderation's word on the report, or on the open appeal; each is given once."""
        if self.decision is None:
            return replace(self, decision=decision)
        if self.appeal is None or self.appeal.decision is not None:
            raise AlreadyDecided("this report has been decided")
        if self.decision.by == decision.by:
            raise SameModerator("somebody else has to decide about this appeal")
        return replace(self, appeal=replace(self.appeal, decision=decision))

    def appealed(self, appeal: Appeal) -> "Review":
        """By whom the decision went against: once, and in time."""
        if self.decision is None or self.withdrawn_at is not None:
            raise NothingToAppeal("no decision went against you")
        if self.appeal is not None:
            raise AlreadyAppealed("this decision has been appealed against")
        if appeal.at >= self.decision.at + APPEAL_WINDOW:
            raise AppealWindowOver("the time for an appeal is over")
        return replace(self, appeal=appeal)

    def silenced(self) -> "Review":
        """The marks without a word of anybody's."""
        return replace(
            self,
            text=None,
            reply=self.reply and replace(self.reply, text=""),
            report=self.report and replace(self.report, text=None),
            decision=self.decision and replace(self.decision, reason=None),
            appeal=self.appeal and self.appeal.silenced(),
        )
