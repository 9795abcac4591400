"""Confirmed publishing over a connection of its own that comes back by itself."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any

import aio_pika
import structlog
from aio_pika import Message
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, ChannelPreconditionFailed
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind

from shared.kernel.errors import Unavailable
from shared.rabbit import topology
from shared.rabbit.consumers import Subscription
from shared.rabbit.envelope import Outgoing, to_message
from shared.rabbit.parking import ParkedMessage, replayed
from shared.telemetry import context_from, current_traceparent, span

HEARTBEAT = 5
"""Seconds; the default of a minute leaves a dead broker unnoticed for minutes."""

_CHANNELS = 2
_CONNECT_SECONDS = 5.0
_MEND_SECONDS = 10.0
_CLOSE_SECONDS = 2.0
_PAUSE = 1.0
_LOOK_EVERY = 1.0

Callback = Callable[[], Awaitable[None] | None]

log = structlog.get_logger()


class Publisher:
    """Publishes events, and messages to queues; both return only when the broker has confirmed.

    on_connected is called after every connection, once the topology is there, and when a broker
    that was short of memory or disk takes messages again.
    """

    def __init__(
        self,
        url: str,
        provider: TracerProvider,
        *,
        confirm_seconds: float = 5.0,
    ) -> None:
        self.on_connected: list[Callback] = []
        self._url = url
        self._provider = provider
        self._subscriptions: list[Subscription] = []
        self._confirm_seconds = confirm_seconds
        self._connection: AbstractConnection | None = None
        self._channels: list[AbstractChannel] = []
        self._turn = 0
        self._disturbed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._callbacks: set[asyncio.Task[None]] = set()
        self._complained = False
        self._blocked = False

    @property
    def connected(self) -> bool:
        """Whether a publish has a chance now."""
        return not self._blocked and any(self._usable(channel) for channel in self._channels)

    def keep_declared(self, subscriptions: Iterable[Subscription]) -> None:
        """From the next connection on, also declare these: queues lost with a broker come back."""
        self._subscriptions.extend(subscriptions)

    async def start(self) -> None:
        """Begins to connect, and keeps at it; returns at once."""
        if self._task is None:
            self._task = asyncio.create_task(self._stay_connected())

    async def stop(self) -> None:
        """Closes the connection; what is not confirmed by then raises Unavailable."""
        for task in [*self._callbacks, self._task]:
            if task is not None:
                task.cancel()
                await asyncio.wait({task}, timeout=2 * _CLOSE_SECONDS)
        self._task = None

    async def publish(self, event: Outgoing) -> None:
        """Returns when the broker has the event on disk. Unavailable if that is not certain."""
        attributes = {
            "messaging.system": "rabbitmq",
            "messaging.operation.type": "send",
            "messaging.operation.name": "publish",
            "messaging.destination.name": topology.EXCHANGE,
            "messaging.rabbitmq.destination.routing_key": event.routing_key,
            "messaging.message.id": event.id,
            "tenant.id": event.tenant,
        }
        parent = context_from(event.traceparent)
        name = f"publish {topology.EXCHANGE}"
        with span(self._provider, name, SpanKind.PRODUCER, attributes, parent):
            message = to_message(event, current_traceparent())
            await self._confirmed(topology.EXCHANGE, event.routing_key, message)

    async def send(self, queue: str, message: Message, exchange: str = "") -> None:
        """Puts a message into one queue, confirmed. Unavailable if that is not certain.

        exchange is one that has another queue under this name.
        """
        await self._confirmed(exchange, queue, message)

    async def replay(self, message: ParkedMessage) -> None:
        """Gives a parked message to its consumer again, under its id. Unavailable as above."""
        await self.send(message.queue, replayed(message))

    async def _confirmed(self, exchange: str, routing_key: str, message: Message) -> None:
        channel = self._next_channel()
        try:
            # The library's own time limit does not cover every way a publish can hang.
            async with asyncio.timeout(self._confirm_seconds):
                target = await channel.get_exchange(exchange, ensure=False)
                await target.publish(message, routing_key, mandatory=True)
        except asyncio.CancelledError:
            if really_cancelled():
                raise
            self._disturbed.set()
            raise Unavailable("the broker went away while publishing") from None
        except TimeoutError:
            # A blocked broker does not confirm; its connection is sound and stays.
            raise Unavailable("not confirmed by the broker in time") from None
        except CONNECTION_EXCEPTIONS as error:
            self._disturbed.set()
            raise Unavailable(f"not confirmed by the broker: {type(error).__name__}") from error

    def _next_channel(self) -> AbstractChannel:
        if self._blocked:
            # What is sent now waits in buffers on the way, and is sent again as unconfirmed.
            raise Unavailable("the broker takes no messages now")
        for _ in self._channels:
            self._turn = (self._turn + 1) % len(self._channels)
            channel = self._channels[self._turn]
            if self._usable(channel):
                return channel
        raise Unavailable("not connected to the broker")

    def _usable(self, channel: AbstractChannel) -> bool:
        connection = self._connection
        return connection is not None and connection.connected.is_set() and not channel.is_closed

    async def _stay_connected(self) -> None:
        while True:
            try:
                await self._session()
            except asyncio.CancelledError:
                if really_cancelled():
                    raise
            except Exception as error:
                if not self._complained:
                    log.warning("broker unreachable for publishing", error=repr(error))
                self._complained = True
            await asyncio.sleep(_PAUSE)

    async def _session(self) -> None:
        """One connection, from its beginning to its end."""
        connection = await aio_pika.connect(
            self._url, heartbeat=HEARTBEAT, timeout=_CONNECT_SECONDS
        )
        watching = asyncio.create_task(self._watch_blocking(connection))
        try:
            connection.close_callbacks.add(self._on_disturbance)
            await self._mend(connection)
            self._connection = connection
            self._complained = False
            log.info("connected to the broker for publishing")
            self._announce()
            while connection.connected.is_set():
                await self._disturbed.wait()
                # An exchange that somebody deletes closes channel after channel: no hot loop.
                await asyncio.sleep(0.1)
                if connection.connected.is_set():
                    await self._mend(connection)
        finally:
            watching.cancel()
            self._blocked = False
            self._connection = None
            self._channels = []
            await close_quietly(connection)

    async def _watch_blocking(self, connection: AbstractConnection) -> None:
        """A broker short of memory or disk tells its publishers so; the library, who asks it."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            if (transport := connection.transport) is None:
                return
            free = asyncio.ensure_future(transport.connection.ready())
            try:
                await asyncio.wait({free}, timeout=0)
                if free.done() or not connection.connected.is_set():
                    continue
                self._blocked = True
                log.warning("the broker takes no messages now")
                await free
            finally:
                free.cancel()
            self._blocked = False
            log.warning("the broker takes messages again")
            self._announce()

    async def _mend(self, connection: AbstractConnection) -> None:
        """Declares what must exist before any publish, then replaces closed channels."""
        self._disturbed.clear()
        async with asyncio.timeout(_MEND_SECONDS):
            await self._declare(connection)
            alive = [channel for channel in self._channels if not channel.is_closed]
            while len(alive) < _CHANNELS:
                channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
                channel.close_callbacks.add(self._on_disturbance)
                alive.append(channel)
        self._channels = alive

    async def _declare(self, connection: AbstractConnection) -> None:
        channel = await connection.channel()
        try:
            await topology.declare(channel, self._subscriptions)
            await channel.close()
        except ChannelPreconditionFailed as error:
            # Exchanges come first. Consuming suffers from the rest, and says so.
            log.error("declared before with other arguments", error=str(error))

    def _on_disturbance(self, *_: Any) -> None:
        self._disturbed.set()

    def _announce(self) -> None:
        for callback in self.on_connected:
            task = asyncio.create_task(_call(callback))
            self._callbacks.add(task)
            task.add_done_callback(self._callbacks.discard)


async def _call(callback: Callback) -> None:
    try:
        result = callback()
        if inspect.isawaitable(result):
            await result
    except Exception:
        log.exception("a callback after connecting to the broker failed")


def really_cancelled() -> bool:
    """Whether somebody cancelled this task; the library also raises CancelledError by itself."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


async def close_quietly(connection: AbstractConnection) -> None:
    """Closes a connection whose other end may be dead, without waiting long for it."""
    closing = asyncio.ensure_future(connection.close())
    with suppress(Exception):
        await asyncio.wait({closing}, timeout=_CLOSE_SECONDS)
    if not closing.done():
        closing.cancel()
