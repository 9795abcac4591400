"""Jobs, pairs and reviews for tests, and the way of a job into the running service."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.reviews.model import Marks, ReviewPair
from shared.contracts.jobs import JobBooked, JobCompleted, JobDelivered, JobEvent, JobFacts
from shared.contracts.profiles import Availability, HelperFacts, HelperListed
from shared.kernel.clock import utc_now
from shared.kernel.geo import Point
from shared.kernel.ids import new_id
from shared.kernel.money import Money
from tests.harness import Harness

NOW = datetime.fromisoformat("2026-03-02T10:00:00+00:00")
DAY = timedelta(days=1)
GOOD = Marks(overall=5, communication=5, punctuality=4, quality=5, price_as_agreed=5)
POOR = Marks(overall=2, communication=3, punctuality=1, quality=2, price_as_agreed=5)


def job_facts(**changes: Any) -> JobFacts:
    facts: dict[str, Any] = {
        "customer_id": "ada",
        "helper_id": "ben",
        "broadcast": False,
        "category": "wifi",
        "title": "No Wi-Fi in the kitchen",
        "state": "booked",
        "public_place": Point(52.5, 13.4),
        "city": "Berlin",
        "requested_at": NOW - 3 * DAY,
        "booked_at": NOW - 2 * DAY,
    }
    return JobFacts(**(facts | changes))


def delivered_facts(**changes: Any) -> JobFacts:
    return job_facts(**({"state": "delivered", "delivered_at": NOW} | changes))


def completed_facts(**changes: Any) -> JobFacts:
    moments = {"state": "completed", "delivered_at": NOW, "completed_at": NOW}
    return job_facts(**(moments | changes))


def a_pair(
    job: JobFacts | None = None, *, tenant: str = "vodafone", job_id: str = "j"
) -> ReviewPair:
    invited = ReviewPair.invite(tenant, job_id, job or completed_facts(), 14)
    assert invited is not None
    return invited[0]


def a_published_pair() -> ReviewPair:
    pair = a_pair()
    pair.write(GOOD, "Fast and friendly", by="ada", at=NOW)
    pair.write(POOR, None, by="ben", at=NOW)
    return pair


@dataclass(frozen=True)
class Job:
    """A job the running service has heard of, and its two sides."""

    id: str
    customer: str
    helper: str
    tenant: str

    def facts(self, **changes: Any) -> JobFacts:
        return job_facts(**({"customer_id": self.customer, "helper_id": self.helper} | changes))


async def a_booked_job(
    reviews: Harness, *, tenant: str = "vodafone", helper: str | None = None
) -> Job:
    """sequence 1 is used up by the booking."""
    job = Job(
        new_id("job"),
        await reviews.person("Ada Berger", tenant=tenant),
        helper or await a_helper(reviews, tenant=tenant),
        tenant,
    )
    await tell(reviews, job, JobBooked(job.facts()), 1)
    return job


async def a_delivered_job(reviews: Harness, **options: Any) -> Job:
    job = await a_booked_job(reviews, **options)
    at = utc_now()
    await tell(reviews, job, JobDelivered(job.facts(state="delivered", delivered_at=at)), 2)
    return job


async def a_completed_job(
    reviews: Harness, *, at: datetime | None = None, category: str = "wifi", **options: Any
) -> Job:
    job = await a_booked_job(reviews, **options)
    moment = at or utc_now()
    facts = job.facts(
        state="completed", delivered_at=moment, completed_at=moment, category=category
    )
    await tell(reviews, job, JobCompleted(facts), 3)
    return job


async def tell(reviews: Harness, job: Job, event: JobEvent, sequence: int) -> None:
    await reviews.deliver(event, subject=job.id, tenant=job.tenant, sequence=sequence)


async def a_helper(reviews: Harness, *, tenant: str = "vodafone", **changes: Any) -> str:
    id = await reviews.person("Ben Krause", tenant=tenant)
    facts: dict[str, Any] = {
        "status": "listed",
        "display_name": "Ben Krause",
        "headline": "Wi-Fi",
        "skills": ["wifi"],
        "languages": ["de"],
        "hourly_rate": Money(1500, "EUR"),
        "min_minutes": 30,
        "place": Point(52.5, 13.4),
        "public_place": Point(52.5, 13.4),
        "radius_m": 10_000,
        "trader_status": "private",
        "availability": Availability(),
        "listed_at": utc_now(),
    }
    event = HelperListed(HelperFacts(**(facts | changes)))
    await reviews.deliver(event, subject=id, tenant=tenant)
    return id


def review_body(job_id: str, /, **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "job_id": job_id,
        "overall": 5,
        "communication": 5,
        "punctuality": 4,
        "quality": 5,
        "price_as_agreed": 5,
        "text": "Fast and friendly",
    }
    return body | changes


async def write(reviews: Harness, job: Job, author: str, **changes: Any) -> dict[str, Any]:
    """The answer to a review that must be accepted."""
    async with reviews.client(author, tenant=job.tenant) as client:
        answer = await client.post("/v1/reviews", json=review_body(job.id, **changes))
    assert answer.status_code == 201, answer.text
    written: dict[str, Any] = answer.json()
    return written


async def a_published_job(reviews: Harness, **options: Any) -> tuple[Job, str, str]:
    """A job with both reviews revealed, the customer's and the helper's review ids."""
    job = await a_completed_job(reviews, **options)
    by_customer = await write(reviews, job, job.customer)
    by_helper = await write(reviews, job, job.helper, text=None, overall=4)
    return job, by_customer["id"], by_helper["id"]
