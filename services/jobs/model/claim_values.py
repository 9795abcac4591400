"""The small values of a claim, its bounds, and what it refuses."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.jobs.model.job import Job
from services.jobs.model.transitions import State
from shared.kernel.errors import Conflict, Invalid, NotFound
from shared.kernel.money import Money

FIRST_NOTICE = timedelta(days=14)
"""After the job's end; later nobody can say any more what broke when."""

LARGEST_LOSS = 10_000_000
"""Minor units: what no household object here is worth; more is a slip of the pen."""

MAX_EVIDENCE = 20
MAX_CLAIMS = 10
"""Claims about one job; who needs more writes them into one."""


class NoSuchClaim(NotFound):
    """Also for whoever has no part in a claim that exists."""

    def __init__(self) -> None:
        super().__init__("there is no such claim")


class NothingHappened(Conflict):
    """No visit has begun, so that nothing can have been damaged by it."""

    code = "visit_not_begun"


class TooLate(Conflict):
    """The first notice came more than 14 days after the job's end."""

    code = "claim_too_late"


class TooMany(Conflict):
    """There are enough claims of this job, or files of this claim."""

    code = "too_many"


class ClaimOfferChanged(Conflict):
    """Another offer waits for an answer by now."""

    code = "offer_changed"


@dataclass(frozen=True)
class Notice:
    """What broke, how, and what it may cost."""

    item: str
    incident: str
    estimated_loss: Money


@dataclass(frozen=True, slots=True)
class Evidence:
    """A file of a side; by is the account, note what it shows."""

    id: str
    by: str
    file_id: str
    content_type: str
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Settlement:
    """An amount that was offered or paid; by the account that said so."""

    id: str
    by: str
    amount: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class Insurer:
    """Whose insurance deals with it, under which number."""

    name: str
    reference: str


def check_amount(amount: Money, currency: str, pointer: str) -> None:
    """Invalid unless in the tenant's currency, more than nothing and at most LARGEST_LOSS."""
    if amount.currency != currency:
        raise Invalid(f"must be in {currency}", pointer=f"{pointer}/currency")
    if not 1 <= amount.amount_minor <= LARGEST_LOSS:
        raise Invalid(
            f"must be between 1 and {LARGEST_LOSS} minor units", pointer=f"{pointer}/amount_minor"
        )


def ended_at(job: Job) -> datetime | None:
    """When the work was over, by the job's own milestones; None while it is not."""
    for state in (State.COMPLETED, State.UNSUCCESSFUL):
        if job.reached(state):
            return job.when(state)
    if job.state in (State.IN_PROGRESS, State.DELIVERED):
        return None
    return job.when(State.DELIVERED)
