"""How jobs and what follows from them are shown, to whom, and which of them."""

from services.jobs.views.cases import (
    CasesView,
    CaseView,
    SupportCaseView,
    case_view,
    support_case_view,
)
from services.jobs.views.claims import ClaimView, claim_view, evidence_of, see_claim
from services.jobs.views.compensations import (
    CompensationsView,
    CompensationView,
    compensation_view,
)
from services.jobs.views.job import JobView, TimelineView, job_view, timeline_view
from services.jobs.views.lists import jobs_page
from services.jobs.views.papers import (
    AgreementView,
    CreditNoteView,
    ReceiptView,
    agreement_view,
    credit_note_of,
    credit_note_view,
    receipt_of,
    receipt_view,
)
from services.jobs.views.photos import PhotosView, photos_view
from services.jobs.views.reading import see

__all__ = [
    "AgreementView",
    "CaseView",
    "CasesView",
    "ClaimView",
    "CompensationView",
    "CompensationsView",
    "CreditNoteView",
    "JobView",
    "PhotosView",
    "ReceiptView",
    "SupportCaseView",
    "TimelineView",
    "agreement_view",
    "case_view",
    "claim_view",
    "compensation_view",
    "credit_note_of",
    "credit_note_view",
    "evidence_of",
    "job_view",
    "jobs_page",
    "photos_view",
    "receipt_of",
    "receipt_view",
    "see",
    "see_claim",
    "support_case_view",
    "timeline_view",
]
