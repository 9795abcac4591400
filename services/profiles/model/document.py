"""A proof that a helper hands in and support looks at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.contracts.base import Event
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Conflict
from shared.kernel.money import Money


class DocumentKind(StrEnum):
    INSURANCE = "insurance"
    IDENTITY = "identity"


class DocumentStatus(StrEnum):
    PENDING = "pending"
    VERIFIED = "verified"
    REJECTED = "rejected"
    EXPIRED = "expired"


class AlreadyReviewed(Conflict):
    """Somebody decided on this document before."""

    code = "document_reviewed"


class NotVerifiable(Conflict):
    """What the document itself says forbids to verify it."""

    code = "document_not_verifiable"


class TooManyPending(Conflict):
    """Support has enough of this helper's documents to look at."""

    code = "too_many_documents"


@dataclass(frozen=True)
class Insurance:
    """A liability insurance as its holder describes it."""

    insurer: str
    policy_number: str
    sum: Money
    covers_paid_work: bool


@dataclass(frozen=True)
class Review:
    """What support decided. The first review of a document counts."""

    status: DocumentStatus
    reason: str
    by: str
    at: datetime


@dataclass(kw_only=True)
class Document(Aggregate):
    """order sorts by submission. holder is the helper's name at that time, for support to compare.
    valid_until is None for a proof without an end.

    The helper aggregate holds the review and what follows from it; this row follows the helper,
    so that support's queue and the owner's list can be read.
    """

    order: str
    helper_id: str
    holder: str
    kind: DocumentKind
    file_id: str
    content_type: str
    submitted_at: datetime
    valid_until: datetime | None = None
    insurance: Insurance | None = None
    status: DocumentStatus = DocumentStatus.PENDING
    review: Review | None = None

    def check_verifiable(self, at: datetime) -> None:
        """NotVerifiable once it has run out, or when it does not cover paid work."""
        if self.valid_until is not None and self.valid_until <= at:
            raise NotVerifiable("this document has run out")
        if self.insurance is not None and not self.insurance.covers_paid_work:
            raise NotVerifiable("this insurance does not cover paid work")

    def follow(self, review: Review) -> Sequence[Event[Any]]:
        """Take over what was decided."""
        if self.status is DocumentStatus.PENDING:
            self.status, self.review = review.status, review
            if review.status is DocumentStatus.VERIFIED:
                self.due_at = self.valid_until
        return []

    def on_due(self, now: datetime) -> Sequence[Event[Any]]:
        """A verified document runs out."""
        self.due_at = None
        if self.status is DocumentStatus.VERIFIED:
            self.status = DocumentStatus.EXPIRED
        return []
