"""Counting for the operators' alarms what waits for too long, tenant by tenant."""

import asyncio
from abc import ABC, abstractmethod
from typing import ClassVar

import structlog
from prometheus_client import Gauge

from shared.kernel.errors import Unavailable
from shared.replicas import Tenants
from shared.store import Database

log = structlog.get_logger()

Labels = tuple[str, ...]


class Watch(ABC):
    """A background task of every process: the count comes from the database, so all tell the same.

    Subclasses name the gauge, whose first label is the tenant, and every: seconds between counts.
    """

    gauge: ClassVar[Gauge]
    every: ClassVar[float]

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tenants = Tenants(database, "")
        self._told: set[Labels] = set()

    @abstractmethod
    async def look(self, tenant: str) -> dict[Labels, int]:
        """The numbers of one tenant, by the gauge's other labels."""

    async def run(self) -> None:
        while True:
            try:
                await self.count()
            except Unavailable:
                log.info("watch.uncounted", watch=type(self).__name__, reason="database away")
            await asyncio.sleep(self.every)

    async def count(self) -> None:
        """What was told of last time is told zero where there is none any more."""
        await self._tenants.refresh()
        found: dict[Labels, int] = dict.fromkeys(self._told, 0)
        for slug in self._tenants.slugs():
            for labels, number in (await self.look(slug)).items():
                found[slug, *labels] = number
        for labels, number in found.items():
            self.gauge.labels(*labels).set(number)
        self._told = set(found)
