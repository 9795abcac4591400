"""Writing the receipt of an accepted job, and the credit note for what was refunded."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from services.jobs.model import State
from services.jobs.model.credit_notes import CreditNote, CreditNoteBook, refund_of
from services.jobs.model.receipts import Receipt, ReceiptBook, receipt_year
from services.jobs.store import (
    CreditNoteBookStore,
    CreditNoteStore,
    JobStore,
    ReceiptBookStore,
    ReceiptStore,
)
from shared.scope import Scope


@dataclass(frozen=True)
class IssueReceipt:
    """job_id of a job whose work is owed for."""

    job_id: str


async def issue_receipt(cmd: IssueReceipt, scope: Scope) -> Receipt:
    """The number first, then the receipt; carried out again, both are what they were."""
    job = await scope.store(JobStore).get(cmd.job_id)
    assert job.helper_id is not None, "accepted work has a helper"
    year = receipt_year(job, ZoneInfo(scope.tenant.time_zone))
    books = scope.store(ReceiptBookStore)
    fresh = ReceiptBook.of(job.helper_id, year, scope.tenant.slug)
    await books.ensure(fresh, [])
    book = await books.update(fresh.id, lambda book: book.enter(job.id))
    receipt, events = Receipt.issue(
        job,
        book.number(job.id),
        year=year,
        commission_bps=scope.tenant.rules.commission_bps,
    )
    receipts = scope.store(ReceiptStore)
    if await receipts.ensure(receipt, events):
        return receipt
    # The rules may have changed since it was written.
    return await receipts.get(receipt.id)


@dataclass(frozen=True)
class IssueCreditNote:
    """job_id of a job whose dispute was resolved."""

    job_id: str


async def issue_credit_note(cmd: IssueCreditNote, scope: Scope) -> None:
    """Where there was a refund: receipt, number and note, in this order; again, all as it was."""
    job = await scope.store(JobStore).get(cmd.job_id)
    if refund_of(job) is None:
        return
    receipt = await issue_receipt(IssueReceipt(job.id), scope)
    year = job.when(State.RESOLVED).astimezone(ZoneInfo(scope.tenant.time_zone)).year
    books = scope.store(CreditNoteBookStore)
    fresh = CreditNoteBook.of(receipt.helper_id, year, scope.tenant.slug)
    await books.ensure(fresh, [])
    book = await books.update(fresh.id, lambda book: book.enter(job.id))
    note, events = CreditNote.issue(job, receipt, book.number(job.id), year=year)
    await scope.store(CreditNoteStore).ensure(note, events)
