"""Hears every event that the broker took, and can tell any of them again."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from shared.contracts.base import Delivered
from shared.rabbit import read
from shared.rabbit.topology import EXCHANGE
from shared.replicas import PLATFORM

QUEUE = "chaos.witness"
"""Durable, so that it remembers whatever becomes of the broker and of us."""

HEARTBEAT = 5
CONFIRM_SECONDS = 10.0
_GONE = (*CONNECTION_EXCEPTIONS, TimeoutError, asyncio.CancelledError)


@dataclass(frozen=True)
class Heard:
    """One message as it was on the wire."""

    body: bytes
    properties: dict[str, Any]
    routing_key: str

    def message(self, **changes: Any) -> aio_pika.Message:
        return aio_pika.Message(self.body, **{**self.properties, **changes})


Name = tuple[str, str, str]
"""Publishing service, aggregate's kind and id: an account and its helper share their id."""


@dataclass
class Witness:
    """events: aggregate -> sequence -> event id -> what was delivered."""

    url: str
    messages: list[Heard] = field(default_factory=list)
    events: defaultdict[Name, dict[int, dict[str, Delivered[Any]]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    repeated: int = 0
    task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Returns when nothing can escape any more."""
        connection = await aio_pika.connect(self.url, heartbeat=HEARTBEAT)
        async with connection:
            queue = await (await connection.channel()).declare_queue(QUEUE, durable=True)
            await queue.bind(EXCHANGE, "#")
        self.task = asyncio.create_task(self._listen())

    async def end(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    async def tell_again(self, number: int, dice: Random) -> None:
        """Copies of old events, in any order, as a broker may deliver them late or twice."""
        old = self.messages[: len(self.messages) * 2 // 3]
        chosen = dice.sample(old, min(number, len(old)))
        await self.send((EXCHANGE, heard.routing_key, heard.message()) for heard in chosen)

    async def send(self, messages: Any) -> None:
        """(exchange, routing key, message) each, until the broker has confirmed them all."""
        waiting = list(messages)
        while waiting:
            try:
                await self._send(waiting)
            except _GONE as error:
                task = asyncio.current_task()
                if isinstance(error, asyncio.CancelledError) and task and task.cancelling():
                    raise
                await asyncio.sleep(0.5)

    async def _send(self, waiting: list[tuple[str, str, aio_pika.Message]]) -> None:
        async with asyncio.timeout(CONFIRM_SECONDS):
            connection = await aio_pika.connect(self.url, heartbeat=HEARTBEAT)
            try:
                channel: AbstractChannel = await connection.channel(on_return_raises=True)
                while waiting:
                    exchange, key, message = waiting[-1]
                    target = await channel.get_exchange(exchange, ensure=False)
                    await target.publish(message, key)
                    waiting.pop()
            finally:
                await asyncio.wait({asyncio.ensure_future(connection.close())}, timeout=1)

    async def _listen(self) -> None:
        while True:
            try:
                connection = await aio_pika.connect(self.url, heartbeat=HEARTBEAT, timeout=5)
                async with connection:
                    channel = await connection.channel()
                    await channel.set_qos(prefetch_count=200)
                    queue = await channel.get_queue(QUEUE)
                    closed = asyncio.Event()
                    channel.close_callbacks.add(lambda *_, gone=closed: gone.set())
                    await queue.consume(self._hear)
                    await closed.wait()
            except _GONE as error:
                task = asyncio.current_task()
                if isinstance(error, asyncio.CancelledError) and task and task.cancelling():
                    raise
            await asyncio.sleep(0.3)

    async def _hear(self, message: AbstractIncomingMessage) -> None:
        delivered = read(message)
        if delivered.tenant == PLATFORM:
            # Of its own people nothing is asked, and their first event may still be under way.
            await message.ack()
            return
        event = delivered.event
        name = (event.publisher, event.aggregate, delivered.subject)
        ids = self.events[name].setdefault(delivered.sequence, {})
        if delivered.id in ids:
            self.repeated += 1
        else:
            ids[delivered.id] = delivered
            self.messages.append(
                Heard(message.body, _properties(message), message.routing_key or "")
            )
        await message.ack()


def _properties(message: AbstractIncomingMessage) -> dict[str, Any]:
    return {
        "headers": dict(message.headers),
        "content_type": message.content_type,
        "delivery_mode": aio_pika.DeliveryMode.PERSISTENT,
        "message_id": message.message_id,
        "timestamp": message.timestamp,
        "type": message.type,
    }
