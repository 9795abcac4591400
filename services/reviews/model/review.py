"""One side's review and what happens to it after it was published."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


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
    """reason is the statement given to both sides (Art. 17 DSA); None is possible with keep."""

    verdict: Verdict
    reason: str | None
    by: str
    at: datetime


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

    @property
    def removed(self) -> bool:
        return self.decision is not None and self.decision.verdict is Verdict.REMOVE

    def silenced(self) -> "Review":
        """The marks without a word of anybody's."""
        return replace(
            self,
            text=None,
            reply=self.reply and replace(self.reply, text=""),
            report=self.report and replace(self.report, text=None),
            decision=self.decision and replace(self.decision, reason=None),
        )
