"""What the tests of the bus share: events to send, a service to run, a look into the broker."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractRobustChannel
from aio_pika.exceptions import ChannelNotFoundEntity
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.contracts.base import Delivered
from shared.contracts.identity import Brand, TenantFacts, TenantRules
from shared.contracts.reviews import RatingChanged, RatingFacts
from shared.kernel.clock import utc_now
from shared.kernel.errors import Unavailable
from shared.kernel.geo import Point
from shared.kernel.ids import new_id
from shared.kernel.money import Money
from shared.rabbit import Consumers, Consuming, Handler, Outgoing, ParkedMessage, Publisher
from shared.rabbit.envelope import to_message
from shared.scope import Scope

_numbers = itertools.count(1)


def an_event(subject: str | None = None, *, tenant: str = "vodafone", **changes: Any) -> Outgoing:
    """A rating that changed."""
    number = next(_numbers)
    facts = RatingFacts(helper_id=f"acc_{number}", mean=4.5, count=number, score=4.2)
    return Outgoing(
        **{
            "id": new_id("evt"),
            "tenant": tenant,
            "routing_key": RatingChanged.routing_key,
            "source": "reviews",
            "subject": subject or f"rating_{number}",
            "sequence": 1,
            "time": utc_now(),
            "body": facts.model_dump_json().encode(),
            **changes,
        }
    )


def a_message(subject: str | None = None, **changes: Any) -> aio_pika.Message:
    """A rating's message, to be spoilt."""
    return to_message(an_event(subject, **changes), None)


def a_tenant(slug: str = "vodafone") -> TenantFacts:
    return TenantFacts(
        slug=slug,
        hosts=[f"{slug}.localhost"],
        brand=Brand(
            name=slug,
            programme_name="Friends",
            primary_colour="#e60000",
            accent_colour="#000000",
            support_email="support@example.org",
        ),
        country="DE",
        locales=["de"],
        currency="EUR",
        time_zone="Europe/Berlin",
        categories=[],
        hourly_rate_min=Money(700, "EUR"),
        hourly_rate_max=Money(3000, "EUR"),
        centre=Point(52.5, 13.4),
        radius_m=30_000,
        rules=TenantRules(),
    )


@dataclass(frozen=True)
class TriedAlone:
    """Attempts alone as files, as tests of the bus have no database; a line for each."""

    folder: Path

    async def begun(self, key: str) -> int:
        file = self.folder / key
        return len(file.read_text().splitlines()) if file.exists() else 0

    async def begin(self, key: str, times: int) -> None:
        (self.folder / key).write_text("begun\n" * times)

    async def end(self, key: str) -> None:
        (self.folder / key).unlink(missing_ok=True)


@dataclass
class Trial:
    """A service at work on one queue, and what came of it."""

    url: str
    name: str = field(default_factory=lambda: f"trial{uuid4().hex[:8]}")
    applied: list[str] = field(default_factory=list)
    parked: list[ParkedMessage] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    notes: Path | None = None
    database_up: bool = True
    pings: int = 0
    on_scope: Callable[[Delivered[Any]], None] = lambda _: None
    spans: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    publisher: Publisher = field(init=False)
    consuming: Consuming = field(init=False)
    consumers: Consumers = field(init=False)

    @property
    def queue(self) -> str:
        return f"{self.name}.note_ratings"

    async def note(self, delivered: Delivered[Any], scope: Scope) -> None:
        """The handler unless a test brings its own."""
        self.must_have_database()
        self.applied.append(delivered.subject)

    def must_have_database(self) -> None:
        if not self.database_up:
            raise Unavailable("database away")

    async def scope_for(self, delivered: Delivered[Any]) -> Scope:
        self.on_scope(delivered)
        return Scope(a_tenant(delivered.tenant), utc_now(), None, None)

    async def ping(self) -> bool:
        self.pings += 1
        return self.database_up

    async def park(self, message: ParkedMessage) -> None:
        self.must_have_database()
        self.parked.append(message)


@asynccontextmanager
async def running(
    trial: Trial,
    handler: Handler | None = None,
    *,
    prefetch: int = 20,
    begin_within: float = 40.0,
    **options: Any,
) -> AsyncIterator[Trial]:
    """The trial's publisher and consumers, connected; stopped in order at the end."""
    notes = TemporaryDirectory()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(trial.spans))
    trial.publisher = Publisher(trial.url, provider)
    trial.consumers = Consumers(trial.name)
    trial.consumers.on("note_ratings", RatingChanged, prefetch=prefetch)(handler or trial.note)
    trial.consuming = Consuming(
        **{
            "url": trial.url,
            "service": trial.name,
            "subscriptions": trial.consumers.subscriptions,
            "scope_for": trial.scope_for,
            "ping": trial.ping,
            "park": trial.park,
            "tried_alone": TriedAlone(trial.notes or Path(notes.name)),
            "publisher": trial.publisher,
            "provider": provider,
            "on_lost": trial.lost.append,
            "retry_delay": 0.1,
            "rounds": 2,
            **options,
        }
    )
    await trial.publisher.start()
    await trial.consuming.start()
    try:
        await eventually(
            lambda: trial.publisher.connected and trial.consuming.healthy, begin_within
        )
        yield trial
    finally:
        await trial.consuming.stop()
        await trial.publisher.stop()
        notes.cleanup()


async def eventually(holds: Callable[[], Any], seconds: float = 10.0) -> None:
    """Waits until it holds; fails the test if that does not happen."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"did not happen within {seconds} s"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def channel_to(url: str) -> AsyncIterator[AbstractRobustChannel]:
    """A channel of somebody who is not the service."""
    connection = await aio_pika.connect_robust(url)
    async with connection:
        channel = await connection.channel(on_return_raises=True)
        assert isinstance(channel, AbstractRobustChannel)
        yield channel


async def put(url: str, queue: str, *messages: aio_pika.Message) -> None:
    """Straight into a queue, as no publisher of ours would."""
    async with channel_to(url) as channel:
        for message in messages:
            await channel.default_exchange.publish(message, queue)


async def depth(url: str, queue: str) -> int:
    """Messages that are ready in a queue; -1 if there is no such queue."""
    async with channel_to(url) as channel:
        try:
            found = await channel.declare_queue(queue, passive=True)
        except ChannelNotFoundEntity:
            return -1
        count = found.declaration_result.message_count
        assert count is not None
        return count


async def empty(trial: Trial) -> None:
    """Waits until nothing of the trial is on its way."""
    end = time.monotonic() + 15
    queues = [trial.queue + suffix for suffix in ("", ".retry", ".parked")]
    queues.append(f"{trial.name}.suspect")
    while any([await depth(trial.url, queue) for queue in queues]):
        assert time.monotonic() < end, "the queues do not run empty"
        await asyncio.sleep(0.1)


def ago(seconds: float) -> Any:
    """A moment in the past, aware UTC."""
    return utc_now() - timedelta(seconds=seconds)
