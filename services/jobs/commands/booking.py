"""Commands that make or move an appointment: the calendar first, then the job."""

from collections.abc import Callable
from dataclasses import dataclass

from services.jobs.commands.calendars import bookable, check_free, free_after, give_back, take
from services.jobs.commands.giving import OnJob, carry_out, look
from services.jobs.model import Caller, Command, Job
from services.jobs.model.booking import HoldLost
from services.jobs.model.calendar import Hold
from services.jobs.model.helper import Helper
from services.jobs.model.requesting import check_slot
from services.jobs.model.state import Events
from services.jobs.model.values import Offer, Reschedule, Slot
from services.jobs.store import JobStore
from shared.edge import Replay
from shared.kernel.errors import Conflict, Refusal
from shared.scope import Scope

FENCES = 3
"""How often a booking that was fenced off begins again."""

Wanted = Callable[[Job, Caller], tuple[str, str, Slot]]
"""The name of the hold to take, the helper and the slot; or a refusal."""

Accept = Callable[[Job, Caller, Hold, Helper], Events]


@dataclass(frozen=True)
class AcceptOffer(OnJob):
    """offer_id is the offer that the caller saw."""

    offer_id: str


async def accept_offer(cmd: AcceptOffer, jobs: JobStore, scope: Scope) -> Job:
    """Book. OfferChanged, SlotTaken, NotListed, and whatever the table refuses."""

    def offered(job: Job, by: Caller) -> tuple[str, str, Slot]:
        offer: Offer = job.answerable(Command.ACCEPT, cmd.offer_id, by, scope.now)
        return offer.id, offer.helper_id, offer.terms.slot

    def accept(job: Job, by: Caller, hold: Hold, helper: Helper) -> Events:
        return job.accept(hold.ref, by, hold=hold, helper=helper, at=scope.now)

    return await _appoint(cmd, Command.ACCEPT, offered, accept, jobs, scope)


@dataclass(frozen=True)
class AcceptReschedule(OnJob):
    """Yes to the proposal that waits."""


async def accept_reschedule(cmd: AcceptReschedule, jobs: JobStore, scope: Scope) -> Job:
    """Move the appointment; the old slot is free again. SlotTaken, NotListed."""
    left: list[str | None] = []

    def proposed(job: Job, by: Caller) -> tuple[str, str, Slot]:
        proposal: Reschedule = job.proposed(by, scope.now)
        left.append(job.hold)
        assert job.helper_id is not None, "a booked job has a helper"
        return proposal.id, job.helper_id, proposal.slot

    def accept(job: Job, by: Caller, hold: Hold, helper: Helper) -> Events:
        return job.accept_reschedule(by, hold, scope.now)

    job = await _appoint(cmd, Command.ACCEPT_RESCHEDULE, proposed, accept, jobs, scope)
    return await free_after(job, scope, left[-1])


async def _appoint(
    cmd: OnJob, command: Command, wanted: Wanted, accept: Accept, jobs: JobStore, scope: Scope
) -> Job:
    """Hold the slot, then book; a hold that did not become a booking is given back."""
    try:
        return await _despite_fences(cmd, command, wanted, accept, jobs, scope)
    except Conflict as overtaken:
        if overtaken.reason == HoldLost.code:
            # Whoever lost a race that is decided is told so, not to try again.
            await _see(cmd, command, wanted, jobs, scope)
        raise


async def _despite_fences(
    cmd: OnJob, command: Command, wanted: Wanted, accept: Accept, jobs: JobStore, scope: Scope
) -> Job:
    for _ in range(FENCES):
        try:
            return await _try_to_appoint(cmd, command, wanted, accept, jobs, scope)
        except HoldLost:
            continue
    raise HoldLost


async def _try_to_appoint(
    cmd: OnJob, command: Command, wanted: Wanted, accept: Accept, jobs: JobStore, scope: Scope
) -> Job:
    job, (ref, helper_id, slot) = await _see(cmd, command, wanted, jobs, scope)
    helper = await bookable(helper_id, job, cmd.by, scope)
    hold = Hold(job.id, ref, slot, job.fence, scope.now)
    await take(hold, helper, scope)
    try:
        return await carry_out(
            cmd, command, lambda job, by: accept(job, by, hold, helper), jobs, scope
        )
    except HoldLost:
        raise
    except (Refusal, Replay):
        await give_back(hold, helper_id, scope)
        raise


async def _see(
    cmd: OnJob, command: Command, wanted: Wanted, jobs: JobStore, scope: Scope
) -> tuple[Job, tuple[str, str, Slot]]:
    """The job and the hold to take, or the refusal."""
    seen: list[tuple[str, str, Slot]] = []

    def see(job: Job, by: Caller) -> None:
        seen.append(wanted(job, by))

    return await look(cmd, command, see, jobs, scope), seen[-1]


@dataclass(frozen=True)
class ProposeReschedule(OnJob):
    slot: Slot


async def propose_reschedule(cmd: ProposeReschedule, jobs: JobStore, scope: Scope) -> Job:
    """Wish for another slot, free at this moment. Invalid slot, SlotTaken, NotListed."""

    def see(job: Job, by: Caller) -> None:
        job.check_reschedule(cmd.slot, by, scope.now)

    check_slot(cmd.slot, scope.now, "/slot")
    job = await look(cmd, Command.PROPOSE_RESCHEDULE, see, jobs, scope)
    assert job.helper_id is not None, "a booked job has a helper"
    helper = await bookable(job.helper_id, job, cmd.by, scope)
    await check_free(cmd.slot, job.id, helper, scope)
    return await carry_out(
        cmd,
        Command.PROPOSE_RESCHEDULE,
        lambda job, by: job.propose_reschedule(cmd.slot, by, scope.now),
        jobs,
        scope,
    )


@dataclass(frozen=True)
class RefuseReschedule(OnJob):
    """No to the proposal that waits."""


async def refuse_reschedule(cmd: RefuseReschedule, jobs: JobStore, scope: Scope) -> Job:
    return await carry_out(
        cmd,
        Command.REFUSE_RESCHEDULE,
        lambda job, by: job.refuse_reschedule(by, scope.now),
        jobs,
        scope,
    )


@dataclass(frozen=True)
class Confirm(OnJob):
    """The helper will come."""


async def confirm(cmd: Confirm, jobs: JobStore, scope: Scope) -> Job:
    return await carry_out(
        cmd, Command.CONFIRM, lambda job, by: job.confirm(by, scope.now), jobs, scope
    )
