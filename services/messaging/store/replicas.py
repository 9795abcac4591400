"""What messaging knows of jobs, their cases and helpers."""

import asyncio
from dataclasses import dataclass

from shared.kernel.errors import NotFound
from shared.replicas import ARRIVAL
from shared.store import Index, Projection

ACTIVE = ("booked", "confirmed", "en_route", "in_progress", "delivered", "disputed")
"""States of a job in which its parties still need each other."""


@dataclass(frozen=True)
class JobRow:
    """helper_id is None while nobody has taken the job."""

    id: str
    customer_id: str
    state: str
    helper_id: str | None = None


class JobRows(Projection[JobRow]):
    """The replica that tells who may talk about a job."""

    kind, collection, noun = JobRow, "job_replica", "job"
    indexes = (Index((("tenant", 1), ("customer_id", 1), ("helper_id", 1))),)

    async def active_between(self, one: str, other: str) -> list[str]:
        """The jobs of these two, whichever is the helper, that are booked and not over."""
        pairs = ((one, other), (other, one))
        found = await asyncio.gather(
            *(self._find({"customer_id": a, "helper_id": b}) for a, b in pairs)
        )
        return sorted(row.id for side in found for row in side if row.state in ACTIVE)

    async def of_party(self, id: str, account: str) -> JobRow:
        """The job, waited for up to a second. NotFound to anybody but its parties."""
        deadline = asyncio.get_running_loop().time() + ARRIVAL
        while True:
            row = await self.find(id)
            if row is not None and account in (row.customer_id, row.helper_id):
                return row
            if asyncio.get_running_loop().time() > deadline:
                raise NotFound("there is no such job")
            await asyncio.sleep(0.05)


@dataclass(frozen=True)
class CaseRow:
    """What support looks after, and about which job."""

    id: str
    job_id: str
    state: str

    @property
    def closed(self) -> bool:
        return self.state == "closed"


class CaseRows(Projection[CaseRow]):
    """The replica that tells what gives support the right to look."""

    kind, collection, noun = CaseRow, "case_replica", "case"


@dataclass(frozen=True)
class HelperRow:
    id: str
    status: str


class HelperRows(Projection[HelperRow]):
    """The replica that tells who can be written to."""

    kind, collection, noun = HelperRow, "helper_replica", "helper"

    async def listed(self, id: str) -> HelperRow:
        """The helper, waited for up to a second. NotFound unless listed."""
        deadline = asyncio.get_running_loop().time() + ARRIVAL
        while True:
            row = await self.find(id)
            if row is not None and row.status == "listed":
                return row
            if asyncio.get_running_loop().time() > deadline:
                raise NotFound("there is no such helper")
            await asyncio.sleep(0.05)
