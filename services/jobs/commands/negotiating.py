"""Offers, counter-offers and the ways out of the talks."""

from dataclasses import dataclass

from services.jobs.commands.calendars import bookable, check_free
from services.jobs.commands.giving import OnJob, carry_out, look
from services.jobs.model import Caller, Command, Job
from services.jobs.model.negotiation import check_terms
from services.jobs.model.values import Terms
from services.jobs.store import JobStore
from shared.scope import Scope


@dataclass(frozen=True)
class MakeOffer(OnJob):
    terms: Terms


async def make_offer(cmd: MakeOffer, jobs: JobStore, scope: Scope) -> Job:
    """A helper's first offer. Invalid terms, SlotTaken, NotListed."""

    check_terms(cmd.terms, scope.tenant, scope.now)

    def see(job: Job, by: Caller) -> None:
        job.permit(Command.OFFER, by, scope.now)

    job = await look(cmd, Command.OFFER, see, jobs, scope)
    helper = await bookable(cmd.by.id, job, cmd.by, scope)
    await check_free(cmd.terms.slot, job.id, helper, scope)
    return await carry_out(
        cmd,
        Command.OFFER,
        lambda job, by: job.offer(cmd.terms, by, scope.now),
        jobs,
        scope,
    )


@dataclass(frozen=True)
class CounterOffer(OnJob):
    """offer_id may be left out where only one offer waits for the caller."""

    terms: Terms
    offer_id: str | None


async def counter_offer(cmd: CounterOffer, jobs: JobStore, scope: Scope) -> Job:
    """Other terms by either side. OfferChanged, Invalid terms, SlotTaken, NotListed."""
    check_terms(cmd.terms, scope.tenant, scope.now)
    helper_ids: list[str] = []

    def see(job: Job, by: Caller) -> None:
        current = job.answerable(Command.COUNTER, cmd.offer_id, by, scope.now)
        helper_ids.append(current.helper_id)

    job = await look(cmd, Command.COUNTER, see, jobs, scope)
    helper = await bookable(helper_ids[-1], job, cmd.by, scope)
    await check_free(cmd.terms.slot, job.id, helper, scope)
    return await carry_out(
        cmd,
        Command.COUNTER,
        lambda job, by: job.counter(cmd.offer_id, cmd.terms, by, scope.now),
        jobs,
        scope,
    )


@dataclass(frozen=True)
class Decline(OnJob):
    reason: str | None = None


async def decline(cmd: Decline, jobs: JobStore, scope: Scope) -> Job:
    return await carry_out(
        cmd,
        Command.DECLINE,
        lambda job, by: job.decline(by, scope.now, cmd.reason),
        jobs,
        scope,
    )


@dataclass(frozen=True)
class Withdraw(OnJob):
    reason: str | None = None


async def withdraw(cmd: Withdraw, jobs: JobStore, scope: Scope) -> Job:
    return await carry_out(
        cmd,
        Command.WITHDRAW,
        lambda job, by: job.withdraw(by, scope.now, cmd.reason),
        jobs,
        scope,
    )
