"""How a route gives a command to a job and answers with what the job then looks like."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Path
from starlette.responses import Response

from services.jobs.commands.giving import OnJob
from services.jobs.model import Caller, Job
from services.jobs.model.values import Slot
from services.jobs.store import JobStore
from services.jobs.views import job_view
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


def shown(job: Job, call: Call) -> Response:
    return answer(call, job_view(job, caller_of(call), call.now), etag=job.version)


async def give(
    cmd: C, carry_out: Callable[[C, JobStore, Scope], Awaitable[Job]], call: Call
) -> Response:
    """Carry the command out and show the job."""
    return shown(await carry_out(cmd, answering(call), call), call)
