"""How jobs are shown, to whom, and which of them."""

from services.jobs.views.job import JobView, TimelineView, job_view, timeline_view
from services.jobs.views.lists import jobs_page
from services.jobs.views.papers import (
    AgreementView,
    ReceiptView,
    agreement_view,
    receipt_view,
)
from services.jobs.views.reading import see

__all__ = [
    "AgreementView",
    "JobView",
    "ReceiptView",
    "TimelineView",
    "agreement_view",
    "job_view",
    "jobs_page",
    "receipt_view",
    "see",
    "timeline_view",
]
