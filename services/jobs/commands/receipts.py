"""Writing the receipt of a completed job."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from services.jobs.model.receipts import Receipt, ReceiptBook, receipt_year
from services.jobs.store import JobStore, ReceiptBookStore, ReceiptStore
from shared.scope import Scope


@dataclass(frozen=True)
class IssueReceipt:
    """job_id of a job that was completed."""

    job_id: str


async def issue_receipt(cmd: IssueReceipt, scope: Scope) -> None:
    """The number first, then the receipt; carried out again, both are what they were."""
    job = await scope.store(JobStore).get(cmd.job_id)
    assert job.helper_id is not None, "a completed job has a helper"
    year = receipt_year(job, ZoneInfo(scope.tenant.time_zone))
    books = scope.store(ReceiptBookStore)
    fresh = ReceiptBook.of(job.helper_id, year, scope.tenant.slug)
    await books.ensure(fresh, [])
    book = await books.update(fresh.id, lambda book: book.enter(job.id))
    receipt, events = Receipt.issue(job, book.number(job.id))
    await scope.store(ReceiptStore).ensure(receipt, events)
