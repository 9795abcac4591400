"""What happens to a job or a claim that support must look at, without anybody asking for it."""

from dataclasses import dataclass
from datetime import datetime

from services.jobs.model.case_table import CaseType
from services.jobs.model.claim import Claim
from services.jobs.model.claim_table import ClaimState
from services.jobs.model.job import Job
from services.jobs.model.transitions import HOLDING, State
from shared.kernel.ids import derived_id


@dataclass(frozen=True, slots=True)
class Cause:
    """What calls a case into being: its name makes the case's id, so that it exists once.

    visit is the beginning of an appointment in doubt, over whether there is nothing to do any more.
    by is whose doing it was, silent that neither side is told of the case.
    """

    id: str
    type: CaseType
    at: datetime
    over: bool
    claim_id: str | None = None
    visit: datetime | None = None
    by: str | None = None
    silent: bool = False


def causes_in(job: Job) -> list[Cause]:
    """A dispute, and each confirmation that was missed, by what the job says now."""
    found = []
    if job.reached(State.DISPUTED):
        name = derived_id("case", "dispute", job.id)
        over = job.state is not State.DISPUTED
        found.append(Cause(name, CaseType.DISPUTE, job.when(State.DISPUTED), over))
    for number, missed in enumerate(job.confirmations_missed, 1):
        name = derived_id("case", "confirmation", job.id, str(number))
        last = number == len(job.confirmations_missed)
        waits = last and job.state is State.BOOKED and job.confirmation_missed
        visit = job.slot.start if job.slot and waits else None
        found.append(Cause(name, CaseType.MISSED_CONFIRMATION, missed, not waits, visit=visit))
    return found


def causes_of(claim: Claim) -> list[Cause]:
    """The last time that support was asked to look at a claim, and those before."""
    if claim.review_began_at is None:
        return []
    return [
        Cause(
            derived_id("case", "claim", claim.id, str(number)),
            CaseType.CLAIM,
            claim.review_began_at,
            over=number < claim.reviews or claim.state is not ClaimState.UNDER_REVIEW,
            claim_id=claim.id,
        )
        for number in range(1, claim.reviews + 1)
    ]


def block_of(job: Job, by: str, at: datetime) -> Cause | None:
    """Two who cannot write to each other have a visit before them, or one under way."""
    if job.state not in HOLDING:
        return None
    name = derived_id("case", "block", job.id, by)
    visit = job.booked_slot.start
    return Cause(name, CaseType.BLOCK, at, over=False, visit=visit, by=by, silent=True)
