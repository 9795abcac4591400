"""Looking at the customer's line before a visit, without anything waiting for it."""

from services.jobs.commands.notices import tell_line_fault
from services.jobs.line_test import LineQuestion, LineTest
from services.jobs.model import Job
from services.jobs.model.line import LineCheck
from services.jobs.model.transitions import AHEAD
from services.jobs.store import JobStore
from shared.scope import Scope


async def check_line(job_id: str, occasion: str, scope: Scope) -> None:
    """Ask once for each occasion; a fault is marked on the job and told to both sides.

    Carried out again, it asks no more, but makes sure that they are told.
    """
    jobs = scope.store(JobStore)
    job = await jobs.get(job_id)
    test = scope.the(LineTest)
    if job.state not in AHEAD or not test.knows(scope.tenant.slug):
        return
    start = job.booked_slot.start
    occasion = f"{occasion} {start.isoformat()}"
    if all(check.occasion != occasion for check in job.line_checks):
        answer = await test.ask(_question(job, scope))
        check = LineCheck(occasion, answer.state, scope.now, answer.note, start)
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
