"""How many cases wait longer than was promised, counted for the operators' alarms."""

from collections import Counter
from typing import ClassVar

from prometheus_client import Gauge

from services.jobs.store import CaseStore
from shared.watch import Labels, Watch

MOST = 1000
"""More than that are not counted; nobody needs to know how many more."""

CASES_OVERDUE = Gauge(
    "cases_overdue", "Cases without a first response in time.", ["tenant", "severity"]
)


class CaseWatch(Watch):
    """By severity."""

    gauge: ClassVar[Gauge] = CASES_OVERDUE
    every = 5.0

    async def look(self, tenant: str) -> dict[Labels, int]:
        late = await CaseStore.unrelayed(self._database, tenant).late(MOST)
        return dict(Counter((case.severity.value,) for case in late))
