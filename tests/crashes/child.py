"""The process that ends at its point: the small service at work, and its client."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from opentelemetry.sdk.trace import TracerProvider

from shared import outbox as relaying
from shared import timers
from shared.contracts.base import Delivered
from shared.kernel.clock import utc_now
from shared.outbox import Outbox
from shared.parked import ParkedMessages
from shared.rabbit import Consuming
from shared.scope import Scope
from shared.store.outboxes import Outboxes
from shared.timers import Ticker
from shared.tried_alone import TriedAlone
from tests.crashes.breaking import Breaker, BreakingDatabase, BreakingPublisher
from tests.crashes.points import Point
from tests.crashes.service import SERVICE, Badges, Client, Rows, Things, consumers, scope_of
from tests.tenants import VODAFONE


def run(url: str, mongo_url: str, name: str, point: Point | None, log: Path) -> None:
    """Until SIGTERM or the point; name is the database's. To be called in a process of its own."""
    with log.open("a") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    # The waits are shorter than in production, their order is the same.
    relaying.OVERDUE, relaying.SWEEP_EVERY = timedelta(seconds=0.5), 0.2
    relaying.GATHER = 0.0
    timers.TICK = 0.1
    asyncio.run(_live(url, mongo_url, name, point))


async def _live(url: str, mongo_url: str, name: str, point: Point | None) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    breaker = Breaker(point)
    database = BreakingDatabase(mongo_url, name, breaker)
    async with _serving(url, database, breaker) as client:
        asking = asyncio.create_task(client.ask())
        await ended.wait()
        asking.cancel()


@asynccontextmanager
async def _serving(url: str, database: BreakingDatabase, breaker: Breaker) -> AsyncIterator[Client]:
    """Wired and ended in the order of shared.service; entered when it can publish and hear."""
    client = Client(lambda: _known(scope_of(VODAFONE.slug, database, outbox)))
    provider = TracerProvider()
    publisher = BreakingPublisher(url, provider, breaker, busy=client.busy_changed.wait)
    outbox = Outbox(
        SERVICE,
        rows=lambda collection: Outboxes(database, collection),
        publish=publisher.publish,
        connected=lambda: publisher.connected,
    )
    publisher.on_connected.append(outbox.sweep_soon)

    async def scope_for(delivered: Delivered) -> Scope:
        return _known(scope_of(delivered.tenant, database, outbox))

    consuming = Consuming(
        url=url,
        service=SERVICE,
        subscriptions=consumers.subscriptions,
        scope_for=scope_for,
        ping=database.ping,
        park=ParkedMessages(database).keep,
        tried_alone=TriedAlone(database),
        publisher=publisher,
        provider=provider,
        on_lost=lambda reason: None,
        retry_delay=0.1,
        # One thing is refused once in each life, and a slow machine may need many lives.
        rounds=50,
    )
    for kind in (Things, Badges, Rows, ParkedMessages, TriedAlone):
        await database.ensure_indexes(kind.collection, kind.all_indexes())
    await publisher.start()
    outbox.start([Things.collection, Badges.collection])
    await consuming.start()

    async def served(slug: str) -> Scope | None:
        return scope_of(slug, database, outbox)

    ticker = Ticker(database, [Things], served, utc_now)
    ticking = asyncio.create_task(ticker.run())
    while not (publisher.connected and consuming.healthy):
        await asyncio.sleep(0.01)
    yield client
    await consuming.stop()
    ticking.cancel()
    await asyncio.gather(ticking, return_exceptions=True)
    await outbox.stop()
    await publisher.stop()
    database.close()


def _known(scope: Scope | None) -> Scope:
    assert scope is not None, "there is one tenant"
    return scope
