"""How a route gives a command to a job and answers with what the job then looks like."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Path
from starlette.responses import Response

from services.jobs.commands.giving import OnJob
from services.jobs.model import Caller, Job
from services.jobs.model.values import Side, Slot
from services.jobs.store import JobStore, LookStore
from services.jobs.views import job_view, see
from shared.audit import record_look
from shared.http import Call, answer
from shared.http.fields import Body, Instant, MoneyIn
from shared.kernel.money import Money
from shared.scope import Scope

JobId = Annotated[str, Path(max_length=100)]

C = TypeVar("C", bound=OnJob)


class SlotIn(Body):
    """A half-open interval."""

    start: Instant
    end: Instant

    @property
    def slot(self) -> Slot:
        return Slot(self.start, self.end)


def caller_of(call: Call) -> Caller:
    return Caller(call.person.id, support=call.person.has("support"))


def amount(given: MoneyIn | None, call: Call) -> Money:
    """What was given; nothing is zero in the tenant's currency."""
    return given.money if given is not None else Money.zero(call.tenant.currency)


def answering(call: Call) -> JobStore:
    """The store for the one change of this request, which the route answers by ``shown``."""
    by = caller_of(call)
    return call.answering(JobStore, lambda job: job_view(job, by, call.now))


async def recorded(job: Job, purpose: str, call: Call) -> None:
    """Support's look at a job is written down before it is answered; a party's own is none."""
    if job.side_of(caller_of(call)) is Side.SUPPORT:
        parties = [job.customer_id, *([job.helper_id] if job.helper_id else [])]
        await record_look(
            call, LookStore, kind="job", subjects=parties, thing_id=job.id, purpose=purpose
        )


async def seen(job_id: str, purpose: str, call: Call) -> tuple[Job, Caller]:
    """The job, and the caller with what made it visible. NotFound for whoever has no part."""
    job, reader = await see(job_id, caller_of(call), call)
    if reader.helper is None:
        await recorded(job, purpose, call)
    return job, reader


def shown(job: Job, call: Call) -> Response:
    return answer(call, job_view(job, caller_of(call), call.now), etag=job.version)


async def give(
    cmd: C, carry_out: Callable[[C, JobStore, Scope], Awaitable[Job]], call: Call
) -> Response:
    """Carry the command out and show the job."""
    job = await carry_out(cmd, answering(call), call)
    if cmd.by.support:
        await recorded(job, "decision", call)
    return shown(job, call)
