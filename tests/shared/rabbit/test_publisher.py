"""Publishing: confirmed or Unavailable, and back by itself whatever becomes of the broker."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from deploy.local.broker import Broker
from shared.contracts.base import Delivered
from shared.contracts.reviews import RatingChanged
from shared.kernel.errors import Unavailable
from shared.rabbit import Consumers, Publisher
from shared.scope import Scope
from tests.shared.rabbit.trial import a_message, an_event, channel_to, eventually

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@asynccontextmanager
async def publishing(
    url: str, *, confirm_seconds: float = 5.0, spans: InMemorySpanExporter | None = None
) -> AsyncIterator[Publisher]:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans or InMemorySpanExporter()))
    publisher = Publisher(url, provider, confirm_seconds=confirm_seconds)
    await publisher.start()
    try:
        await eventually(lambda: publisher.connected, 40)
        yield publisher
    finally:
        await publisher.stop()


async def test_a_published_event_continues_the_trace_of_its_change(url: str) -> None:
    spans = InMemorySpanExporter()
    async with publishing(url, spans=spans) as publisher, channel_to(url) as channel:
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind("events", "reviews.rating_changed.v1")
        event = an_event(traceparent=PARENT)
        await publisher.publish(event)
        message = await queue.get(timeout=5)
        assert message is not None
        await message.ack()
    (span,) = spans.get_finished_spans()
    assert span.name == "publish events"
    assert span.parent is not None
    assert format(span.parent.span_id, "016x") == "b7ad6b7169203331"
    header = message.headers["traceparent"]
    assert header == f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-01"
    assert span.attributes is not None
    assert dict(span.attributes) == {
        "messaging.system": "rabbitmq",
        "messaging.operation.type": "send",
        "messaging.operation.name": "publish",
        "messaging.destination.name": "events",
        "messaging.rabbitmq.destination.routing_key": "reviews.rating_changed.v1",
        "messaging.message.id": event.id,
        "tenant.id": "vodafone",
    }


async def test_an_event_that_nobody_wants_is_confirmed_and_kept_to_look_at(url: str) -> None:
    async with publishing(url) as publisher, channel_to(url) as channel:
        unrouted = await channel.declare_queue("events.unrouted", passive=True)
        await unrouted.purge()
        event = an_event(routing_key="reviews.unheard_of.v1")
        await publisher.publish(event)
        message = await unrouted.get(timeout=5)
        assert message is not None
        assert message.message_id == event.id
        await message.ack()


async def test_a_message_for_a_queue_that_is_not_there_is_unavailable(url: str) -> None:
    async with publishing(url) as publisher:
        with pytest.raises(Unavailable):
            await publisher.send("no.such.queue", a_message())
        assert publisher.connected


async def test_without_a_broker_publishing_fails_at_once_and_starting_does_not_wait() -> None:
    publisher = Publisher("amqp://guest:guest@127.0.0.1:1/", TracerProvider())
    began = time.monotonic()
    await publisher.start()
    with pytest.raises(Unavailable):
        await publisher.publish(an_event())
    assert time.monotonic() - began < 0.5
    assert not publisher.connected
    await publisher.stop()


async def test_a_frozen_broker_is_unavailable_after_the_limit_and_no_cancellation(
    own_broker: Broker,
) -> None:
    async with publishing(own_broker.amqp_url, confirm_seconds=1.0) as publisher:
        await publisher.publish(an_event())
        os.kill(own_broker.pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            results = await asyncio.gather(
                *(publisher.publish(an_event()) for _ in range(10)), return_exceptions=True
            )
            assert time.monotonic() - began < 1.5
            assert all(isinstance(result, Unavailable) for result in results)
        finally:
            os.kill(own_broker.pid, signal.SIGCONT)
        await eventually(lambda: publisher.connected)
        await publisher.publish(an_event())


async def test_a_broker_short_of_memory_is_unavailable_and_then_publishes_again(
    own_broker: Broker,
) -> None:
    async with publishing(own_broker.amqp_url, confirm_seconds=1.0) as publisher:
        await asyncio.to_thread(own_broker.control, "set_vm_memory_high_watermark", "0.0000001")
        try:
            with pytest.raises(Unavailable):
                await publisher.publish(an_event())
            await eventually(lambda: not publisher.connected)
            announced: list[bool] = []
            publisher.on_connected.append(lambda: announced.append(True))
            began = time.monotonic()
            with pytest.raises(Unavailable):
                await publisher.publish(an_event())
            assert time.monotonic() - began < 0.5
        finally:
            await asyncio.to_thread(
                own_broker.control, "set_vm_memory_high_watermark", "absolute", "1GB"
            )
        await eventually(lambda: publisher.connected)
        assert announced
        await publisher.publish(an_event())


async def test_a_queue_with_other_arguments_does_not_keep_events_from_being_published(
    url: str,
) -> None:
    consumers = Consumers(f"odd{uuid4().hex[:8]}")
    consumers.on("note_ratings", RatingChanged)(_ignore)
    queue = consumers.subscriptions[0].queue
    async with channel_to(url) as channel:
        await channel.declare_queue(queue, durable=True)
    publisher = Publisher(url, TracerProvider())
    publisher.keep_declared(consumers.subscriptions)
    await publisher.start()
    await eventually(lambda: publisher.connected)
    await publisher.publish(an_event())
    await publisher.stop()
    async with channel_to(url) as channel:
        await channel.queue_delete(queue)


async def _ignore(delivered: Delivered[Any], scope: Scope) -> None:
    del delivered, scope


async def test_a_real_cancellation_stays_one(own_broker: Broker) -> None:
    async with publishing(own_broker.amqp_url) as publisher:
        os.kill(own_broker.pid, signal.SIGSTOP)
        try:
            task = asyncio.create_task(publisher.publish(an_event()))
            await asyncio.sleep(0.2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        finally:
            os.kill(own_broker.pid, signal.SIGCONT)


async def test_a_broker_that_stays_frozen_is_noticed_by_the_heartbeat(own_broker: Broker) -> None:
    async with publishing(own_broker.amqp_url) as publisher:
        os.kill(own_broker.pid, signal.SIGSTOP)
        try:
            await eventually(lambda: not publisher.connected, 40)
        finally:
            os.kill(own_broker.pid, signal.SIGCONT)
        await eventually(lambda: publisher.connected, 20)
        await publisher.publish(an_event())


async def test_a_deleted_exchange_comes_back_and_a_busy_publisher_recovers(url: str) -> None:
    async with publishing(url) as publisher, channel_to(url) as channel:
        await channel.exchange_delete("events")
        results = await asyncio.gather(
            *(publisher.publish(an_event()) for _ in range(8)), return_exceptions=True
        )
        assert all(isinstance(result, Unavailable) for result in results)
        await eventually(lambda: publisher.connected)
        await asyncio.sleep(0.5)
        await asyncio.gather(*(publisher.publish(an_event()) for _ in range(8)))


async def test_a_closed_channel_hurts_only_what_was_on_it(url: str) -> None:
    async with publishing(url) as publisher:
        channel = publisher._channels[0]
        await channel.close()
        await asyncio.gather(*(publisher.publish(an_event()) for _ in range(20)))


async def test_after_a_crash_of_the_broker_publishing_goes_on_and_says_so(
    own_broker: Broker,
) -> None:
    async with publishing(own_broker.amqp_url) as publisher:
        connections: list[bool] = []

        async def note() -> None:
            connections.append(publisher.connected)

        publisher.on_connected.append(note)
        publisher.on_connected.append(lambda: connections.append(True))
        async with channel_to(own_broker.amqp_url) as channel:
            await channel.exchange_delete("events")
        own_broker.kill()
        await eventually(lambda: not publisher.connected)
        began = time.monotonic()
        with pytest.raises(Unavailable):
            await publisher.publish(an_event())
        assert time.monotonic() - began < 0.5
        await asyncio.to_thread(own_broker.start_again)
        await eventually(lambda: len(connections) == 2, 30)
        assert all(connections)
        await publisher.publish(an_event())


async def test_a_callback_that_fails_disturbs_nothing(url: str) -> None:
    called: list[int] = []

    def fails() -> None:
        called.append(1)
        raise RuntimeError("no")

    publisher = Publisher(url, TracerProvider())
    publisher.on_connected.append(fails)
    await publisher.start()
    await eventually(lambda: publisher.connected and called)
    await publisher.publish(an_event())
    await publisher.stop()
