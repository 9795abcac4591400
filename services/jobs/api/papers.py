"""Agreement, receipt and credit note as files for the two sides."""

from typing import Any

from fastapi import Response

from services.jobs import views
from services.jobs.api.giving import JobId, seen
from services.jobs.model import Job
from services.jobs.papers import (
    Letterhead,
    Names,
    Press,
    agreement_paper,
    credit_note_paper,
    receipt_paper,
)
from shared.http import PERSON, Call, CallDep, Router
from shared.kernel.errors import NotFound
from shared.replicas import People, Person

router = Router()

PDF: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": {}}}}


@router.get(
    "/v1/jobs/{job_id}/agreement.pdf",
    operation_id="jobs_get_agreement_paper",
    response_class=Response,
    responses=PDF,
    openapi_extra=PERSON,
)
async def get_agreement_paper(job_id: JobId, call: CallDep) -> Response:
    """In the customer's language; agreement.json is attached, as it was hashed."""
    job, _ = await seen(job_id, "paper", call)
    agreement = job.agreement
    if agreement is None:
        raise NotFound("nothing has been agreed on yet")
    if not agreement.text:
        raise NotFound("the words of this agreement were forgotten with one of its parties")
    names, head = await _addressed(job, call)
    content = await call.the(Press).print(lambda: agreement_paper(agreement, names, head))
    return _file(f"agreement-{job.id}", content)


@router.get(
    "/v1/jobs/{job_id}/receipt.pdf",
    operation_id="jobs_get_receipt_paper",
    response_class=Response,
    responses=PDF,
    openapi_extra=PERSON,
)
async def get_receipt_paper(job_id: JobId, call: CallDep) -> Response:
    """In the customer's language; 404 until the receipt is written."""
    job, _ = await seen(job_id, "paper", call)
    receipt = await views.receipt_of(job, call)
    names, head = await _addressed(job, call)
    content = await call.the(Press).print(lambda: receipt_paper(receipt, job.title, names, head))
    return _file(f"receipt-{receipt.number}", content)


@router.get(
    "/v1/jobs/{job_id}/credit-note.pdf",
    operation_id="jobs_get_credit_note_paper",
    response_class=Response,
    responses=PDF,
    openapi_extra=PERSON,
)
async def get_credit_note_paper(job_id: JobId, call: CallDep) -> Response:
    """In the customer's language; 404 where nothing was refunded."""
    job, _ = await seen(job_id, "paper", call)
    note = await views.credit_note_of(job, call)
    names, head = await _addressed(job, call)
    content = await call.the(Press).print(lambda: credit_note_paper(note, job.title, names, head))
    return _file(f"credit-note-{note.number}", content)


async def _addressed(job: Job, call: Call) -> tuple[Names, Letterhead]:
    people = call.store(People)
    customer = await people.find(job.customer_id)
    helper = await people.find(job.helper_id) if job.helper_id else None
    return Names(_name(customer), _name(helper)), Letterhead.to(customer, call.tenant)


def _name(person: Person | None) -> str:
    return person.display_name if person else ""


def _file(name: str, content: bytes) -> Response:
    """Sent to be saved, never to be opened inside a page of ours."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.pdf"',
        "Cache-Control": "no-store",
    }
    return Response(content, 200, headers, "application/pdf")
