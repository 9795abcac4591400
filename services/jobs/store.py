"""The collections of jobs and their named look-ups."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from services.jobs.model import Job, State
from services.jobs.model.appointment import Appointment
from services.jobs.model.calendar import Calendar
from services.jobs.model.case import Case
from services.jobs.model.case_table import CaseState
from services.jobs.model.claim import Claim
from services.jobs.model.claim_table import ClaimState
from services.jobs.model.compensation import Compensation
from services.jobs.model.credit_notes import CreditNote, CreditNoteBook
from services.jobs.model.feed import Feed
from services.jobs.model.helper import Helper
from services.jobs.model.receipts import Receipt, ReceiptBook
from services.jobs.model.tax import TaxRecord
from shared.audit import Looks
from shared.contracts import audit
from shared.contracts.jobs import (
    AppointmentSnapshot,
    CaseSnapshot,
    ClaimSnapshot,
    CompensationSnapshot,
    CreditNoteSnapshot,
    JobSnapshot,
    ReceiptSnapshot,
    TaxRecordSnapshot,
)
from shared.export import parts_store
from shared.kernel.errors import NotFound
from shared.privacy import answers_of
from shared.store import Index, Projection, SealedFiles, Store

NEWEST_FIRST = (("order", -1),)
BEHIND_ALL = "~"
"""Greater than every order text."""

ARRIVAL = 1.0
"""Seconds to wait for a helper whose listing may still be on its way here."""


class JobStore(Store[Job]):
    """Pages run over ``order``, newest first; before is the last one's of the page before."""

    kind, collection, noun = Job, "jobs", "job"
    snapshot = JobSnapshot
    indexes = (
        Index((("tenant", 1), ("seats", 1), ("order", -1))),
        Index((("tenant", 1), ("seats", 1), ("state", 1), ("order", -1))),
        Index((("tenant", 1), ("open_cells", 1), ("order", -1))),
        Index((("tenant", 1), ("order", 1))),
        Index((("tenant", 1), ("errand", 1), ("order", 1))),
        Index((("tenant", 1), ("charged_in", 1), ("filed", 1))),
    )

    async def charged_in(self, year: int, after: str, until: str, limit: int) -> list[Job]:
        """Those whose fee may have changed in this year, by helper and date: filed after, before
        until."""
        where = {"charged_in": year, "filed": {"$gt": after, "$lt": until}}
        return await self._find(where, sort=(("filed", 1),), limit=limit)

    async def between(self, first: str, last: str, limit: int) -> list[Job]:
        """By creation, behind the order first and before last."""
        where = {"order": {"$gt": first, "$lt": last}}
        return await self._find(where, sort=(("order", 1),), limit=limit)

    async def of_errands(self, errands: Sequence[str]) -> list[Job]:
        """All jobs of the same kind at the same address, for each of these."""
        return await self._find({"errand": {"$in": list(errands)}})

    async def of(self, seat: str, state: State | None, before: str | None, limit: int) -> list[Job]:
        """The jobs in which somebody has this seat (``customer:acc_...``)."""
        where: dict[str, Any] = {"seats": seat}
        if state is not None:
            where["state"] = state.value
        return await self._find(where | _behind(before), sort=NEWEST_FIRST, limit=limit)

    async def all_of(self, person_id: str, batch: int) -> AsyncIterator[Job]:
        """Every job in which somebody has (or once had) a seat."""
        for seat in (f"customer:{person_id}", f"helper:{person_id}"):
            before: str | None = None
            while found := await self.of(seat, None, before, batch):
                before = found[-1].order
                for job in found:
                    yield job

    async def broadcasts(self, cell: str, before: str | None, limit: int) -> list[Job]:
        """Open broadcasts that may be reached from this cell; by whom is yet to be asked."""
        where = {"open_cells": cell} | _behind(before)
        return await self._find(where, sort=NEWEST_FIRST, limit=limit)


def _behind(before: str | None) -> dict[str, Any]:
    return {} if before is None else {"order": {"$lt": before}}


class CalendarStore(Store[Calendar]):
    """A calendar comes into being with its helper's first hold."""

    kind, collection, noun = Calendar, "calendars", "calendar"

    async def of(self, helper_id: str) -> Calendar:
        return await self.find(helper_id) or Calendar(id=helper_id)


class ReceiptBookStore(Store[ReceiptBook]):
    kind, collection, noun = ReceiptBook, "receipt_books", "receipt book"


class ReceiptStore(Store[Receipt]):
    kind, collection, noun = Receipt, "receipts", "receipt"
    snapshot = ReceiptSnapshot
    indexes = (
        Index((("tenant", 1), ("year", 1), ("filed", 1))),
        Index((("tenant", 1), ("helper_id", 1), ("order", -1))),
    )

    async def of_year(self, year: int, after: str, until: str, limit: int) -> list[Receipt]:
        """By helper and date: filed after, before until."""
        where = {"year": year, "filed": {"$gt": after, "$lt": until}}
        return await self._find(where, sort=(("filed", 1),), limit=limit)

    async def latest_of(self, helper_id: str) -> Receipt | None:
        """The helper's last receipt."""
        found = await self._find({"helper_id": helper_id}, sort=NEWEST_FIRST, limit=1)
        return found[0] if found else None


class ClaimStore(Store[Claim]):
    """Pages run over ``order``, newest first; support's over the same, oldest first."""

    kind, collection, noun = Claim, "claims", "claim"
    snapshot = ClaimSnapshot
    indexes = (
        Index((("tenant", 1), ("parties", 1), ("order", -1))),
        Index((("tenant", 1), ("state", 1), ("order", 1))),
        Index((("tenant", 1), ("job_id", 1), ("order", -1))),
    )

    @classmethod
    def concerns(cls, aggregate: Claim) -> list[str]:
        return aggregate.parties

    async def of(self, person_id: str, before: str | None, limit: int) -> list[Claim]:
        """The claims in which somebody has a part."""
        where = {"parties": person_id} | _behind(before)
        return await self._find(where, sort=NEWEST_FIRST, limit=limit)

    async def of_job(self, job_id: str, limit: int) -> list[Claim]:
        return await self._find({"job_id": job_id}, sort=NEWEST_FIRST, limit=limit)

    async def in_state(self, state: ClaimState, after: str, limit: int) -> list[Claim]:
        where = {"state": state.value, "order": {"$gt": after}}
        return await self._find(where, sort=(("order", 1),), limit=limit)


class CaseStore(Store[Case]):
    """Support's queue runs over ``urgency``."""

    kind, collection, noun = Case, "cases", "case"
    snapshot = CaseSnapshot
    indexes = (
        Index((("tenant", 1), ("active", 1), ("urgency", 1))),
        Index((("tenant", 1), ("state", 1), ("urgency", 1))),
        Index((("tenant", 1), ("job_id", 1), ("opened_at", -1))),
        Index((("tenant", 1), ("parties", 1), ("opened_at", -1))),
        Index((("tenant", 1), ("overdue", 1))),
    )

    @classmethod
    def concerns(cls, aggregate: Case) -> list[str]:
        return aggregate.parties

    async def queue(self, after: str, limit: int) -> list[Case]:
        """All that are not closed, the most urgent first."""
        where = {"active": True, "urgency": {"$gt": after}}
        return await self._find(where, sort=(("urgency", 1),), limit=limit)

    async def in_state(self, state: CaseState, after: str, limit: int) -> list[Case]:
        where = {"state": state.value, "urgency": {"$gt": after}}
        return await self._find(where, sort=(("urgency", 1),), limit=limit)

    async def of_job(self, job_id: str) -> list[Case]:
        """Newest first."""
        return await self._find({"job_id": job_id}, sort=(("opened_at", -1),))

    async def of(self, person_id: str) -> list[Case]:
        """About jobs of this person, newest first."""
        return await self._find({"parties": person_id}, sort=(("opened_at", -1),))

    async def late(self, limit: int) -> list[Case]:
        """Without a first response in time."""
        return await self._find({"overdue": True}, limit=limit)


class CompensationStore(Store[Compensation]):
    """Written once for each side of a job."""

    kind, collection, noun = Compensation, "compensations", "compensation"
    snapshot = CompensationSnapshot
    indexes = (
        Index((("tenant", 1), ("job_id", 1), ("side", 1))),
        Index((("tenant", 1), ("person_id", 1), ("order", -1))),
        Index((("tenant", 1), ("order", -1))),
    )

    async def of_job(self, job_id: str) -> list[Compensation]:
        return await self._find({"job_id": job_id}, sort=(("side", 1),))

    async def of(self, person_id: str) -> list[Compensation]:
        """Newest first."""
        return await self._find({"person_id": person_id}, sort=NEWEST_FIRST)

    async def latest(self, before: str | None, limit: int) -> list[Compensation]:
        """Everybody's, newest first."""
        where = {"order": {"$lt": before or BEHIND_ALL}}
        return await self._find(where, sort=NEWEST_FIRST, limit=limit)


class EvidenceFiles(SealedFiles):
    """What the sides of a claim show, JPEG or PDF."""

    bucket = "evidence_files"


class PhotoFiles(SealedFiles):
    """Photos of the problem, JPEG."""

    bucket = "photo_files"


class CreditNoteBookStore(Store[CreditNoteBook]):
    kind, collection, noun = CreditNoteBook, "credit_note_books", "credit note book"


class CreditNoteStore(Store[CreditNote]):
    kind, collection, noun = CreditNote, "credit_notes", "credit note"
    snapshot = CreditNoteSnapshot
    indexes = (Index((("tenant", 1), ("year", 1), ("filed", 1))),)

    async def of_year(self, year: int, after: str, until: str, limit: int) -> list[CreditNote]:
        """By helper and date: filed after, before until."""
        where = {"year": year, "filed": {"$gt": after, "$lt": until}}
        return await self._find(where, sort=(("filed", 1),), limit=limit)


class AppointmentStore(Store[Appointment]):
    kind, collection, noun = Appointment, "appointments", "appointment"
    snapshot = AppointmentSnapshot


class FeedStore(Store[Feed]):
    kind, collection, noun = Feed, "feeds", "calendar"


class TaxStore(Store[TaxRecord]):
    """One record a helper, under the account's id."""

    kind, collection, noun = TaxRecord, "tax_records", "tax record"
    snapshot = TaxRecordSnapshot

    async def of_helpers(self, helper_ids: Sequence[str]) -> dict[str, TaxRecord]:
        found = await self._find({"_id": {"$in": list(helper_ids)}})
        return {record.id: record for record in found}


class LookStore(Looks):
    """Which of support looked at whose matters."""

    audited, snapshot = audit.AUDITED["jobs"], audit.SNAPSHOTS["jobs"]


class HelperRows(Projection[Helper]):
    """The replica of helpers; they are listed, unlisted or suspended by profiles alone."""

    kind, collection, noun = Helper, "helpers", "helper"

    def ids(self, after: str) -> AsyncIterator[str]:
        """Of all who were ever listed, behind that one, in order."""
        return self._ids(after)

    async def listed(self, id: str) -> Helper:
        """The helper, waited for up to a second. NotFound unless listed."""
        deadline = asyncio.get_running_loop().time() + ARRIVAL
        while True:
            helper = await self.find(id)
            if helper is not None and helper.listed:
                return helper
            if asyncio.get_running_loop().time() > deadline:
                raise NotFound("there is no such helper")
            await asyncio.sleep(0.05)


Answers = answers_of("jobs")
Parts = parts_store("jobs")
