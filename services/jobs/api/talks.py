"""Offers, counter-offers, and the ways out of the talks."""

from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from services.jobs import commands
from services.jobs.api.giving import JobId, SlotIn, amount, caller_of, give
from services.jobs.model.values import Terms
from services.jobs.views import JobView
from shared.http import IDEMPOTENCY_REQUIRED, PERSON, Call, CallDep, Router
from shared.http.fields import Body, Int, Line, MoneyIn, Text

router = Router()

OfferId = Annotated[str, Line(1, 100)]


class OfferBody(Body):
    """minutes of work within slot; travel and materials are nothing unless given, and each at most
    100 hours at the programme's highest rate."""

    slot: SlotIn
    minutes: Annotated[Int, Field(ge=15, le=720)]
    hourly_rate: MoneyIn
    travel: MoneyIn | None = None
    materials: MoneyIn | None = None

    def terms(self, call: Call) -> Terms:
        return Terms(
            slot=self.slot.slot,
            minutes=self.minutes,
            hourly_rate=self.hourly_rate.money,
            travel=amount(self.travel, call),
            materials=amount(self.materials, call),
        )


class CounterBody(OfferBody):
    """offer_id is needed only where several offers wait."""

    offer_id: OfferId | None = None


class AcceptBody(Body):
    """offer_id is the offer you saw and agree to."""

    offer_id: OfferId


class ReasonBody(Body):
    reason: Annotated[str, Text(1, 1000)] | None = None


@router.post(
    "/v1/jobs/{job_id}/offer",
    operation_id="jobs_offer_job",
    response_model=JobView,
    openapi_extra=PERSON | IDEMPOTENCY_REQUIRED,
)
async def offer(job_id: JobId, body: OfferBody, call: CallDep) -> Response:
    """As the asked helper, or any helper within reach of a broadcast."""
    cmd = commands.MakeOffer(job_id, caller_of(call), body.terms(call))
    return await give(cmd, commands.make_offer, call)


@router.post(
    "/v1/jobs/{job_id}/counter",
    operation_id="jobs_counter_offer",
    response_model=JobView,
    openapi_extra=PERSON | IDEMPOTENCY_REQUIRED,
)
async def counter(job_id: JobId, body: CounterBody, call: CallDep) -> Response:
    """Other terms instead of those that wait for you; at most 5 rounds."""
    cmd = commands.CounterOffer(job_id, caller_of(call), body.terms(call), body.offer_id)
    return await give(cmd, commands.counter_offer, call)


@router.post(
    "/v1/jobs/{job_id}/accept",
    operation_id="jobs_accept_offer",
    response_model=JobView,
    openapi_extra=PERSON | IDEMPOTENCY_REQUIRED,
)
async def accept(job_id: JobId, body: AcceptBody, call: CallDep) -> Response:
    """Book on these terms; they become the agreement."""
    cmd = commands.AcceptOffer(job_id, caller_of(call), body.offer_id)
    return await give(cmd, commands.accept_offer, call)


@router.post("/v1/jobs/{job_id}/decline", operation_id="jobs_decline_job", response_model=JobView)
async def decline(job_id: JobId, call: CallDep, body: ReasonBody | None = None) -> Response:
    """As a helper: not this job. In a broadcast it takes your offer back."""
    cmd = commands.Decline(job_id, caller_of(call), body.reason if body else None)
    return await give(cmd, commands.decline, call)


@router.post("/v1/jobs/{job_id}/withdraw", operation_id="jobs_withdraw_job", response_model=JobView)
async def withdraw(job_id: JobId, call: CallDep, body: ReasonBody | None = None) -> Response:
    """As the customer: help is not wanted any more."""
    cmd = commands.Withdraw(job_id, caller_of(call), body.reason if body else None)
    return await give(cmd, commands.withdraw, call)
