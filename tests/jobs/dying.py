"""A process that gives one command and ends before its last write: python -m tests.jobs.dying."""

import asyncio
import os
import sys
from datetime import datetime
from typing import Any

from opentelemetry.sdk.trace import TracerProvider

from services.jobs import commands
from services.jobs.commands import booking, ending
from services.jobs.model import Caller
from services.jobs.model.values import Party
from services.jobs.store import JobStore
from shared.scope import Scope
from shared.store import Database
from tests.tenants import TENANTS

EXIT_CODE = 41


async def _end(*_: Any) -> Any:
    """As SIGKILL would: nothing is closed, told or given back."""
    os._exit(EXIT_CODE)


async def main(
    url: str, name: str, tenant: str, command: str, job: str, by: str, offer: str, at: str
) -> None:
    database = Database(url, name, TracerProvider())
    scope = Scope(TENANTS[tenant], datetime.fromisoformat(at), database, outbox=None)
    jobs = scope.store(JobStore)
    if command == "accept":
        # Between the calendar, which holds the slot by then, and the job.
        vars(booking)["carry_out"] = _end
        await commands.accept_offer(commands.AcceptOffer(job, Caller(by), offer), jobs, scope)
    else:
        # Between the job, which is cancelled by then, and the calendar.
        vars(ending)["free_after"] = _end
        await commands.cancel(commands.Cancel(job, Caller(by), "ill", Party.HELPER), jobs, scope)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
