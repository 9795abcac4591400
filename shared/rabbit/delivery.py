"""What becomes of one delivery: applied, tried again, tried alone or parked; settled last."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import structlog
from aio_pika import Message
from aio_pika.abc import AbstractIncomingMessage
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from shared.contracts.base import Delivered
from shared.kernel.clock import utc_now
from shared.kernel.errors import Forbidden, Invalid, Unavailable
from shared.rabbit import parking, topology
from shared.rabbit.consumers import Subscription
from shared.rabbit.envelope import TRACEPARENT, Unreadable, read, tenant_of, text_header
from shared.rabbit.parking import ROUND, SUSPECT, ParkedMessage
from shared.rabbit.pause import Held, Pause
from shared.rabbit.publisher import Publisher, really_cancelled
from shared.scope import Scope
from shared.telemetry import (
    EVENT_LAG,
    EVENTS_APPLIED,
    EVENTS_PARKED,
    EVENTS_REDELIVERED,
    EVENTS_RETRIED,
    context_from,
    span,
)

LOSSES = 2
"""Deliveries without an outcome after which a message is tried alone.

One is no reason: whatever ends another process takes with it all that was in hand.
"""

_REMEMBERED = 2_000
"""Messages of a queue of which it is known that this process outlived them."""

KILLS = 3
"""Attempts alone that may end with the worker; then the message is parked."""

_MOVED_LATELY = 1.0
_ACKNOWLEDGED = 0.03
"""Seconds that an acknowledgement takes at most from here to the socket."""

HOLD_SECONDS = 60.0
"""Longest wait for the database with a delivery in hand.

After that it goes back uncounted: the broker takes a lost connection for a failed delivery,
and closes channels that do not settle within 30 minutes.
"""

ScopeFor = Callable[[Delivered[Any]], Awaitable[Scope]]
"""NotFound while the tenant has not arrived here; Invalid when it can never be ours."""

Park = Callable[[ParkedMessage], Awaitable[None]]

T = TypeVar("T")


class TriedAlone(Protocol):
    """Attempts to apply a message alone, by queue and id; kept where a dead worker cannot."""

    async def begun(self, key: str) -> int: ...

    async def begin(self, key: str, times: int) -> None: ...

    async def end(self, key: str) -> None: ...


log = structlog.get_logger()


class Patience:
    """A time limit that begins now; in seconds."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        return max(0.0, self._end - time.monotonic())


@dataclass(frozen=True)
class Surroundings:
    """What all deliveries of a process share; retry_delay and hold are seconds."""

    publisher: Publisher
    provider: TracerProvider
    scope_for: ScopeFor
    park: Park
    tried_alone: TriedAlone
    pause: Pause
    retry_delay: float
    rounds: int
    hold: float

    async def patiently(self, step: Callable[[], Awaitable[T]]) -> T:
        """The step's result, tried again while the database is away. Held after hold seconds."""
        patience, times = Patience(self.hold), 0
        while True:
            await self.pause.passed(patience.left)
            try:
                return await step()
            except Unavailable:
                times += 1
                await self.pause.away(times, patience.left)

    async def surely(self, queue: str, message: Message, exchange: str = "") -> None:
        """Sends, again and again until the broker has it; ends by cancellation only."""
        while True:
            try:
                return await self.publisher.send(queue, message, exchange)
            except Unavailable:
                await asyncio.sleep(self.pause.interval)


class Moves:
    """Messages on their way from a work queue to the suspect queue, in this process."""

    def __init__(self) -> None:
        self._under_way = 0
        self._none = asyncio.Event()
        self._none.set()
        self._last = -_MOVED_LATELY

    @contextmanager
    def one(self) -> Iterator[None]:
        self._under_way += 1
        self._none.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            self._last = time.monotonic()
            if not self._under_way:
                self._none.set()

    async def settled(self) -> None:
        """Waits until what was moved is also acknowledged where it came from.

        If the copy killed us before, the original would come again and make another copy.
        """
        await self._none.wait()
        if time.monotonic() - self._last < _MOVED_LATELY:
            await asyncio.sleep(_ACKNOWLEDGED)


class Outlived:
    """Deliveries that ended without an outcome while this process went on.

    For the broker a connection that is lost counts like a worker that died; without this, a
    broker that comes and goes would make suspects of all that was in hand.
    """

    def __init__(self) -> None:
        self._times: OrderedDict[str, int] = OrderedDict()

    def losses(self, id: str, deliveries: int) -> int:
        """Of so many earlier deliveries of this message, those that may have ended a process."""
        outlived = self._times.pop(id, 0) if deliveries else 0
        self._times[id] = outlived + 1
        if len(self._times) > _REMEMBERED:
            self._times.popitem(last=False)
        return max(0, deliveries - outlived)


class Alone:
    """Deliveries of the service's suspect queue: one at a time in this process."""

    def __init__(self, works: "Mapping[str, Work]", moves: Moves) -> None:
        self._works = works
        self._moves = moves

    async def __call__(self, message: AbstractIncomingMessage) -> None:
        """Returns when the message may be acknowledged; raises what has no work queue here."""
        work = self._works[message.routing_key or ""]
        await self._moves.settled()
        await work.alone(message)


class Work:
    """Deliveries of one work queue, and those that were moved from it to be tried alone."""

    def __init__(self, subscription: Subscription, around: Surroundings, moves: Moves) -> None:
        self._subscription = subscription
        self._around = around
        self._moves = moves
        self._queue = subscription.queue
        self._outlived = Outlived()
        self._lag = EVENT_LAG.labels(consumer=self._queue)

    async def __call__(self, message: AbstractIncomingMessage) -> None:
        """Returns when the message may be acknowledged; raises only when cancelled."""
        losses = self._outlived.losses(message.message_id or "", self._lost(message))
        if losses >= LOSSES or SUSPECT in message.headers:
            # Workers seem to die with it and others in hand; each death more would cost them.
            log.info("tried alone from now on", queue=self._queue, id=message.message_id)
            suspect = parking.forwarded(message, helphood_suspect=1)
            with self._moves.one():
                await self._around.surely(self._queue, suspect, topology.SUSPECT)
        else:
            await self._try(message)

    async def alone(self, message: AbstractIncomingMessage) -> None:
        """As above, when nothing else of this process is tried alone.

        Each attempt is noted before it begins, so that a message is not blamed for the end of a
        worker in which it only waited.
        """
        noted, key = self._around.tried_alone, f"{self._queue}|{message.message_id}"
        try:
            begun = await self._around.patiently(lambda: noted.begun(key))
            if begun >= KILLS:
                detail = f"{begun} attempts alone ended with the worker"
                await self._park(message, "kills_worker", detail)
            elif self._lost(message) and begun:
                await self._put_off(message)
                return
            else:
                await self._around.patiently(lambda: noted.begin(key, begun + 1))
                await self._try(message)
        except Held:
            again = parking.forwarded(message)
            await self._around.surely(self._queue, again, topology.SUSPECT)
            return
        with suppress(Unavailable):
            await noted.end(key)

    def _lost(self, message: AbstractIncomingMessage) -> int:
        """How often it was delivered before without an outcome."""
        if message.redelivered:
            EVENTS_REDELIVERED.labels(consumer=self._queue).inc()
        return parking.count(message.headers, "x-delivery-count")

    async def _put_off(self, message: AbstractIncomingMessage) -> None:
        """It may have killed its worker: the others go first."""
        log.warning("seems to kill its worker", queue=self._queue, id=message.message_id)
        later = parking.forwarded(message, expires_in=self._around.retry_delay)
        await self._around.surely(topology.retry_queue(self._queue), later)

    async def _try(self, message: AbstractIncomingMessage) -> None:
        try:
            with (
                self._span(message),
                structlog.contextvars.bound_contextvars(
                    consumer=self._queue,
                    event_id=message.message_id,
                    tenant=tenant_of(message.headers),
                ),
            ):
                await self._apply(message)
        except Unreadable as error:
            await self._park(message, error.reason, error.detail)
        except (Invalid, Forbidden) as error:
            await self._park(message, "refused", f"{error.reason}: {error.detail}")
        except Held:
            rounds = parking.count(message.headers, ROUND)
            await self._send_round(message, rounds)
        except Exception as error:
            await self._again(message, error)

    async def _apply(self, message: AbstractIncomingMessage) -> None:
        delivered = read(message)
        if type(delivered.event) not in self._subscription.events:
            return  # A binding that an older version of this service left behind.
        around, times = self._around, 0
        patience = Patience(around.hold)
        while True:
            await around.pause.passed(patience.left)
            try:
                scope = await around.scope_for(delivered)
                await self._subscription.handler(delivered, scope)
                break
            except asyncio.CancelledError:
                if really_cancelled():
                    raise
                raise RuntimeError("cancelled by a library") from None
            except Unavailable as error:
                times += 1
                if times == 1:
                    log.warning("cannot apply now, waiting", detail=error.detail)
                await around.pause.away(times, patience.left)
        EVENTS_APPLIED.labels(consumer=self._queue, publisher=delivered.event.publisher).inc()
        if not delivered.is_snapshot:
            self._lag.observe(max(0.0, (utc_now() - delivered.time).total_seconds()))

    async def _again(self, message: AbstractIncomingMessage, error: Exception) -> None:
        done = parking.count(message.headers, ROUND)
        detail = f"{type(error).__name__}: {error}"
        if done >= self._around.rounds:
            await self._park(message, "retries_exhausted", detail)
            return
        log.info(
            "delivery to be retried",
            queue=self._queue,
            id=message.message_id,
            round=done + 1,
            error=type(error).__name__,
            trace_id=_trace_of(message),
        )
        EVENTS_RETRIED.labels(consumer=self._queue).inc()
        await self._send_round(message, done + 1)

    async def _send_round(self, message: AbstractIncomingMessage, number: int) -> None:
        copy = parking.forwarded(
            message, expires_in=self._around.retry_delay, helphood_round=number
        )
        await self._around.surely(topology.retry_queue(self._queue), copy)

    async def _park(self, message: AbstractIncomingMessage, reason: str, detail: str) -> None:
        copy = parking.given_up(message, reason, detail)
        await self._around.surely(topology.parked_queue(self._queue), copy)

    def _span(self, message: AbstractIncomingMessage) -> AbstractContextManager[Span]:
        alone = message.exchange == topology.SUSPECT
        queue = topology.suspect_queue(self._queue) if alone else self._queue
        return process_span(self._around.provider, message, queue)


def process_span(
    provider: TracerProvider, message: AbstractIncomingMessage, queue: str
) -> AbstractContextManager[Span]:
    """A consumer's span in the trace of the change, however often and late the message comes.

    The name and destination are the queue's, as of these there are few.
    """
    attributes: dict[str, Any] = {
        "messaging.system": "rabbitmq",
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.destination.name": queue,
        "messaging.rabbitmq.destination.routing_key": message.routing_key or "",
        "messaging.message.id": message.message_id or "",
        "messaging.message.body.size": len(message.body),
        "tenant.id": tenant_of(message.headers) or "",
    }
    if done := parking.count(message.headers, ROUND):
        attributes["helphood.retry.round"] = done
    parent = context_from(text_header(message.headers, TRACEPARENT))
    return span(provider, f"process {queue}", SpanKind.CONSUMER, attributes, parent)


def _trace_of(message: AbstractIncomingMessage) -> str | None:
    """The trace of the change that a message tells of, 32 hex digits."""
    header = text_header(message.headers, TRACEPARENT)
    parts = (header or "").split("-")
    return parts[1] if len(parts) == 4 else None


class Parking:
    """Deliveries of a parked queue: into the service's keeping, however long that takes."""

    def __init__(self, subscription: Subscription, around: Surroundings) -> None:
        self._queue = subscription.queue
        self._around = around

    async def __call__(self, message: AbstractIncomingMessage) -> None:
        """Returns when the message is stored or back in its queue; raises only when cancelled."""
        parked = parking.parked(message, self._queue)
        with process_span(self._around.provider, message, topology.parked_queue(self._queue)) as it:
            it.set_attribute("helphood.parked.reason", parked.reason)
            it.set_status(Status(StatusCode.ERROR, parked.reason))
            try:
                await self._store(parked)
            except Held:
                copy = parking.given_up(message, parked.reason, parked.detail)
                await self._around.surely(topology.parked_queue(self._queue), copy)
                return
            log.error(
                "message parked",
                queue=self._queue,
                id=parked.id,
                reason=parked.reason,
                detail=parked.detail,
            )
        EVENTS_PARKED.labels(consumer=self._queue, reason=parked.reason).inc()

    async def _store(self, parked: ParkedMessage) -> None:
        async def park() -> None:
            try:
                await self._around.park(parked)
            except Unavailable:
                raise
            except Exception as error:
                log.exception("cannot store a parked message", queue=self._queue, id=parked.id)
                raise Unavailable("not stored") from error

        await self._around.patiently(park)
