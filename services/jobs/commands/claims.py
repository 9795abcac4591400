"""Reporting damage, and everything that follows from it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from services.jobs.model import Caller
from services.jobs.model.claim import Claim
from services.jobs.model.claim_table import ClaimCommand
from services.jobs.model.claim_values import MAX_CLAIMS, Evidence, Insurer, Notice, TooMany
from services.jobs.store import ClaimStore, EvidenceFiles, JobStore
from shared.contracts.jobs import ClaimEvent
from shared.edge import Replay
from shared.kernel.errors import NotFound, Precondition, Refusal
from shared.kernel.ids import new_id
from shared.kernel.money import Money
from shared.scope import Scope
from shared.store import File

Decide = Callable[[Claim], list[ClaimEvent]]


@dataclass(frozen=True)
class ReportClaim:
    """claim_id is the new claim's."""

    claim_id: str
    job_id: str
    by: Caller
    notice: Notice


async def report_claim(cmd: ReportClaim, claims: ClaimStore, scope: Scope) -> Claim:
    """The first notice. NotFound, NotYourCommand, NothingHappened, TooLate, TooMany, Invalid."""
    with suppress(NotFound):
        # Replay if this was carried out before: by now it may be too late for a first notice.
        await claims.update(cmd.claim_id, lambda _: None)
    job = await scope.store(JobStore).get(cmd.job_id)
    claim, events = Claim.report(
        cmd.notice,
        job,
        id=cmd.claim_id,
        by=cmd.by,
        currency=scope.tenant.currency,
        at=scope.now,
    )
    if len(await claims.of_job(job.id, MAX_CLAIMS)) >= MAX_CLAIMS:
        raise TooMany(f"there are {MAX_CLAIMS} claims about this job already")
    return await claims.create(claim, events)


@dataclass(frozen=True)
class OnClaim:
    """What all commands to a claim have: which claim, and who gives it."""

    claim_id: str
    by: Caller


async def _decided(
    cmd: OnClaim, command: ClaimCommand, decide: Decide, claims: ClaimStore, scope: Scope
) -> Claim:
    try:
        return await claims.update(cmd.claim_id, decide)
    except Precondition:
        # What the version is, and that there is a claim at all, is no news for strangers.
        claim = await scope.store(ClaimStore).get(cmd.claim_id)
        claim.entitled(command, cmd.by)
        raise


@dataclass(frozen=True)
class RequestEvidence(OnClaim):
    reason: str


async def request_evidence(cmd: RequestEvidence, claims: ClaimStore, scope: Scope) -> Claim:
    return await _decided(
        cmd,
        ClaimCommand.REQUEST_EVIDENCE,
        lambda claim: claim.request_evidence(cmd.reason, cmd.by, scope.now),
        claims,
        scope,
    )


@dataclass(frozen=True)
class AddEvidence(OnClaim):
    """content is clean; note says what it shows."""

    evidence_id: str
    content: bytes
    content_type: str
    note: str


async def check_may_add_evidence(cmd: OnClaim, claims: ClaimStore, scope: Scope) -> None:
    """Before anybody decodes a file. Raises what adding it would raise, Replay included."""

    def see(claim: Claim) -> list[ClaimEvent]:
        claim.check_evidence(cmd.by)
        return []

    await _decided(cmd, ClaimCommand.EVIDENCE, see, claims, scope)


async def add_evidence(cmd: AddEvidence, claims: ClaimStore, scope: Scope) -> Claim:
    """The file is stored first, so that no claim names one that is not there."""
    files = scope.store(EvidenceFiles)
    file = File(new_id("file"), cmd.content, cmd.content_type)
    await files.put(file)
    evidence = Evidence(
        id=cmd.evidence_id,
        by=cmd.by.id,
        file_id=file.id,
        content_type=cmd.content_type,
        at=scope.now,
        note=cmd.note,
    )
    try:
        return await _decided(
            cmd,
            ClaimCommand.EVIDENCE,
            lambda claim: claim.add_evidence(evidence, cmd.by, scope.now),
            claims,
            scope,
        )
    except (Refusal, Replay):
        await files.delete(file.id)
        raise


@dataclass(frozen=True)
class SubmitEvidence(OnClaim):
    """That is all there is to show."""


async def submit_evidence(cmd: SubmitEvidence, claims: ClaimStore, scope: Scope) -> Claim:
    return await _decided(
        cmd,
        ClaimCommand.SUBMIT_EVIDENCE,
        lambda claim: claim.submit_evidence(cmd.by, scope.now),
        claims,
        scope,
    )


@dataclass(frozen=True)
class ContestClaim(OnClaim):
    reason: str


async def contest_claim(cmd: ContestClaim, claims: ClaimStore, scope: Scope) -> Claim:
    return await _decided(
        cmd,
        ClaimCommand.CONTEST,
        lambda claim: claim.contest(cmd.reason, cmd.by, scope.now),
        claims,
        scope,
    )


@dataclass(frozen=True)
class ReviewClaim(OnClaim):
    """Support looks at it."""


async def review_claim(cmd: ReviewClaim, claims: ClaimStore, scope: Scope) -> Claim:
    return await _decided(
        cmd,
        ClaimCommand.REVIEW,
        lambda claim: claim.review(cmd.by, scope.now),
        claims,
        scope,
    )


@dataclass(frozen=True)
class OfferSettlement(OnClaim):
    amount: Money


async def offer_settlement(cmd: OfferSettlement, claims: ClaimStore, scope: Scope) -> Claim:
    return await _decided(
        cmd,
        ClaimCommand.OFFER,
        lambda claim: claim.make_offer(cmd.amount, cmd.by, scope.now),
        claims,
        scope,
    )


@dataclass(frozen=True)
class AcceptSettlement(OnClaim):
    """offer_id is the offer that the claimant saw."""

    offer_id: str


async def accept_settlement(cmd: AcceptSettlement, claims: ClaimStore, scope: Scope) -> Claim:
    return await _decided(
        cmd,
        ClaimCommand.ACCEPT,
        lambda claim: claim.accept(cmd.offer_id, cmd.by, scope.now),
        claims,
        scope,
    )


@dataclass(frozen=True)
class RefuseSettlement(OnClaim):
    reason: str | None


async def refuse_settlement(cmd: RefuseSettlement, claims: ClaimStore, scope: Scope) -> Claim:
    return await _decided(
        cmd,
        ClaimCommand.REFUSE,
        lambda claim: claim.refuse(cmd.reason, cmd.by, scope.now),
        claims,
        scope,
    )


@dataclass(frozen=True)
class ReferToInsurer(OnClaim):
    insurer: Insurer


async def refer_to_insurer(cmd: ReferToInsurer, claims: ClaimStore, scope: Scope) -> Claim:
    return await _decided(
        cmd,
        ClaimCommand.REFER,
        lambda claim: claim.refer(cmd.insurer, cmd.by, scope.now),
        claims,
        scope,
    )


@dataclass(frozen=True)
class SettleClaim(OnClaim):
    """What the insurer paid."""

    amount: Money


async def settle_claim(cmd: SettleClaim, claims: ClaimStore, scope: Scope) -> Claim:
    return await _decided(
        cmd,
        ClaimCommand.SETTLE,
        lambda claim: claim.settle(cmd.amount, cmd.by, scope.now),
        claims,
        scope,
    )


@dataclass(frozen=True)
class RejectClaim(OnClaim):
    reason: str


async def reject_claim(cmd: RejectClaim, claims: ClaimStore, scope: Scope) -> Claim:
    return await _decided(
        cmd,
        ClaimCommand.REJECT,
        lambda claim: claim.reject(cmd.reason, cmd.by, scope.now),
        claims,
        scope,
    )


@dataclass(frozen=True)
class WithdrawClaim(OnClaim):
    reason: str | None


async def withdraw_claim(cmd: WithdrawClaim, claims: ClaimStore, scope: Scope) -> Claim:
    return await _decided(
        cmd,
        ClaimCommand.WITHDRAW,
        lambda claim: claim.withdraw(cmd.reason, cmd.by, scope.now),
        claims,
        scope,
    )
