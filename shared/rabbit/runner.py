"""A service's consumers at work: connecting, watching that they are there, draining at the end."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import structlog
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.connection import make_url
from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitMessage, RabbitQueue
from faststream.rabbit.subscriber.usecase import RabbitSubscriber
from opentelemetry.sdk.trace import TracerProvider

from shared.rabbit import topology
from shared.rabbit.consumers import Subscription
from shared.rabbit.delivery import (
    HOLD_SECONDS,
    Alone,
    Moves,
    Park,
    Parking,
    ScopeFor,
    Surroundings,
    TriedAlone,
    Work,
)
from shared.rabbit.pause import Pause, Ping
from shared.rabbit.publisher import HEARTBEAT, Publisher, really_cancelled
from shared.tasks import end

_CONNECT_SECONDS = 5.0
_PAUSE = 1.0
_LOOK_EVERY = 0.5
_CANCEL_SECONDS = 2.0
_PREFETCH_PARKED = 5

Deliver = Callable[[AbstractIncomingMessage], Awaitable[None]]

log = structlog.get_logger()


class Consuming:
    """Runs subscriptions on a connection of its own; times are in seconds.

    ping tells whether the database answers. park stores a message in the service's keeping,
    tried_alone notes those that are suspected to kill their worker.
    on_lost is called once, with a sentence, when consumers stayed away for lost_after although
    the publisher reaches the broker: a fresh process is then the cure.
    retry_delay is at most topology.RETRY_SECONDS.
    """

    def __init__(
        self,
        *,
        url: str,
        service: str,
        subscriptions: Sequence[Subscription],
        scope_for: ScopeFor,
        ping: Ping,
        park: Park,
        tried_alone: TriedAlone,
        publisher: Publisher,
        provider: TracerProvider,
        on_lost: Callable[[str], None],
        retry_delay: float = topology.RETRY_SECONDS,
        rounds: int = 5,
        lost_after: float = 30.0,
        drain_seconds: float = 8.0,
        hold_seconds: float = HOLD_SECONDS,
    ) -> None:
        self._url = str(make_url(url, heartbeat=HEARTBEAT, name=f"{service} consuming"))
        self._subscriptions = list(subscriptions)
        self._publisher = publisher
        self._on_lost = on_lost
        self._lost_after = lost_after
        self._drain_seconds = drain_seconds
        self._pause = Pause(ping)
        self._around = Surroundings(
            *(publisher, provider, scope_for, park, tried_alone, self._pause),
            *(retry_delay, rounds, hold_seconds),
        )
        self._broker: RabbitBroker | None = None
        self._subscribers: list[RabbitSubscriber] = []
        self._all_there = False
        self._tasks: list[asyncio.Task[None]] = []
        publisher.keep_declared(self._subscriptions)

    @property
    def connected(self) -> bool:
        """Whether the connection for consuming is open."""
        connection = self._broker._connection if self._broker else None
        return connection is not None and connection.connected.is_set()

    @property
    def healthy(self) -> bool:
        """Whether every consumer was there when last looked at (twice a second)."""
        return not self._subscriptions or (self._all_there and self.connected)

    async def start(self) -> None:
        """Begins to connect, and keeps at it; returns at once."""
        if self._subscriptions and not self._tasks:
            self._tasks = [
                asyncio.create_task(self._begin(), name="consuming-begin"),
                asyncio.create_task(self._watch(), name="consuming-watch"),
            ]

    async def stop(self) -> None:
        """Takes no more, lets what runs come to its end (drain_seconds), then closes.

        A delivery that waits for the database goes back to its queue through the retry queue,
        so that the broker does not count it as failed.
        """
        await end(self._tasks)
        self._tasks = []
        broker, self._broker = self._broker, None
        if broker is None:
            return
        await _cancel_consumers(broker)
        self._pause.drain()
        await _close(broker, self._drain_seconds + 2 * _CANCEL_SECONDS)

    async def _begin(self) -> None:
        complained = False
        while True:
            broker = self._new_broker()
            try:
                connection = await broker.connect()
                async with connection.channel() as channel:
                    await topology.declare(channel, self._subscriptions)
                await broker.start()
            except asyncio.CancelledError:
                if really_cancelled():
                    await _close(broker, _CANCEL_SECONDS)
                    raise
            except Exception as error:
                if not complained:
                    log.warning("consuming cannot begin yet", error=repr(error))
                complained = True
            else:
                self._broker, self._all_there = broker, True
                self._subscribers = _subscribers(broker)
                log.info("consuming", queues=[each.queue for each in self._subscriptions])
                return
            await _close(broker, _CANCEL_SECONDS)
            await asyncio.sleep(_PAUSE)

    def _new_broker(self) -> RabbitBroker:
        broker = RabbitBroker(
            self._url,
            timeout=_CONNECT_SECONDS,
            reconnect_interval=_PAUSE,
            graceful_timeout=self._drain_seconds,
            decoder=_untouched,
            apply_types=False,
            logger=None,
        )
        moves, around = Moves(), self._around
        works = {each.queue: Work(each, around, moves) for each in self._subscriptions}
        for subscription in self._subscriptions:
            name = subscription.queue
            _subscribe(broker, name, subscription.prefetch, works[name])
            _subscribe(
                broker, topology.parked_queue(name), _PREFETCH_PARKED, Parking(subscription, around)
            )
        for name in {topology.suspect_queue(queue) for queue in works}:
            _subscribe(broker, name, 1, Alone(works, moves))
        return broker

    async def _watch(self) -> None:
        """Counts looks, not time: a process that was stopped must not believe it lost anything."""
        missed = 0
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            if self._broker is not None:
                self._all_there = self.connected and await _all_consume(self._subscribers)
            if self.healthy or not self._publisher.connected:
                missed = 0
                continue
            missed += 1
            if missed * _LOOK_EVERY >= self._lost_after:
                reason = f"consumers away for {self._lost_after:.0f} s with the broker reachable"
                log.critical("consumers lost", reason=reason)
                self._on_lost(reason)
                return


def _subscribe(broker: RabbitBroker, queue: str, prefetch: int, deliver: Deliver) -> None:
    """A channel for itself, so that a channel error of one queue does not reach the others."""

    async def consume(message: RabbitMessage) -> None:
        try:
            await deliver(message.raw_message)
        except Exception:
            # Rejected by the framework then, which takes it to the parked queue.
            log.exception("a delivery failed unexpectedly", queue=queue)
            raise

    subscriber = broker.subscriber(
        RabbitQueue(queue, declare=False),
        channel=Channel(prefetch_count=prefetch),
        ack_policy=AckPolicy.REJECT_ON_ERROR,
        no_reply=True,
    )
    subscriber(consume)


async def _untouched(message: RabbitMessage) -> RabbitMessage:
    """The decoder: none, as what the framework cannot decode would never reach us."""
    return message


# What follows looks at the framework's private members (release 0.7.8): it offers neither a look
# at a consumer nor a way to cancel one while deliveries that are here already may still begin.


def _subscribers(broker: RabbitBroker) -> list[RabbitSubscriber]:
    return [each for each in broker.subscribers if isinstance(each, RabbitSubscriber)]


async def _all_consume(subscribers: Sequence[RabbitSubscriber]) -> bool:
    """Whether each subscriber has its consumer on an open channel."""
    try:
        async with asyncio.timeout(_LOOK_EVERY):
            return all([await _consumes(subscriber) for subscriber in subscribers])
    except Exception:
        return False


async def _consumes(subscriber: RabbitSubscriber) -> bool:
    queue, tag = subscriber._queue_obj, subscriber._consumer_tag
    if queue is None or queue.channel.is_closed:
        return False
    channel = await queue.channel.get_underlay_channel()
    return not channel.is_closed and tag in getattr(channel, "consumers", ())


async def _cancel_consumers(broker: RabbitBroker) -> None:
    async def cancel(subscriber: RabbitSubscriber) -> None:
        queue, tag = subscriber._queue_obj, subscriber._consumer_tag
        subscriber._consumer_tag = None
        if queue is not None and tag is not None and not queue.channel.is_closed:
            with suppress(Exception):
                await queue.cancel(tag, timeout=_CANCEL_SECONDS)

    await asyncio.gather(*(cancel(subscriber) for subscriber in _subscribers(broker)))
    # Deliveries that came before the answer are tasks by now; let them begin.
    await asyncio.sleep(0.05)


async def _close(broker: RabbitBroker, seconds: float) -> None:
    """Stops the framework; the other end may be dead, so not for ever."""
    closing = asyncio.ensure_future(broker.stop())
    await asyncio.wait({closing}, timeout=seconds)
    if not closing.done():
        closing.cancel()
    with suppress(Exception, asyncio.CancelledError):
        await closing
