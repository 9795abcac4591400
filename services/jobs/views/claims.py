"""A claim as its parties and support see it."""

from services.jobs.model import Caller
from services.jobs.model.claim import Claim
from services.jobs.model.claim_values import Evidence, NoSuchClaim, Settlement
from services.jobs.store import ClaimStore
from services.jobs.views.job import StepView
from shared.http.fields import Instant, MoneyOut, View
from shared.kernel.errors import NotFound
from shared.scope import Scope


class EvidenceView(View):
    """by is the account that showed it, file_url where it is read."""

    id: str
    by: str
    content_type: str
    note: str
    at: Instant
    file_url: str


class SettlementView(View):
    id: str
    by: str
    amount: MoneyOut
    at: Instant


class InsurerView(View):
    name: str
    reference: str


class ClaimView(View):
    """role is the reader's part, allowed what they may do now, in kebab case.

    offer waits for the claimant's answer, settlement is how it ended. Until answer_by the next
    side is waited for.
    """

    id: str
    version: int
    job_id: str
    state: str
    role: str
    allowed: list[str]
    claimant_id: str
    respondent_id: str
    item: str
    incident: str
    estimated_loss: MoneyOut
    evidence: list[EvidenceView]
    offer: SettlementView | None
    settlement: SettlementView | None
    insurer: InsurerView | None
    reported_at: Instant
    answer_by: Instant | None
    ended_at: Instant | None
    timeline: list[StepView]


def claim_view(claim: Claim, reader: Caller) -> ClaimView:
    insurer = claim.insurer
    return ClaimView(
        id=claim.id,
        version=claim.version,
        job_id=claim.job_id,
        state=claim.state,
        role=claim.role_of(reader),
        allowed=[str(command) for command in claim.allowed(reader)],
        claimant_id=claim.claimant_id,
        respondent_id=claim.respondent_id,
        item=claim.item,
        incident=claim.incident,
        estimated_loss=MoneyOut.of(claim.estimated_loss),
        evidence=[_evidence(claim, each) for each in claim.evidence],
        offer=_settlement(claim.offer),
        settlement=_settlement(claim.settlement),
        insurer=insurer and InsurerView(name=insurer.name, reference=insurer.reference),
        reported_at=claim.reported_at,
        answer_by=claim.due_at,
        ended_at=claim.ended_at,
        timeline=[StepView.of(step) for step in claim.timeline],
    )


def _evidence(claim: Claim, evidence: Evidence) -> EvidenceView:
    return EvidenceView(
        id=evidence.id,
        by=evidence.by,
        content_type=evidence.content_type,
        note=evidence.note,
        at=evidence.at,
        file_url=f"/v1/claims/{claim.id}/evidence/{evidence.id}/file",
    )


def _settlement(settlement: Settlement | None) -> SettlementView | None:
    if settlement is None:
        return None
    return SettlementView(
        id=settlement.id,
        by=settlement.by,
        amount=MoneyOut.of(settlement.amount),
        at=settlement.at,
    )


async def see_claim(claim_id: str, reader: Caller, scope: Scope) -> Claim:
    """NoSuchClaim for whoever has no part in it."""
    claim = await scope.store(ClaimStore).find(claim_id)
    if claim is None:
        raise NoSuchClaim
    claim.role_of(reader)
    return claim


def evidence_of(claim: Claim, evidence_id: str) -> Evidence:
    """NotFound unless the claim has it."""
    found = next((each for each in claim.evidence if each.id == evidence_id), None)
    if found is None:
        raise NotFound("there is no such evidence")
    return found
