"""How many cases wait longer than was promised, counted for the operators' alarms."""

import asyncio

import structlog
from prometheus_client import Gauge

from services.jobs.store import CaseStore
from shared.kernel.errors import Unavailable
from shared.replicas import Tenants
from shared.store import Database

log = structlog.get_logger()

EVERY = 5.0
"""Seconds between two counts."""

MOST = 1000
"""More than that are not counted; nobody needs to know how many more."""

CASES_OVERDUE = Gauge(
    "cases_overdue", "Cases without a first response in time.", ["tenant", "severity"]
)


class CaseWatch:
    """A background task of every process: the count comes from the database, so all tell the same.

    tenants is a replica of its own, read before each count.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tenants = Tenants(database, "")
        self._told: set[tuple[str, str]] = set()

    async def run(self) -> None:
        while True:
            try:
                await self.count()
            except Unavailable:
                log.info("cases.uncounted", reason="database away")
            await asyncio.sleep(EVERY)

    async def count(self) -> None:
        """Those that had one last time are told zero where there is none any more."""
        await self._tenants.refresh()
        found: dict[tuple[str, str], int] = dict.fromkeys(self._told, 0)
        for slug in self._tenants.slugs():
            for case in await CaseStore.unrelayed(self._database, slug).late(MOST):
                label = slug, case.severity.value
                found[label] = found.get(label, 0) + 1
        for label, number in found.items():
            CASES_OVERDUE.labels(*label).set(number)
        self._told = set(found)
