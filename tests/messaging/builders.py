"""Conversations, people and jobs for tests."""

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from services.messaging.commands import follow
from services.messaging.model import Conversation, Draft, Message
from services.messaging.store import Followers
from shared.contracts.jobs import CaseFacts, CaseOpened, JobBooked, JobEvent, JobFacts, JobRequested
from shared.contracts.profiles import Availability, HelperFacts, HelperListed, HelperUnlisted
from shared.kernel.clock import utc_now
from shared.kernel.geo import Point
from shared.kernel.ids import new_id
from shared.kernel.money import Money
from tests.harness import Harness

NOW = datetime.fromisoformat("2026-03-02T10:00:00+00:00")
MINUTE = timedelta(minutes=1)

_numbers = itertools.count(1)


def a_conversation(**changes: Any) -> Conversation:
    fields: dict[str, Any] = {
        "id": "conversation_1",
        "customer_id": "ada",
        "helper_id": "ben",
        "opened_by": "ada",
        "opened_at": NOW,
    }
    return Conversation(**(fields | changes))


def a_draft(author: str = "ada", text: str = "Hello", **changes: Any) -> Draft:
    return Draft(author, text, f"c{next(_numbers)}", **changes)


def say(conversation: Conversation, author: str, text: str = "Hello", **changes: Any) -> Message:
    """Compose the next message and let the heads follow it."""
    message = conversation.compose(a_draft(author, text, **changes), NOW)
    conversation.take(message)
    return message


def helper_facts(**changes: Any) -> HelperFacts:
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
        "listed_at": NOW,
    }
    return HelperFacts(**(facts | changes))


async def a_helper(messaging: Harness, *, tenant: str = "vodafone", language: str = "de") -> str:
    id = await messaging.person("Ben Krause", tenant=tenant, language=language)
    await messaging.deliver(HelperListed(helper_facts()), subject=id, tenant=tenant)
    return id


async def following(messaging: Harness, *people: str, tenant: str = "vodafone") -> None:
    """They have opened a live stream before, so that their feeds are kept."""
    for person in people:
        await follow(person, messaging.scope(tenant).store(Followers))


async def unlist(messaging: Harness, helper: str) -> None:
    event = HelperUnlisted(helper_facts(status="unlisted"))
    await messaging.deliver(event, subject=helper, sequence=2)


@dataclass(frozen=True)
class Job:
    id: str
    customer: str
    helper: str | None
    tenant: str = "vodafone"

    def facts(self, **changes: Any) -> JobFacts:
        facts: dict[str, Any] = {
            "customer_id": self.customer,
            "helper_id": self.helper,
            "broadcast": self.helper is None,
            "category": "wifi",
            "title": "No Wi-Fi in the kitchen",
            "state": "requested",
            "public_place": Point(52.5, 13.4),
            "city": "Berlin",
            "requested_at": utc_now(),
        }
        return JobFacts(**(facts | changes))


async def tell(messaging: Harness, job: Job, event: JobEvent, sequence: int) -> None:
    await messaging.deliver(event, subject=job.id, tenant=job.tenant, sequence=sequence)


async def a_job(messaging: Harness, customer: str, helper: str | None, **options: Any) -> Job:
    """A requested job; sequence 1 is used up."""
    job = Job(new_id("job"), customer, helper, **options)
    await tell(messaging, job, JobRequested(job.facts()), 1)
    return job


async def book(messaging: Harness, job: Job) -> None:
    facts = job.facts(state="booked", booked_at=utc_now())
    await tell(messaging, job, JobBooked(facts), 2)


def case_facts(job: str, **changes: Any) -> CaseFacts:
    facts: dict[str, Any] = {
        "job_id": job,
        "type": "other",
        "severity": "normal",
        "state": "open",
        "opened_at": NOW,
        "respond_by": NOW,
    }
    return CaseFacts(**(facts | changes))


async def a_case(messaging: Harness, job: Job) -> str:
    """An open one about the job; sequence 1 is used up."""
    case = new_id("case")
    event = CaseOpened(case_facts(job.id))
    await messaging.deliver(event, subject=case, tenant=job.tenant)
    return case


def words(text: str = "Can you help me?", **changes: Any) -> dict[str, Any]:
    """A body with a client_message_id of its own."""
    return {"text": text, "client_message_id": f"c{next(_numbers)}"} | changes


async def post(
    messaging: Harness,
    path: str,
    body: Any,
    who: str | None,
    *,
    headers: dict[str, str] | None = None,
    **options: Any,
) -> httpx.Response:
    async with messaging.client(who, **options) as client:
        return await client.post(path, json=body, headers=headers)


async def get(messaging: Harness, path: str, who: str | None, **options: Any) -> httpx.Response:
    async with messaging.client(who, **options) as client:
        return await client.get(path)


@dataclass(frozen=True)
class Talk:
    """An open conversation in the running service, with doors for its two sides."""

    messaging: Harness
    id: str
    customer: str
    helper: str
    tenant: str

    @property
    def path(self) -> str:
        return f"/v1/conversations/{self.id}"

    async def say(self, who: str, text: str = "Hello", **changes: Any) -> httpx.Response:
        body = words(text, **changes)
        return await post(self.messaging, f"{self.path}/messages", body, who, tenant=self.tenant)

    async def heard_by(self, who: str) -> list[dict[str, Any]]:
        answer = await get(
            self.messaging, f"{self.path}/messages?limit=100", who, tenant=self.tenant
        )
        assert answer.status_code == 200, answer.text
        data: list[dict[str, Any]] = answer.json()["data"]
        return data

    async def seen_by(self, who: str) -> dict[str, Any]:
        answer = await get(self.messaging, self.path, who, tenant=self.tenant)
        assert answer.status_code == 200, answer.text
        view: dict[str, Any] = answer.json()
        return view


async def a_talk(
    messaging: Harness,
    *,
    tenant: str = "vodafone",
    customer: str | None = None,
    helper: str | None = None,
    job: Job | None = None,
    text: str = "Can you help me?",
) -> Talk:
    """Opened by the customer with one message; both have opened a live stream before."""
    customer = customer or await messaging.person("Ada Berger", tenant=tenant)
    helper = helper or await a_helper(messaging, tenant=tenant)
    await following(messaging, customer, helper, tenant=tenant)
    body = words(text, helper_id=helper)
    if job is not None:
        body["job_id"] = job.id
    answer = await post(messaging, "/v1/conversations", body, customer, tenant=tenant)
    assert answer.status_code == 201, answer.text
    return Talk(messaging, answer.json()["id"], customer, helper, tenant)
