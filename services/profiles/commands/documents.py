"""Proofs: handed in by helpers, looked at by support."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.profiles.model.document import (
    AlreadyReviewed,
    Document,
    DocumentKind,
    DocumentStatus,
    Insurance,
    Review,
    TooManyPending,
)
from services.profiles.store import DocumentFiles, DocumentStore, HelperStore
from shared.contracts.base import Event
from shared.edge import Replay
from shared.kernel.errors import Conflict, Forbidden, Invalid
from shared.kernel.ids import new_id
from shared.scope import Scope
from shared.store import File

PENDING_AT_MOST = 5
"""Documents of one helper that wait for support."""


@dataclass(frozen=True)
class SubmitDocument:
    """content is clean; valid_until is None for a proof without an end."""

    document_id: str
    helper_id: str
    kind: DocumentKind
    content: bytes
    content_type: str
    insurance: Insurance | None
    valid_until: datetime | None


async def check_may_submit(document_id: str, helper_id: str, scope: Scope) -> str:
    """The helper's name. NotFound without a profile, TooManyPending.

    A document_id that is known already is a repeated request, which is not counted.
    """
    helper = await scope.store(HelperStore).get(helper_id)
    latest = await scope.store(DocumentStore).of_helper(helper_id, None, 2 * PENDING_AT_MOST)
    pending = [each.id for each in latest if each.status is DocumentStatus.PENDING]
    if len(pending) >= PENDING_AT_MOST and document_id not in pending:
        raise TooManyPending("wait until support has looked at what you sent")
    return helper.standing.display_name


async def submit_document(
    cmd: SubmitDocument, holder: str, documents: DocumentStore, scope: Scope
) -> Document:
    """The pending document; its file is stored first, so that no queue shows one without."""
    file_id = new_id("file")
    await scope.store(DocumentFiles).put(File(file_id, cmd.content, cmd.content_type))
    document = Document(
        id=cmd.document_id,
        order=f"{int(scope.now.timestamp() * 1000):013d}|{cmd.document_id}",
        helper_id=cmd.helper_id,
        holder=holder,
        kind=cmd.kind,
        file_id=file_id,
        content_type=cmd.content_type,
        submitted_at=scope.now,
        valid_until=cmd.valid_until,
        insurance=cmd.insurance,
    )
    try:
        return await documents.create(document, [])
    except (Replay, Conflict, Invalid):
        # A request that was carried out before has its file already.
        await scope.store(DocumentFiles).delete(file_id)
        raise


@dataclass(frozen=True)
class ReviewDocument:
    """status is verified or rejected; by is a person of support."""

    document_id: str
    status: DocumentStatus
    reason: str
    by: str


async def review_document(cmd: ReviewDocument, documents: DocumentStore, scope: Scope) -> Document:
    """The document as decided. NotFound, Forbidden (own), AlreadyReviewed, NotVerifiable.

    The helper's document decides, once: whoever comes second is told so, after the queue's row
    has been made to agree. A crash in between leaves a pending row that the next try mends.
    """
    document = await documents.get(cmd.document_id)
    if document.helper_id == cmd.by:
        raise Forbidden("nobody reviews their own documents", code="own_document")
    review = Review(cmd.status, cmd.reason, cmd.by, scope.now)
    helper = await scope.store(HelperStore).update(
        document.helper_id, lambda helper: helper.review(document, review)
    )
    decided = helper.reviews[document.id]
    if (decided.status, decided.by) != (review.status, review.by):
        await scope.store(DocumentStore).update(document.id, lambda each: each.follow(decided))
        raise AlreadyReviewed("somebody has decided on this document")

    def decide(each: Document) -> Sequence[Event[Any]]:
        if each.status is not DocumentStatus.PENDING:
            raise AlreadyReviewed("this document has been decided on")
        return each.follow(decided)

    return await documents.update(document.id, decide)
