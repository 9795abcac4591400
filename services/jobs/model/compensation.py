"""The operator-fault guarantee: a visit that failed by line or router costs neither side."""

from dataclasses import dataclass
from datetime import datetime

from services.jobs.model.job import Job
from services.jobs.model.transitions import State
from services.jobs.model.values import Cause, Side
from shared.contracts.identity import TenantFacts
from shared.contracts.jobs import CompensationFacts, CompensationGranted
from shared.kernel.aggregate import Aggregate
from shared.kernel.ids import derived_id
from shared.kernel.money import Money

OPERATOR_FAULTS = frozenset({Cause.LINE_INACTIVE, Cause.ROUTER_FAULT})


@dataclass(kw_only=True)
class Compensation(Aggregate):
    """What the operator owes one side of one job; written once. order sorts by the moment."""

    order: str
    job_id: str
    person_id: str
    side: Side
    cause: str
    amount: Money
    granted_at: datetime

    @staticmethod
    def id_for(job_id: str, side: Side) -> str:
        return derived_id("compensation", job_id, side)

    def facts(self) -> CompensationFacts:
        return CompensationFacts(
            job_id=self.job_id,
            person_id=self.person_id,
            side=self.side,
            cause=self.cause,
            amount=self.amount,
            granted_at=self.granted_at,
        )


def granted(job: Job, tenant: TenantFacts) -> list[tuple[Compensation, list[CompensationGranted]]]:
    """One for each side of a job that failed by the operator's fault, as far as it is owed any.

    By the tenant's rules as they were when the job was requested; where they say nothing of the
    customer, it is the least that an hour costs in this programme.
    """
    if not job.reached(State.UNSUCCESSFUL) or job.cause not in OPERATOR_FAULTS:
        return []
    assert job.helper_id is not None, "a visited job has a helper"
    at = job.when(State.UNSUCCESSFUL)
    customer = job.policies.guarantee.customer
    owed = {
        Side.HELPER: (job.helper_id, job.policies.owed_to_helper(job.agreed.terms)),
        Side.CUSTOMER: (
            job.customer_id,
            tenant.hourly_rate_min if customer is None else customer,
        ),
    }
    found = []
    for side, (person_id, amount) in owed.items():
        if not amount.amount_minor:
            continue
        id = Compensation.id_for(job.id, side)
        entry = Compensation(
            id=id,
            order=f"{round(at.timestamp() * 1000):013d}|{id}",
            job_id=job.id,
            person_id=person_id,
            side=side,
            cause=str(job.cause),
            amount=amount,
            granted_at=at,
        )
        found.append((entry, [CompensationGranted(entry.facts())]))
    return found
