"""One service in this process on a real broker and a real database, with doors for tests."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import aio_pika
import httpx
from fastapi import FastAPI

from shared.contracts.base import Delivered, Event
from shared.contracts.identity import AccountFacts, AccountRegistered, TenantConfigured
from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id
from shared.rabbit import Outgoing, read
from shared.rabbit.envelope import to_message
from shared.scope import Scope
from shared.service import Runtime
from shared.settings import ServiceSettings
from shared.store import Database
from tests.shared.tokens import TokenMaker
from tests.tenants import TENANTS

PATIENCE = 20.0
"""Seconds a test waits for something that must come by itself."""

START = 30.0
"""Seconds a service may take to find broker and database on a busy machine."""


async def forget(database: Database) -> None:
    """Leave nothing on a server that was given to us; our own goes with its folder."""
    if os.environ.get("MONGO_URL"):
        await database.drop()


class Harness:
    """Made by ``Harness.running``; one per service and test session."""

    def __init__(self, app: FastAPI, tokens: TokenMaker, clock_file: Path) -> None:
        self.app = app
        self.runtime: Runtime = app.state.runtime
        self._tokens = tokens
        self._clock_file = clock_file
        self._heard: list[Delivered[Any]] = []

    @classmethod
    @asynccontextmanager
    async def running(
        cls,
        create: Callable[[Any], FastAPI],
        settings_class: type[ServiceSettings],
        broker_url: str,
        mongo_url: str,
        folder: Path,
        **settings: Any,
    ) -> AsyncIterator[Self]:
        """Start the service with a database of its own and the two tenants known to it."""
        tokens = TokenMaker()
        tokens.write_jwks(folder / "jwks.json")
        values: dict[str, Any] = {
            "amqp_url": broker_url,
            "mongo_url": mongo_url,
            "mongo_database": f"test_{new_id('db')}",
            "jwks_url": f"file://{folder / 'jwks.json'}",
            "cursor_secret": "c" * 32,
            "clock_offset_file": folder / "clock",
            "log_level": "WARNING",
        }
        app = create(settings_class(**(values | settings)))
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(app.router.lifespan_context(app))
            harness = cls(app, tokens, folder / "clock")
            await stack.enter_async_context(harness._listening(broker_url))
            await harness._until_ready()
            try:
                yield harness
            finally:
                await forget(harness.runtime.database)

    async def deliver(
        self, event: Event[Any], *, subject: str, tenant: str = "vodafone", sequence: int = 1
    ) -> None:
        """What this service's handlers do with the event, by way of its form on the wire."""
        outgoing = Outgoing(
            id=new_id("evt"),
            tenant=tenant,
            routing_key=event.routing_key,
            source=event.publisher,
            subject=subject,
            sequence=sequence,
            time=utc_now(),
            body=event.facts.model_dump_json().encode(),
        )
        delivered = read(to_message(outgoing, None))
        for subscription in self.runtime.consumers.subscriptions:
            if type(event) in subscription.events:
                await subscription.handler(delivered, await self.runtime.scope_for(delivered))

    async def person(
        self,
        name: str = "Ada Berger",
        *,
        verified: bool = True,
        tenant: str = "vodafone",
        language: str = "de",
    ) -> str:
        """Somebody this service has heard of; returns the account's id."""
        id, now = new_id("acc"), utc_now()
        facts = AccountFacts(
            email=f"{id}@people.example",
            display_name=name,
            language=language,
            roles=["customer"],
            email_verified=verified,
            registered_at=now,
            verified_at=now if verified else None,
        )
        await self.deliver(AccountRegistered(facts), subject=id, tenant=tenant)
        return id

    def client(
        self,
        person: str | None = None,
        *,
        tenant: str = "vodafone",
        roles: tuple[str, ...] = ("customer",),
        host: str | None = None,
    ) -> httpx.AsyncClient:
        """A client at the tenant's host; signed in when a person is given."""
        headers = {}
        if person is not None:
            token = self._tokens.token(person, tenant, roles=list(roles))
            headers["Authorization"] = f"Bearer {token}"
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app, raise_app_exceptions=False),
            base_url=f"http://{host or tenant + '.localhost'}",
            headers=headers,
        )

    def scope(self, tenant: str = "vodafone") -> Scope:
        """The tenant's stores at the current business time."""
        facts = self.runtime.tenants.by_slug(tenant)
        assert facts is not None, f"{tenant} is not known to the service"
        return self.runtime.scope(facts)

    async def published(
        self, event: type[Event[Any]], *, subject: str, tenant: str | None = None
    ) -> Delivered[Any]:
        """The newest such event that really came over the broker; waits for PATIENCE."""
        async with asyncio.timeout(PATIENCE):
            while True:
                delivered: Delivered[Any]
                for delivered in reversed(self._heard):
                    right = type(delivered.event) is event and delivered.subject == subject
                    if right and tenant in (None, delivered.tenant):
                        return delivered
                await asyncio.sleep(0.01)

    def heard(self, subject: str) -> list[Delivered[Any]]:
        """Every event about this subject that came over the broker so far, in order."""
        return [delivered for delivered in self._heard if delivered.subject == subject]

    async def eventually(self, look: Callable[[], Any], patience: float = PATIENCE) -> Any:
        """The first true answer of look (plain or async) within patience seconds."""
        async with asyncio.timeout(patience):
            while True:
                answer = look()
                if asyncio.iscoroutine(answer):
                    answer = await answer
                if answer:
                    return answer
                await asyncio.sleep(0.02)

    def travel(self, ahead: timedelta) -> None:
        """Set the business clock this far ahead of the real one."""
        self._clock_file.write_text(str(ahead.total_seconds()))

    async def _until_ready(self) -> None:
        for slug, facts in TENANTS.items():
            await self.eventually(lambda: self.runtime.indexed, START)
            await self.deliver(TenantConfigured(facts), subject=slug, tenant=slug)
        await self.runtime.tenants.refresh()

        def able() -> bool:
            consuming = self.runtime.consuming
            return self.runtime.publisher.connected and (consuming is None or consuming.healthy)

        await self.eventually(able, START)

    @asynccontextmanager
    async def _listening(self, broker_url: str) -> AsyncIterator[None]:
        """Hear everything on the exchange through a queue that goes when the test goes."""
        await self.eventually(lambda: self.runtime.publisher.connected, START)
        connection = await aio_pika.connect(broker_url)
        async with connection:
            channel = await connection.channel()
            queue = await channel.declare_queue(exclusive=True)
            await queue.bind("events", "#")

            async def hear(message: aio_pika.abc.AbstractIncomingMessage) -> None:
                self._heard.append(read(message))
                await message.ack()

            await queue.consume(hear)
            yield
