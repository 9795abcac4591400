"""What jobs knows of a person, and how it forgets it."""

from services.jobs.model import Caller
from services.jobs.model.receipts import Receipt
from services.jobs.model.transitions import State
from services.jobs.store import CalendarStore, JobStore, ReceiptStore
from services.jobs.views.job import job_view, timeline_view
from services.jobs.views.papers import agreement_view, receipt_view
from shared.export import Exported
from shared.privacy import PersonalData
from shared.scope import Scope

_BATCH = 50

OVER = frozenset({State.CLOSED, State.DECLINED, State.WITHDRAWN, State.EXPIRED})
"""States in which nobody can want anything of the other side any more; in all others a dispute, a
review or the work itself may still come."""


class JobsData(PersonalData):
    """Receipts and their books stay: they name the account's id alone, behind which is nobody."""

    async def open_matters(self, person_id: str, scope: Scope) -> list[str]:
        jobs = [job async for job in scope.store(JobStore).all_of(person_id, _BATCH)]
        return [f"job:{job.id}" for job in jobs if job.state not in OVER]

    async def export(self, person_id: str, scope: Scope) -> Exported:
        receipts, reader = scope.store(ReceiptStore), Caller(person_id)
        jobs = []
        async for job in scope.store(JobStore).all_of(person_id, _BATCH):
            receipt = await receipts.find(Receipt.id_for(job.id))
            jobs.append(
                {
                    "job": job_view(job, reader, scope.now),
                    "timeline": timeline_view(job, reader),
                    "agreement": agreement_view(job) if job.agreement else None,
                    "receipt": receipt and receipt_view(receipt),
                }
            )
        return Exported({"jobs": jobs})

    async def erase(self, person_id: str, scope: Scope) -> None:
        jobs, centre = scope.store(JobStore), scope.tenant.centre
        async for job in jobs.all_of(person_id, _BATCH):
            await jobs.redact(job.id, lambda job: job.redact(centre))
        await scope.store(CalendarStore).forget(person_id)
