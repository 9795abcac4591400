"""Looking at the customer's line before a visit, without anything waiting for it."""

from services.jobs.commands.notices import tell_line_fault
from services.jobs.line_test import LineQuestion, LineTest
from services.jobs.model import Job, State
from services.jobs.model.line import LineCheck
from services.jobs.model.transitions import APPOINTED
from services.jobs.store import JobStore
from shared.scope import Scope

LOOKED_AT = (*APPOINTED, State.EN_ROUTE)


async def check_line(job_id: str, occasion: str, scope: Scope) -> None:
    """Ask once for each occasion; a fault is marked on the job and told to both sides."""
    jobs = scope.store(JobStore)
    job = await jobs.get(job_id)
    test = scope.the(LineTest)
    if job.state not in LOOKED_AT or not test.knows(scope.tenant.slug):
        return
    occasion = f"{occasion} {job.booked_slot.start.isoformat()}"
    if any(check.occasion == occasion for check in job.line_checks):
        return
    answer = await test.ask(_question(job, scope))
    check = LineCheck(occasion, answer.state, scope.now, answer.note)
    job = await jobs.update(job_id, lambda job: job.note_line(check))
    await tell_line_fault(job, scope)


def _question(job: Job, scope: Scope) -> LineQuestion:
    address = job.address
    return LineQuestion(
        tenant=scope.tenant.slug,
        customer_id=job.customer_id,
        street=address.street,
        postcode=address.postcode,
        city=address.city,
    )
