"""The agreement, the receipt and the credit note of a job."""

from services.jobs.model import Job
from services.jobs.model.credit_notes import CreditNote
from services.jobs.model.receipts import Receipt
from services.jobs.store import CreditNoteStore, ReceiptStore
from services.jobs.views.parts import PaymentView, money
from shared.http.fields import Instant, MoneyOut, View
from shared.kernel.errors import NotFound
from shared.scope import Scope


class AgreementView(View):
    """text is canonical JSON, sha256 the digest of its UTF-8 bytes in lower-case hex."""

    version: int
    sha256: str
    text: str
    price: MoneyOut


def agreement_view(job: Job) -> AgreementView:
    """NotFound until the job is booked."""
    agreement = job.agreement
    if agreement is None:
        raise NotFound("nothing has been agreed on yet")
    return AgreementView(
        version=agreement.version,
        sha256=agreement.sha256,
        text=agreement.text,
        price=MoneyOut.of(agreement.price),
    )


class LineView(View):
    """kind: labour (with minutes and rate), travel or materials."""

    kind: str
    minutes: int | None
    hourly_rate: MoneyOut | None
    amount: MoneyOut


class ReceiptView(View):
    """number is unique and without gaps per helper and year.

    The labour line is minutes x hourly rate / 60, rounded half up to a whole minor unit; nothing
    else is rounded. payment is what is due by now and what both sides say of it.
    """

    id: str
    job_id: str
    helper_id: str
    customer_id: str
    number: str
    issued_at: Instant
    lines: list[LineView]
    total: MoneyOut
    payment: PaymentView | None


def receipt_view(receipt: Receipt, job: Job) -> ReceiptView:
    return ReceiptView(
        id=receipt.id,
        job_id=receipt.job_id,
        helper_id=receipt.helper_id,
        customer_id=receipt.customer_id,
        number=receipt.number,
        issued_at=receipt.issued_at,
        lines=[
            LineView(
                kind=line.kind,
                minutes=line.minutes,
                hourly_rate=money(line.hourly_rate),
                amount=MoneyOut.of(line.amount),
            )
            for line in receipt.lines
        ],
        total=MoneyOut.of(receipt.total),
        payment=PaymentView.of(job),
    )


async def receipt_of(job: Job, scope: Scope) -> Receipt:
    """NotFound until the work is accepted, and for a moment after."""
    receipt = await scope.store(ReceiptStore).find(Receipt.id_for(job.id))
    if receipt is None:
        raise NotFound("there is no receipt for this job yet")
    return receipt


class CreditNoteView(View):
    """number is unique and without gaps per helper and year; total is what goes back."""

    id: str
    job_id: str
    helper_id: str
    customer_id: str
    receipt_id: str
    receipt_number: str
    number: str
    issued_at: Instant
    total: MoneyOut


def credit_note_view(note: CreditNote) -> CreditNoteView:
    return CreditNoteView(
        id=note.id,
        job_id=note.job_id,
        helper_id=note.helper_id,
        customer_id=note.customer_id,
        receipt_id=note.receipt_id,
        receipt_number=note.receipt_number,
        number=note.number,
        issued_at=note.issued_at,
        total=MoneyOut.of(note.total),
    )


async def credit_note_of(job: Job, scope: Scope) -> CreditNote:
    """NotFound where nothing was refunded."""
    note = await scope.store(CreditNoteStore).find(CreditNote.id_for(job.id))
    if note is None:
        raise NotFound("there is no credit note for this job")
    return note
