"""How proofs are shown to their helper and to support."""

from typing import Literal

from services.profiles.model.document import Document
from shared.http.fields import Instant, MoneyOut, View


class DocumentView(View):
    """insurer to covers_paid_work are null unless kind is insurance; reason is support's."""

    id: str
    kind: Literal["insurance", "identity"]
    status: Literal["pending", "verified", "rejected", "expired"]
    content_type: str
    insurer: str | None
    policy_number: str | None
    sum: MoneyOut | None
    covers_paid_work: bool | None
    valid_until: Instant | None
    submitted_at: Instant
    reason: str | None
    decided_at: Instant | None


class SupportDocumentView(DocumentView):
    """holder is the helper's name when it was handed in."""

    helper_id: str
    holder: str
    decided_by: str | None
    file_url: str


def document_view(document: Document) -> DocumentView:
    return DocumentView(**_common(document))


def support_document_view(document: Document) -> SupportDocumentView:
    return SupportDocumentView(
        **_common(document),
        helper_id=document.helper_id,
        holder=document.holder,
        decided_by=document.review.by if document.review else None,
        file_url=f"/v1/support/documents/{document.id}/file",
    )


def _common(document: Document) -> dict[str, object]:
    insurance, review = document.insurance, document.review
    return {
        "id": document.id,
        "kind": document.kind.value,
        "status": document.status.value,
        "content_type": document.content_type,
        "insurer": insurance.insurer if insurance else None,
        "policy_number": insurance.policy_number if insurance else None,
        "sum": MoneyOut.of(insurance.sum) if insurance else None,
        "covers_paid_work": insurance.covers_paid_work if insurance else None,
        "valid_until": document.valid_until,
        "submitted_at": document.submitted_at,
        "reason": review.reason if review else None,
        "decided_at": review.at if review else None,
    }
