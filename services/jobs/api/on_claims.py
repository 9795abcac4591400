"""What the parties and support do with a claim that is there."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Path
from starlette.responses import Response

from services.jobs import commands, views
from services.jobs.api.giving import caller_of
from services.jobs.commands.claims import OnClaim
from services.jobs.model.claim import Claim
from services.jobs.model.claim_table import ClaimRole
from services.jobs.model.claim_values import Insurer
from services.jobs.store import ClaimStore, LookStore
from services.jobs.views import ClaimView, claim_view
from shared.audit import record_look
from shared.http import Call, CallDep, Router, answer
from shared.http.fields import Body, Line, MoneyIn, Text
from shared.scope import Scope

router = Router()

ClaimId = Annotated[str, Path(max_length=100)]
Reason = Annotated[str, Text(1, 1000)]

C = TypeVar("C", bound=OnClaim)


class WhyBody(Body):
    reason: Reason


class PerhapsWhyBody(Body):
    reason: Reason | None = None


class AmountBody(Body):
    """In the tenant's currency."""

    amount: MoneyIn


class AcceptSettlementBody(Body):
    """offer_id is the offer you saw and agree to."""

    offer_id: Annotated[str, Line(1, 100)]


class InsurerBody(Body):
    """Which insurer deals with it, under which number."""

    insurer: Annotated[str, Line(1, 120)]
    reference: Annotated[str, Line(1, 80)]


def answering(call: Call) -> ClaimStore:
    """The store for the one change of this request, which the route answers by ``shown``."""
    by = caller_of(call)
    return call.answering(ClaimStore, lambda claim: claim_view(claim, by))


def shown(claim: Claim, call: Call) -> Response:
    return answer(call, claim_view(claim, caller_of(call)), etag=claim.version)


async def recorded(claim: Claim, purpose: str, call: Call) -> Claim:
    """The claim, once support's look at it is written down; a party's own is no look."""
    if claim.role_of(caller_of(call)) is ClaimRole.SUPPORT:
        await record_look(
            call,
            LookStore,
            kind="claim",
            subjects=claim.parties,
            thing_id=claim.id,
            purpose=purpose,
        )
    return claim


async def _give(
    cmd: C, carry_out: Callable[[C, ClaimStore, Scope], Awaitable[Claim]], call: Call
) -> Response:
    """Carry the command out and show the claim; whoever decides has looked."""
    await recorded(await views.see_claim(cmd.claim_id, cmd.by, call), "decision", call)
    return shown(await carry_out(cmd, answering(call), call), call)


@router.post(
    "/v1/claims/{claim_id}/request-evidence",
    operation_id="jobs_request_claim_evidence",
    response_model=ClaimView,
)
async def request_evidence(claim_id: ClaimId, body: WhyBody, call: CallDep) -> Response:
    """As support: more has to be shown, within 14 days."""
    cmd = commands.RequestEvidence(claim_id, caller_of(call), body.reason)
    return await _give(cmd, commands.request_evidence, call)


@router.post(
    "/v1/claims/{claim_id}/submit-evidence",
    operation_id="jobs_submit_claim_evidence",
    response_model=ClaimView,
)
async def submit_evidence(claim_id: ClaimId, call: CallDep) -> Response:
    """As the claimant: that is all there is to show."""
    cmd = commands.SubmitEvidence(claim_id, caller_of(call))
    return await _give(cmd, commands.submit_evidence, call)


@router.post(
    "/v1/claims/{claim_id}/contest", operation_id="jobs_contest_claim", response_model=ClaimView
)
async def contest(claim_id: ClaimId, body: WhyBody, call: CallDep) -> Response:
    """As the other side: it was not like that. Support decides."""
    cmd = commands.ContestClaim(claim_id, caller_of(call), body.reason)
    return await _give(cmd, commands.contest_claim, call)


@router.post(
    "/v1/claims/{claim_id}/review", operation_id="jobs_review_claim", response_model=ClaimView
)
async def review(claim_id: ClaimId, call: CallDep) -> Response:
    """As support: no longer wait for the sides."""
    return await _give(commands.ReviewClaim(claim_id, caller_of(call)), commands.review_claim, call)


@router.post(
    "/v1/claims/{claim_id}/offer",
    operation_id="jobs_offer_claim_settlement",
    response_model=ClaimView,
)
async def offer(claim_id: ClaimId, body: AmountBody, call: CallDep) -> Response:
    """As the other side or support: this amount would settle it; valid 14 days."""
    cmd = commands.OfferSettlement(claim_id, caller_of(call), body.amount.money)
    return await _give(cmd, commands.offer_settlement, call)


@router.post(
    "/v1/claims/{claim_id}/accept",
    operation_id="jobs_accept_claim_settlement",
    response_model=ClaimView,
)
async def accept(claim_id: ClaimId, body: AcceptSettlementBody, call: CallDep) -> Response:
    """As the claimant: settled for the amount offered."""
    cmd = commands.AcceptSettlement(claim_id, caller_of(call), body.offer_id)
    return await _give(cmd, commands.accept_settlement, call)


@router.post(
    "/v1/claims/{claim_id}/refuse",
    operation_id="jobs_refuse_claim_settlement",
    response_model=ClaimView,
)
async def refuse(claim_id: ClaimId, call: CallDep, body: PerhapsWhyBody | None = None) -> Response:
    """As the claimant: no to the amount offered. Support decides."""
    reason = body.reason if body else None
    cmd = commands.RefuseSettlement(claim_id, caller_of(call), reason)
    return await _give(cmd, commands.refuse_settlement, call)


@router.post(
    "/v1/claims/{claim_id}/refer-to-insurer",
    operation_id="jobs_refer_claim",
    response_model=ClaimView,
)
async def refer(claim_id: ClaimId, body: InsurerBody, call: CallDep) -> Response:
    """As the other side or support: an insurer deals with it; waited for up to 90 days."""
    insurer = Insurer(body.insurer, body.reference)
    cmd = commands.ReferToInsurer(claim_id, caller_of(call), insurer)
    return await _give(cmd, commands.refer_to_insurer, call)


@router.post(
    "/v1/claims/{claim_id}/settle", operation_id="jobs_settle_claim", response_model=ClaimView
)
async def settle(claim_id: ClaimId, body: AmountBody, call: CallDep) -> Response:
    """As the claimant or support: the insurer has paid this amount."""
    cmd = commands.SettleClaim(claim_id, caller_of(call), body.amount.money)
    return await _give(cmd, commands.settle_claim, call)


@router.post(
    "/v1/claims/{claim_id}/reject", operation_id="jobs_reject_claim", response_model=ClaimView
)
async def reject(claim_id: ClaimId, body: WhyBody, call: CallDep) -> Response:
    """As support, with a reason that both sides read."""
    cmd = commands.RejectClaim(claim_id, caller_of(call), body.reason)
    return await _give(cmd, commands.reject_claim, call)


@router.post(
    "/v1/claims/{claim_id}/withdraw", operation_id="jobs_withdraw_claim", response_model=ClaimView
)
async def withdraw(
    claim_id: ClaimId, call: CallDep, body: PerhapsWhyBody | None = None
) -> Response:
    """As the claimant: nothing is wanted any more."""
    cmd = commands.WithdrawClaim(claim_id, caller_of(call), body.reason if body else None)
    return await _give(cmd, commands.withdraw_claim, call)
