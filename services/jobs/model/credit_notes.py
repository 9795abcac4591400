"""Credit notes: what of a receipt is taken back when a dispute ends with a refund."""

from dataclasses import dataclass
from datetime import datetime

from services.jobs.model.job import Job
from services.jobs.model.receipts import Receipt, ReceiptBook
from services.jobs.model.transitions import State
from services.jobs.model.values import filed_under
from shared.contracts.jobs import CreditNoteFacts, CreditNoteIssued
from shared.kernel.aggregate import Aggregate
from shared.kernel.ids import derived_id
from shared.kernel.money import Money


@dataclass(kw_only=True)
class CreditNoteBook(ReceiptBook):
    """As the book of receipts, with numbers of its own."""

    @classmethod
    def of(cls, helper_id: str, year: int, tenant: str) -> "CreditNoteBook":
        id = derived_id("creditbook", tenant, helper_id, str(year))
        return cls(id=id, helper_id=helper_id, year=year)

    def number(self, job_id: str) -> str:
        """E.g. ``C2026-0001``; unique together with the helper."""
        return f"C{super().number(job_id)}"


@dataclass(kw_only=True)
class CreditNote(Aggregate):
    """total is what goes back to the customer; never changed once issued.

    issued_at is when the dispute was resolved, year and filed as a receipt's. The receipt itself
    stays as it was.
    """

    job_id: str
    helper_id: str
    customer_id: str
    receipt_id: str
    receipt_number: str
    number: str
    issued_at: datetime
    total: Money
    commission_bps: int = 0
    year: int = 0
    filed: str = ""

    @staticmethod
    def id_for(job_id: str) -> str:
        return derived_id("credit", job_id)

    @classmethod
    def issue(
        cls, job: Job, receipt: Receipt, number: str, *, year: int = 0
    ) -> tuple["CreditNote", list[CreditNoteIssued]]:
        """For a job with a receipt whose dispute was resolved with a refund."""
        refund = refund_of(job)
        assert refund is not None, "without a refund there is nothing to credit"
        issued_at = job.when(State.RESOLVED)
        id = cls.id_for(job.id)
        note = cls(
            id=id,
            job_id=job.id,
            helper_id=receipt.helper_id,
            customer_id=receipt.customer_id,
            receipt_id=receipt.id,
            receipt_number=receipt.number,
            number=number,
            issued_at=issued_at,
            total=refund,
            commission_bps=receipt.commission_bps,
            year=year,
            filed=filed_under(receipt.helper_id, issued_at, id),
        )
        return note, [CreditNoteIssued(note.facts())]

    def facts(self) -> CreditNoteFacts:
        return CreditNoteFacts(
            job_id=self.job_id,
            helper_id=self.helper_id,
            customer_id=self.customer_id,
            receipt_id=self.receipt_id,
            receipt_number=self.receipt_number,
            number=self.number,
            issued_at=self.issued_at,
            total=self.total,
        )


def refund_of(job: Job) -> Money | None:
    """What a credit note must say; None where there is nothing to take back."""
    refund = job.resolution.refund if job.resolution else None
    if job.accepted_at is None or refund is None or not refund.amount_minor:
        return None
    return refund
