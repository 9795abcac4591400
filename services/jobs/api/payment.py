"""What both sides say of the payment."""

from typing import Literal

from starlette.responses import Response

from services.jobs import commands
from services.jobs.api.giving import JobId, caller_of, give
from services.jobs.model.values import PaymentMethod
from services.jobs.views import JobView
from shared.http import CallDep, Router
from shared.http.fields import Body, Bool, Day
from shared.kernel.errors import Invalid

router = Router()


class PaymentBody(Body):
    """As the customer: I paid (or not yet); as the helper: I was paid (or not yet).

    method and on, a date of the tenant's calendar, belong to a payment that was made.
    """

    paid: Bool
    method: Literal["cash", "transfer"] | None = None
    on: Day | None = None


@router.post(
    "/v1/jobs/{job_id}/payment-word", operation_id="jobs_say_payment", response_model=JobView
)
async def say_payment(job_id: JobId, body: PaymentBody, call: CallDep) -> Response:
    """Your word on the payment, shown to both; a later word replaces it."""
    cmd = commands.SayPayment(job_id, caller_of(call), _payment(body))
    return await give(cmd, commands.say_payment, call)


def _payment(body: PaymentBody) -> commands.Payment | None:
    for name, value in (("method", body.method), ("on", body.on)):
        if body.paid and value is None:
            raise Invalid("say how and when", pointer=f"/{name}", code="invalid_request")
        if not body.paid and value is not None:
            raise Invalid("belongs to a payment", pointer=f"/{name}", code="invalid_request")
    if body.method is None or body.on is None:
        return None
    return commands.Payment(PaymentMethod(body.method), body.on)
