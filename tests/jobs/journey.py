"""Jobs in the running service: its people, their requests, and the steps in between."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from services.jobs.model import Job
from services.jobs.store import JobStore
from shared.contracts.profiles import Availability, HelperFacts, HelperListed, WeeklyHours
from shared.kernel.clock import utc_now
from shared.kernel.geo import Point
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.tenants import TENANTS

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
PLACES = {"vodafone": Point(52.5312, 13.3889), "swisscom": Point(47.38, 8.53)}
RATES = {"vodafone": 1500, "swisscom": 3000}
NO_BODY = object()


def in_two_days() -> datetime:
    """Noon UTC, so that no test's slot runs over midnight."""
    noon = utc_now().astimezone(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    return noon + 2 * DAY


def slot(start: datetime | None = None, length: timedelta = 2 * HOUR) -> dict[str, str]:
    start = start or in_two_days()
    return {"start": start.isoformat(), "end": (start + length).isoformat()}


def money(amount_minor: int, currency: str = "EUR") -> dict[str, Any]:
    return {"amount_minor": amount_minor, "currency": currency}


def always(**changes: Any) -> Availability:
    weekly = [WeeklyHours(weekday=day, start="00:00", end="24:00") for day in range(1, 8)]
    return Availability(weekly=weekly, **changes)


async def a_helper(jobs: Harness, *, tenant: str = "vodafone", **changes: Any) -> str:
    """A listed helper near the usual place, free around the clock, for wifi and tv."""
    id = await jobs.person("Ben Krause", tenant=tenant)
    await list_helper(jobs, id, tenant=tenant, **changes)
    return id


async def list_helper(
    jobs: Harness, id: str, *, tenant: str = "vodafone", sequence: int = 1, **changes: Any
) -> None:
    place = PLACES[tenant]
    facts: dict[str, Any] = {
        "status": "listed",
        "display_name": "Ben Krause",
        "headline": "Wi-Fi and TV",
        "skills": ["wifi", "tv"],
        "languages": ["de"],
        "hourly_rate": TENANTS[tenant].hourly_rate_min,
        "min_minutes": 30,
        "place": place,
        "public_place": place.rounded(),
        "radius_m": 10_000,
        "trader_status": "private",
        "availability": always(),
        "qualified": dict.fromkeys(("wifi", "tv"), utc_now() + 300 * DAY),
        "listed_at": utc_now(),
    }
    event = HelperListed(HelperFacts(**(facts | changes)))
    await jobs.deliver(event, subject=id, tenant=tenant, sequence=sequence)


def request_body(helper: str | None, *, tenant: str = "vodafone", **changes: Any) -> dict[str, Any]:
    place = PLACES[tenant]
    whom: dict[str, Any] = {"broadcast": True} if helper is None else {"helper_id": helper}
    body = {
        "category": "wifi",
        "title": "No Wi-Fi in the kitchen",
        "description": "Since the new router",
        "address": {"street": "Invalidenstraße 1", "postcode": "10115", "city": "Berlin"},
        "place": {"lat": place.lat, "lon": place.lon},
        "slots": [slot()],
    }
    return whom | body | changes


def offer_body(*, tenant: str = "vodafone", **changes: Any) -> dict[str, Any]:
    currency = TENANTS[tenant].currency
    body = {
        "slot": slot(),
        "minutes": 90,
        "hourly_rate": money(RATES[tenant], currency),
        "travel": money(300, currency),
        "materials": money(500, currency),
    }
    return body | changes


DELIVERY = {
    "summary": "Moved the access point",
    "minutes": 80,
    "materials": money(400),
    "outcome": "solved",
}


@dataclass
class Story:
    """One job and its two sides; every step asserts that it was accepted."""

    jobs: Harness
    customer: str
    helper: str
    id: str
    tenant: str = "vodafone"
    view: dict[str, Any] = field(default_factory=dict)

    async def post(
        self,
        command: str,
        body: Any = NO_BODY,
        *,
        by: str,
        key: str | None = "",
        headers: dict[str, str] | None = None,
        roles: tuple[str, ...] = ("customer",),
        tenant: str | None = None,
    ) -> httpx.Response:
        """The answer, whatever it is; key None sends no Idempotency-Key."""
        sent = dict(headers or {})
        if key is not None:
            sent["Idempotency-Key"] = key or new_id("key")
        content = {} if body is NO_BODY else {"json": body}
        async with self.jobs.client(by, tenant=tenant or self.tenant, roles=roles) as client:
            return await client.post(f"/v1/jobs/{self.id}/{command}", headers=sent, **content)

    async def step(
        self, command: str, body: Any = NO_BODY, *, by: str, **options: Any
    ) -> dict[str, Any]:
        answer = await self.post(command, body, by=by, **options)
        assert answer.status_code == 200, answer.text
        view: dict[str, Any] = answer.json()
        self.view = view
        return view

    async def get(
        self, path: str = "", *, by: str, roles: tuple[str, ...] = ("customer",)
    ) -> httpx.Response:
        async with self.jobs.client(by, tenant=self.tenant, roles=roles) as client:
            return await client.get(f"/v1/jobs/{self.id}{path}")

    async def seen(self, *, by: str) -> dict[str, Any]:
        answer = await self.get(by=by)
        assert answer.status_code == 200, answer.text
        view: dict[str, Any] = answer.json()
        return view

    async def stored(self) -> Job:
        return await self.jobs.scope(self.tenant).store(JobStore).get(self.id)

    async def offer(self, *, by: str | None = None, **changes: Any) -> dict[str, Any]:
        body = offer_body(tenant=self.tenant, **changes)
        return await self.step("offer", body, by=by or self.helper)

    async def accept(self, offer_id: str | None = None) -> dict[str, Any]:
        offer_id = offer_id or self.view["offers"][-1]["id"]
        return await self.step("accept", {"offer_id": offer_id}, by=self.customer)

    async def book(self, **changes: Any) -> dict[str, Any]:
        await self.offer(**changes)
        return await self.accept()

    async def begin(self, **changes: Any) -> dict[str, Any]:
        await self.book(**changes)
        for command in ("confirm", "depart", "start"):
            await self.step(command, by=self.helper)
        return self.view

    async def complete(self, **changes: Any) -> dict[str, Any]:
        await self.begin(**changes)
        currency = TENANTS[self.tenant].currency
        delivery = DELIVERY | {"materials": money(400, currency)}
        await self.step("deliver", delivery, by=self.helper)
        return await self.step("complete", by=self.customer)


async def ask(
    jobs: Harness,
    *,
    tenant: str = "vodafone",
    helper: str | None = None,
    broadcast: bool = False,
    **changes: Any,
) -> Story:
    """A fresh request by a fresh customer to a helper (a fresh one unless named)."""
    customer = await jobs.person("Ada Berger", tenant=tenant)
    helper = helper or await a_helper(jobs, tenant=tenant)
    body = request_body(None if broadcast else helper, tenant=tenant, **changes)
    answer = await request(jobs, customer, body, tenant=tenant)
    assert answer.status_code == 201, answer.text
    return Story(jobs, customer, helper, answer.json()["id"], tenant, answer.json())


async def request(
    jobs: Harness, customer: str, body: Any, *, tenant: str = "vodafone", key: str | None = ""
) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key or new_id("key")}
    async with jobs.client(customer, tenant=tenant) as client:
        return await client.post("/v1/jobs", json=body, headers=headers)


async def listed(jobs: Harness, who: str, *, tenant: str = "vodafone", **query: Any) -> Any:
    async with jobs.client(who, tenant=tenant) as client:
        answer = await client.get("/v1/jobs", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()
