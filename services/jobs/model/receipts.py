"""Receipts: a book per helper and year that numbers them, and each receipt itself."""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from services.jobs.model.job import Job
from services.jobs.model.values import filed_under
from services.jobs.model.visit import Line
from shared.contracts.jobs import ReceiptFacts, ReceiptIssued
from shared.kernel.aggregate import Aggregate
from shared.kernel.ids import derived_id
from shared.kernel.money import Money


@dataclass(kw_only=True)
class ReceiptBook(Aggregate):
    """The jobs that got a receipt, in order: a job's place in the list is its number.

    One document and one guarded write at a time, so that numbers have no gap and no double.
    """

    helper_id: str
    year: int
    job_ids: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, helper_id: str, year: int, tenant: str) -> "ReceiptBook":
        id = derived_id("book", tenant, helper_id, str(year))
        return cls(id=id, helper_id=helper_id, year=year)

    def enter(self, job_id: str) -> None:
        """Give the job the next number; a job that has one keeps it."""
        if job_id not in self.job_ids:
            self.job_ids = [*self.job_ids, job_id]

    def number(self, job_id: str) -> str:
        """Year and place, e.g. ``2026-0001``; unique together with the helper."""
        return f"{self.year}-{self.job_ids.index(job_id) + 1:04d}"


@dataclass(kw_only=True)
class Receipt(Aggregate):
    """What the customer owes for one accepted job; never changed once issued.

    order sorts receipts by their date, filed those of a year by helper and date. commission_bps is
    what the operator withholds, in basis points."""

    job_id: str
    helper_id: str
    customer_id: str
    number: str
    issued_at: datetime
    lines: list[Line]
    total: Money
    order: str = ""
    commission_bps: int = 0
    year: int = 0
    filed: str = ""

    @staticmethod
    def id_for(job_id: str) -> str:
        return derived_id("receipt", job_id)

    @classmethod
    def issue(
        cls, job: Job, number: str, *, year: int = 0, commission_bps: int = 0
    ) -> tuple["Receipt", list[ReceiptIssued]]:
        """For a job whose work is owed for, dated by that, within its approved limits."""
        assert job.helper_id is not None, "accepted work has a helper"
        issued_at = accepted_at(job)
        id = cls.id_for(job.id)
        receipt = cls(
            id=id,
            job_id=job.id,
            helper_id=job.helper_id,
            customer_id=job.customer_id,
            number=number,
            issued_at=issued_at,
            lines=list(job.receipt_lines()),
            total=job.worth(),
            order=f"{round(issued_at.timestamp() * 1000):013d}|{id}",
            commission_bps=commission_bps,
            year=year,
            filed=filed_under(job.helper_id, issued_at, id),
        )
        return receipt, [ReceiptIssued(receipt.facts())]

    def facts(self) -> ReceiptFacts:
        return ReceiptFacts(
            job_id=self.job_id,
            helper_id=self.helper_id,
            customer_id=self.customer_id,
            number=self.number,
            issued_at=self.issued_at,
            total=self.total,
        )


def receipt_year(job: Job, zone: ZoneInfo) -> int:
    """The year of acceptance on the tenant's wall calendar."""
    return accepted_at(job).astimezone(zone).year


def accepted_at(job: Job) -> datetime:
    assert job.accepted_at is not None, "only work that was accepted has a receipt"
    return job.accepted_at
