"""build_service: everything that makes a process a Helphood service, wired the same for all."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from fastapi import FastAPI
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shared import replicas, telemetry
from shared.contracts.base import Delivered
from shared.contracts.identity import TenantEvent, TenantFacts
from shared.http import make_http_app
from shared.http.tokens import TokenVerifier
from shared.kernel.clock import BusinessClock
from shared.kernel.errors import Invalid, NotFound, Unavailable
from shared.offboarding import Holdings
from shared.outbox import Outbox
from shared.parked import ParkedMessages
from shared.rabbit import Consumers, Consuming, ParkedMessage, Publisher
from shared.replicas import People, Revocations, TenantReplica, Tenants
from shared.scope import Scope
from shared.settings import Role, ServiceSettings
from shared.store import Database, Store
from shared.store.outboxes import Outboxes
from shared.tasks import end
from shared.timers import Ticker
from shared.tried_alone import TriedAlone

_COUNT_SECONDS = 2.0
"""A scraper gives up after ten; most of what it asks for is known without the database."""

log = structlog.get_logger()


@dataclass
class Runtime:
    """One process's wiring; kept at ``app.state.runtime`` for tests and tools."""

    service: str
    settings: ServiceSettings
    provider: TracerProvider
    database: Database
    publisher: Publisher
    outbox: Outbox
    tenants: Tenants
    revocations: Revocations
    verifier: TokenVerifier
    clock: BusinessClock
    consumers: Consumers
    stores: Sequence[Any]
    resources: dict[type, Any]
    parked: ParkedMessages
    consuming: Consuming | None = None
    indexed: bool = False
    beginning: asyncio.Task[None] | None = None
    background: list[asyncio.Task[None]] = field(default_factory=list)

    def scope(self, tenant: TenantFacts) -> Scope:
        """This tenant's stores, now."""
        return Scope(
            tenant=tenant,
            now=self.clock.now(),
            database=self.database,
            outbox=self.outbox,
            resources=self.resources,
        )

    async def scope_of(self, slug: str) -> Scope | None:
        await self.tenants.fresh()
        tenant = self.tenants.by_slug(slug)
        return None if tenant is None else self.scope(tenant)

    async def scope_for(self, delivered: Delivered[Any]) -> Scope:
        """The event's tenant. NotFound while it has not arrived, so that the event comes again."""
        if isinstance(delivered.event, TenantEvent):
            facts = delivered.event.facts
            if not delivered.tenant == delivered.subject == facts.slug:
                raise Invalid("a tenant speaks for itself alone", code="wrong_tenant")
            return self.scope(facts)
        scope = await self.scope_of(delivered.tenant)
        if scope is None:
            await self.tenants.refresh()
            scope = await self.scope_of(delivered.tenant)
        if scope is None:
            raise NotFound(f"tenant {delivered.tenant!r} is not known here (yet)")
        if scope.tenant.status == replicas.OFFBOARDED:
            raise Invalid("this tenant is no more", code="tenant_offboarded")
        return scope

    async def park(self, message: ParkedMessage) -> None:
        """Keep it, unless it is of a tenant of which nothing is to be left."""
        await self.tenants.fresh()
        tenant = self.tenants.by_slug(message.tenant or "")
        if tenant is not None and tenant.status == replicas.OFFBOARDED:
            log.info("parking.dropped", tenant=message.tenant, reason="tenant_offboarded")
            return
        await self.parked.keep(message)


def build_service(
    service: str,
    settings: ServiceSettings,
    *,
    routers: Sequence[Any],
    consumers: Consumers,
    stores: Sequence[Any],
    resources: Callable[[Database], Sequence[object]] = lambda _: (),
) -> FastAPI:
    """A service as an ASGI application: API, relay, consumers and timers by its role.

    stores are the Store, Projection and Files classes, for indexes, relay and ticker.
    resources makes what requests share, found by class through ``scope.the``; one that has an
    ``async def run(self)`` runs in the background as long as the process.
    """
    telemetry.set_up_logging(service, settings.log_level)
    provider = telemetry.set_up_tracing(service, settings)
    database = Database(
        settings.mongo_url.get_secret_value(), settings.mongo_database or service, provider
    )
    publisher = Publisher(settings.amqp_url.get_secret_value(), provider)
    outbox = Outbox(
        service,
        rows=lambda collection: Outboxes(database, collection),
        publish=publisher.publish,
        connected=lambda: publisher.connected,
    )
    publisher.on_connected.append(outbox.sweep_soon)
    kinds = (*stores, TenantReplica, People, ParkedMessages, TriedAlone)
    runtime = Runtime(
        service=service,
        settings=settings,
        provider=provider,
        database=database,
        publisher=publisher,
        outbox=outbox,
        tenants=Tenants(database, settings.platform_host),
        revocations=Revocations(database),
        verifier=TokenVerifier(settings.jwks_url, settings.token_issuer),
        clock=BusinessClock(settings.clock_offset_file),
        consumers=consumers,
        stores=kinds,
        resources={type(each): each for each in (*resources(database), Holdings(kinds))},
        parked=ParkedMessages(database),
    )
    app = make_http_app(
        service,
        routers=routers,
        tenants=runtime.tenants,
        revocations=runtime.revocations,
        verifier=runtime.verifier,
        settings=settings,
        provider=provider,
        scope_of=runtime.scope,
        lifespan=_lifespan(runtime),
    )
    app.state.runtime = runtime
    _add_health(app, runtime)
    return app


def _lifespan(runtime: Runtime) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await _start(runtime)
        try:
            yield
        finally:
            await _stop(runtime)

    return lifespan


async def _start(runtime: Runtime) -> None:
    """Begin everything; wait for nothing: readiness tells when broker and database are there."""
    kinds = [kind for kind in runtime.stores if issubclass(kind, Store)]
    await runtime.verifier.start()
    await runtime.publisher.start()
    runtime.outbox.start([kind.collection for kind in kinds])
    if runtime.settings.role in (Role.WORKER, Role.ALL):
        runtime.consuming = Consuming(
            url=runtime.settings.amqp_url.get_secret_value(),
            service=runtime.service,
            subscriptions=runtime.consumers.subscriptions,
            scope_for=runtime.scope_for,
            ping=runtime.database.ping,
            park=runtime.park,
            tried_alone=TriedAlone(runtime.database),
            publisher=runtime.publisher,
            provider=runtime.provider,
            on_lost=_end_process,
        )
    runtime.beginning = _run(runtime, "begin", _begin(runtime, kinds))
    log.info("service.started", role=runtime.settings.role.value)


async def _begin(runtime: Runtime, kinds: list[Any]) -> None:
    """What writes by itself starts once the indexes are there: no write meets their making."""
    await _ensure_indexes(runtime)
    for resource in runtime.resources.values():
        if hasattr(resource, "run"):
            _run(runtime, type(resource).__name__, resource.run())
    if runtime.consuming is not None:
        ticker = Ticker(runtime.database, kinds, runtime.scope_of, runtime.clock.now)
        _run(runtime, "ticker", ticker.run())
        await runtime.consuming.start()


async def _stop(runtime: Runtime) -> None:
    """Drain in the order of the flow: consumers, timers, relay, broker, database."""
    if runtime.beginning is not None:
        await end([runtime.beginning])
    if runtime.consuming is not None:
        await runtime.consuming.stop()
    await end(runtime.background)
    await runtime.outbox.stop()
    await runtime.publisher.stop()
    await runtime.verifier.stop()
    await runtime.tenants.stop()
    await runtime.revocations.stop()
    runtime.database.close()
    await asyncio.to_thread(runtime.provider.shutdown)
    log.info("service.stopped")


async def _ensure_indexes(runtime: Runtime) -> None:
    """Again and again until the database is there: a service may start before it."""
    while not runtime.indexed:
        try:
            for kind in runtime.stores:
                for collection, indexes in kind.index_plan().items():
                    await runtime.database.ensure_indexes(collection, indexes)
            runtime.indexed = True
        except Unavailable:
            await asyncio.sleep(0.5)


def _run(runtime: Runtime, name: str, work: Any) -> asyncio.Task[None]:
    """A background task that must not die silently: the process ends and is started afresh."""

    def done(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.critical("service.background_failed", task=name, exc_info=error)
            _end_process(f"{name}: {error}")

    task = asyncio.create_task(work, name=f"{runtime.service}-{name}")
    task.add_done_callback(done)
    runtime.background.append(task)
    return task


def _end_process(reason: str) -> None:
    log.critical("service.ending", reason=reason)
    os.kill(os.getpid(), signal.SIGTERM)


async def _look_around(runtime: Runtime) -> None:
    """Gauges of what is asked for by a look, not counted as it happens.

    What cannot be known while the database is away stays as it was last seen.
    """
    began = time.perf_counter()
    there = await runtime.database.ping()
    telemetry.DATABASE_PING.set(time.perf_counter() - began)
    await runtime.tenants.fresh()
    state = {
        "database": there,
        "broker": runtime.publisher.connected,
        "keys": runtime.verifier.ready,
        "tenants": runtime.tenants.loaded,
    }
    if runtime.consuming is not None:
        state["consumers"] = runtime.consuming.healthy
    for name, up in state.items():
        telemetry.DEPENDENCY_UP.labels(name).set(up)
    if there:
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(_COUNT_SECONDS):
                telemetry.PARKED.set(await runtime.parked.count())


def _add_health(app: FastAPI, runtime: Runtime) -> None:
    async def alive(_: Request) -> Response:
        return JSONResponse({"status": "ok", "service": runtime.service})

    async def ready(_: Request) -> Response:
        await runtime.tenants.fresh()
        state = {
            "database": await runtime.database.ping() and runtime.indexed,
            "tenants": runtime.tenants.loaded,
            "keys": runtime.verifier.ready,
            "broker": runtime.publisher.connected,
        }
        needed = ["database", "tenants", "keys"]
        if runtime.settings.role is Role.WORKER:
            needed = ["database", "broker"]
        if runtime.consuming is not None:
            state["consumers"] = runtime.consuming.healthy
        able = all(state[name] for name in needed)
        return JSONResponse({"ready": able, **state}, 200 if able else 503)

    async def metrics(request: Request) -> Response:
        await _look_around(runtime)
        encode, media_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(encode(REGISTRY), headers={"Content-Type": media_type})

    app.add_route("/healthz", alive, include_in_schema=False)
    app.add_route("/readyz", ready, include_in_schema=False)
    app.add_route("/metrics", metrics, include_in_schema=False)
