"""What jobs knows of a person, and how it forgets it."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.jobs.commands.feeds import end_feed
from services.jobs.commands.tax import forget_tax_data
from services.jobs.model import Caller
from services.jobs.model.credit_notes import CreditNote
from services.jobs.model.receipts import Receipt
from services.jobs.model.transitions import State
from services.jobs.store import (
    CalendarStore,
    CaseStore,
    ClaimStore,
    CompensationStore,
    CreditNoteStore,
    EvidenceFiles,
    JobStore,
    PhotoFiles,
    ReceiptStore,
    TaxStore,
)
from services.jobs.views.cases import case_view
from services.jobs.views.claims import claim_view
from services.jobs.views.compensations import compensation_view
from services.jobs.views.job import job_view, timeline_view
from services.jobs.views.papers import agreement_view, credit_note_view, receipt_view
from services.jobs.views.tax import tax_view
from shared.export import Exported
from shared.privacy import PersonalData
from shared.scope import Scope
from shared.store import File

_BATCH = 50

OVER = frozenset({State.CLOSED, State.DECLINED, State.WITHDRAWN, State.EXPIRED})
"""States in which nobody can want anything of the other side any more; in all others a dispute, a
review or the work itself may still come."""


class JobsData(PersonalData):
    """Receipts, credit notes, their books and compensations stay: they name the account's id alone,
    behind which is nobody. Tax data of those with income stay sealed as long as they may have to
    be reported."""

    async def open_matters(self, person_id: str, scope: Scope) -> list[str]:
        jobs = [job async for job in scope.store(JobStore).all_of(person_id, _BATCH)]
        claims = await scope.store(ClaimStore).of(person_id, None, 0)
        cases = await scope.store(CaseStore).of(person_id)
        return [
            *(f"job:{job.id}" for job in jobs if job.state not in OVER),
            *(f"claim:{claim.id}" for claim in claims if claim.open),
            *(f"case:{case.id}" for case in cases if case.active),
        ]

    async def export(self, person_id: str, scope: Scope) -> Exported:
        jobs: list[Any] = []
        files: list[File] = []
        receipts, notes = scope.store(ReceiptStore), scope.store(CreditNoteStore)
        reader = Caller(person_id)
        async for job in scope.store(JobStore).all_of(person_id, _BATCH):
            shown = [each for each in job.photos if each.by == person_id]
            files += [await scope.store(PhotoFiles).get(each.file_id) for each in shown]
            receipt = await receipts.find(Receipt.id_for(job.id))
            note = await notes.find(CreditNote.id_for(job.id))
            jobs.append(
                {
                    "job": job_view(job, reader, scope.now),
                    "timeline": timeline_view(job, reader),
                    "agreement": agreement_view(job) if job.agreement else None,
                    "receipt": receipt and receipt_view(receipt, job),
                    "credit_note": note and credit_note_view(note),
                }
            )
        claims = await scope.store(ClaimStore).of(person_id, None, 0)
        evidence = [each for claim in claims for each in claim.evidence if each.by == person_id]
        files += [await scope.store(EvidenceFiles).get(each.file_id) for each in evidence]
        cases = await scope.store(CaseStore).of(person_id)
        owed = await scope.store(CompensationStore).of(person_id)
        record = await scope.store(TaxStore).find(person_id)
        data = {
            "jobs": jobs,
            "tax": record and tax_view(record, scope),
            "claims": [claim_view(each, reader) for each in claims],
            "compensations": [compensation_view(each) for each in owed],
            "cases": [case_view(each) for each in cases if person_id in each.readers],
        }
        return Exported(data, files)

    async def erase(self, person_id: str, scope: Scope) -> None:
        jobs, centre = scope.store(JobStore), scope.tenant.centre
        photos = scope.store(PhotoFiles)
        zone = ZoneInfo(scope.tenant.time_zone)
        earned: list[datetime] = []
        async for job in jobs.all_of(person_id, _BATCH):
            if job.helper_id == person_id:
                earned += [charge.at for charge in job.charges]
            for photo in job.photos:
                await photos.delete(photo.file_id)
            await jobs.redact(job.id, lambda job: job.redact(centre))
        await scope.store(CalendarStore).forget(person_id)
        await _erase_claims(person_id, scope)
        cases = scope.store(CaseStore)
        for case in await cases.of(person_id):
            await cases.redact(case.id, lambda each: each.redact())
        await end_feed(person_id, scope)
        last = await scope.store(ReceiptStore).latest_of(person_id)
        earned += [last.issued_at] if last else []
        year = max(earned).astimezone(zone).year if earned else None
        await forget_tax_data(person_id, year, scope)


async def _erase_claims(person_id: str, scope: Scope) -> None:
    """The files first: as long as a claim names them, they are found again."""
    claims, files = scope.store(ClaimStore), scope.store(EvidenceFiles)
    for claim in await claims.of(person_id, None, 0):
        for each in claim.evidence:
            await files.delete(each.file_id)
        await claims.redact(claim.id, lambda each: each.redact())
