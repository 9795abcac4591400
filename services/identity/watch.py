"""How many wishes to get one's data, or to be forgotten, come near their legal deadline."""

from datetime import timedelta
from typing import ClassVar

from prometheus_client import Gauge

from services.identity.store import ErasureStore, ExportStore
from shared.kernel.clock import utc_now
from shared.watch import Labels, Watch

NEAR = timedelta(days=7)

MOST = 1000
"""More than that are not counted."""

PRIVACY_REQUESTS_LATE = Gauge(
    "privacy_requests_late",
    "Unfinished erasures and exports whose deadline is within a week (near) or over (missed).",
    ["tenant", "kind", "deadline"],
)


class DeadlineWatch(Watch):
    """By kind of wish. A deadline is real time, whatever time it is in the business."""

    gauge: ClassVar[Gauge] = PRIVACY_REQUESTS_LATE
    every = 30.0

    async def look(self, tenant: str) -> dict[Labels, int]:
        now = utc_now()
        found: dict[Labels, int] = {}
        for kind in (ErasureStore, ExportStore):
            store = kind.unrelayed(self._database, tenant)
            late = await store.unfinished(now + NEAR, MOST)
            missed = sum(wish.deadline_at <= now for wish in late)
            found[store.noun, "near"] = len(late) - missed
            found[store.noun, "missed"] = missed
        return {labels: number for labels, number in found.items() if number}
