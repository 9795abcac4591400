"""The agreement and the receipt of a job."""

from services.jobs.model import Job
from services.jobs.model.receipts import Receipt
from services.jobs.views.parts import money
from shared.http.fields import Instant, MoneyOut, View
from shared.kernel.errors import NotFound


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
    """number is unique and without gaps per helper and year."""

    id: str
    job_id: str
    helper_id: str
    customer_id: str
    number: str
    issued_at: Instant
    lines: list[LineView]
    total: MoneyOut


def receipt_view(receipt: Receipt) -> ReceiptView:
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
    )
