"""Broadcasts between the processes of a service that only wake: one that is lost costs a moment."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import aio_pika
import structlog
from aio_pika import DeliveryMode, ExchangeType, Message
from aio_pika.abc import (
    AbstractChannel,
    AbstractExchange,
    AbstractIncomingMessage,
)

from shared.rabbit.publisher import HEARTBEAT, close_quietly, really_cancelled

_CONNECT_SECONDS = 5.0
_PAUSE = 1.0
_LOOK_EVERY = 0.5
_PENDING = 1_000
"""Broadcasts on their way at most; more of them are left out."""

log = structlog.get_logger()


class Wakeups:
    """Tells every process of a service, this one too, that there is something to look at.

    on_wake is called with what was said, and with an empty text after every connection, as
    anything may have been missed before. Nothing outlives the broker: exchange and queue are
    transient, the queue exclusive to this process.
    """

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self._exchange: AbstractExchange | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self._complained = False
        self.on_wake: Callable[[str], None] = lambda _: None

    def wake(self, whom: str) -> None:
        """Say it, if there is a connection; never waits, never fails."""
        exchange = self._exchange
        if exchange is None or len(self._sending) >= _PENDING:
            return
        task = asyncio.create_task(_say(exchange, whom))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def run(self) -> None:
        """Stay connected for ever."""
        while True:
            try:
                await self._session()
            except asyncio.CancelledError:
                if really_cancelled():
                    raise
            except Exception as error:
                if not self._complained:
                    log.warning("no wake-ups without the broker", error=repr(error))
                self._complained = True
            await asyncio.sleep(_PAUSE)

    async def _session(self) -> None:
        connection = await aio_pika.connect(
            self._url, heartbeat=HEARTBEAT, timeout=_CONNECT_SECONDS
        )
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                channel = await connection.channel(publisher_confirms=False)
                self._exchange = await self._listening(channel)
            self._complained = False
            self.on_wake("")
            while connection.connected.is_set() and not channel.is_closed:
                await asyncio.sleep(_LOOK_EVERY)
        finally:
            self._exchange = None
            await close_quietly(connection)

    async def _listening(self, channel: AbstractChannel) -> AbstractExchange:
        exchange = await channel.declare_exchange(self._name, ExchangeType.FANOUT, durable=False)
        queue = await channel.declare_queue(exclusive=True, auto_delete=True)
        await queue.bind(exchange)
        await queue.consume(self._heard, no_ack=True)
        return exchange

    async def _heard(self, message: AbstractIncomingMessage) -> None:
        self.on_wake(message.body.decode(errors="replace"))


async def _say(exchange: AbstractExchange, whom: str) -> None:
    message = Message(whom.encode(), delivery_mode=DeliveryMode.NOT_PERSISTENT)
    with suppress(Exception):
        async with asyncio.timeout(_CONNECT_SECONDS):
            await exchange.publish(message, "")
