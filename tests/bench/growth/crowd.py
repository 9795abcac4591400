"""Who and what is there already: helpers and closed jobs, put straight into the collections."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from services.jobs.model import Job, State
from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id
from shared.store.codec import codec_for
from tests.bench.growth.platform import Platform
from tests.bench.measure import resident_mib
from tests.bench.town import BATCH, City, Errand, settle
from tests.jobs.builders import BEN, DAY, NOW, a_job, a_slot, confirmed, saved
from tests.tenants import BERLIN

EACH = 20
"""Closed jobs of one customer with one helper."""

OWN = 50
"""Closed jobs of the customer whose list is read, whatever the number of others'."""

AHEAD = utc_now() - NOW + 30 * DAY
"""From the builders' fixed day to a month from now, when nothing of a fresh job falls due."""

Step = Callable[[int], None]
"""Is told how many more there are."""


@dataclass(frozen=True)
class Appointed(Errand):
    """An errand in a job of people who have accounts, weeks ahead."""

    customer: str = ""
    helper: str = ""

    def job(self) -> Job:
        slot = a_slot(AHEAD)
        job = confirmed(slot=slot)
        if self.name != "depart":
            job.start(BEN, slot.start)
            saved(job)
        return between(job, self.customer, self.helper)


def between(job: Job, customer: str, helper: str) -> Job:
    """The same job of other people, with a long description, as people write them."""
    return replace(
        job,
        customer_id=customer,
        helper_id=helper,
        asked_id=helper,
        seats=[f"customer:{customer}", f"helper:{helper}"],
        description="In the bedroom the line breaks off. " * 8,
    )


@dataclass(frozen=True)
class Filling:
    """What a growth to a size came to: how many there are since, and in how many seconds they came.

    longest is the slowest insertion of BATCH documents, database what its process holds (MiB).
    """

    wanted: int
    helpers: int
    jobs: int
    seconds_of_helpers: float
    seconds_of_jobs: float
    longest: float
    database: float

    @property
    def complete(self) -> bool:
        return self.helpers >= self.wanted and self.jobs >= self.wanted

    @property
    def size(self) -> int:
        """Of the smaller of both."""
        return min(self.helpers, self.jobs)


@dataclass
class Crowd:
    """Grows helper by helper and job by job; own are the jobs of the customer who reads a list."""

    platform: Platform
    city: City = field(default_factory=lambda: City("vodafone", BERLIN, 0))
    jobs: int = 0
    own: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._pattern = codec_for(Job).encode(between(a_job(State.CLOSED), "", ""))
        self._collection = self.platform.mongo["jobs"]["jobs"]

    def grow(self, size: int, patience: float, step: Step) -> Filling:
        """To so many helpers and so many jobs, each as far as it comes in half of patience."""
        jobs = _batches(self.jobs, size, self._add_jobs, patience / 2, step)
        helpers = _batches(self.city.helpers, size, self._add_helpers, patience / 2, step)
        held = resident_mib(self.platform.pids["database"])
        return Filling(
            size, self.city.helpers, self.jobs, sum(helpers), sum(jobs), max(helpers + jobs), held
        )

    def _add_jobs(self, more: int) -> None:
        if not self.own:
            documents = list(self._documents(OWN, self.platform.customer))
            self.own = [each["_id"] for each in documents]
            documents += self._documents(more - OWN)
        else:
            documents = list(self._documents(more))
        self._collection.insert_many(documents)
        self.jobs += more

    def _add_helpers(self, more: int) -> None:
        self.city.helpers += more
        settle(self.platform.mongo["profiles"]["helpers"], self.city)

    def _documents(self, number: int, customer: str = "") -> Iterator[dict[str, Any]]:
        for place in range(number):
            if place % EACH == 0:
                who, helper = customer or new_id("acc"), new_id("acc")
            id = new_id("job")
            yield self._pattern | {
                "_id": id,
                "order": id,
                "tenant": self.city.slug,
                "customer_id": who,
                "helper_id": helper,
                "asked_id": helper,
                "seats": [f"customer:{who}", f"helper:{helper}"],
                "errand": f"wifi|{who}",
            }


def _batches(
    there: int, size: int, add: Callable[[int], None], patience: float, step: Step
) -> list[float]:
    """Adds until there are so many or patience is over; the seconds that each batch took."""
    taken: list[float] = []
    while there < size and sum(taken) < patience:
        more, began = min(BATCH, size - there), time.monotonic()
        add(more)
        taken.append(time.monotonic() - began)
        there += more
        step(more)
    return taken or [0.0]
