"""The bus and the database as they are, but for one step around which the process ends."""

import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Literal, NoReturn

from aio_pika.message import IncomingMessage
from aiormq.channel import Channel
from opentelemetry.sdk.trace import TracerProvider

from shared.rabbit import Outgoing, Publisher
from shared.rabbit.parking import ROUND
from shared.rabbit.topology import SUSPECT, parked_queue
from shared.store import Database
from tests.crashes.points import (
    EARLIER,
    EXIT_CODE,
    LOSES_ITS_WORKER,
    SUSPECTING,
    UNFORESEEN,
    Point,
    Step,
)
from tests.crashes.service import BUMPY, BUSY, GONE, LATE, PLAIN, POISON, QUEUE, badge_of

WRITES = frozenset({"insert_one", "update_one", "replace_one", "bulk_write", "delete_one"})
"""The driver's methods that a process can end at."""

HARMLESS = frozenset({"find", "find_one", "count_documents", "create_indexes"})


class Breaker:
    """Ends the process, as a kill would, when it comes to the point."""

    def __init__(self, point: Point | None) -> None:
        self._point = point

    @contextmanager
    def at(self, step: Step | None) -> Iterator[None]:
        self._end_if(step, "before")
        yield
        self._end_if(step, "after")

    def _end_if(self, step: Step | None, when: Literal["before", "after"]) -> None:
        if self._point is None or step is None:
            return
        if Point(step, when) == self._point:
            os._exit(EXIT_CODE)
        if self._point.step in SUSPECTING and Point(step, when) == LOSES_ITS_WORKER:
            os._exit(EARLIER)


class BreakingDatabase(Database):
    """Every write goes past the breaker; one that stands for no step ends the process too."""

    def __init__(self, url: str, name: str, breaker: Breaker) -> None:
        super().__init__(url, name)
        self._breaker = breaker

    def collection(self, name: str) -> Any:
        return _Collection(name, super().collection(name), self._breaker)


class _Collection:
    def __init__(self, name: str, inner: Any, breaker: Breaker) -> None:
        self._name, self._inner, self._breaker = name, inner, breaker

    def __getattr__(self, operation: str) -> Any:
        call = getattr(self._inner, operation)
        if operation in HARMLESS:
            return call
        if operation not in WRITES:
            _unforeseen(f"{self._name}.{operation}")

        async def write(*args: Any, **options: Any) -> Any:
            with self._breaker.at(_step(f"{self._name}.{operation}", args)):
                return await call(*args, **options)

        return write


def _step(operation: str, args: tuple[Any, ...]) -> Step | None:
    """The step that a write stands for; None for one of the same kind on another document."""
    match operation, *args:
        case "things.insert_one", {"_id": id}:
            return Step.INSERT if id == PLAIN else None
        case "things.update_one", {"version": _, "_id": id}, change:
            if "deleted" in change["$set"]:
                return Step.BURY
            return {PLAIN: Step.UPDATE, LATE: Step.TIMER}.get(id)
        case "things.update_one", _, {"$pull": _}:
            return Step.TRIM_EVENTS
        case "things.update_one", {"sequence": _}, _:
            return Step.TRIM_DATE
        case "things.bulk_write", *_:
            return Step.CLEAR
        case "rows.insert_one", {"_id": id}:
            return Step.ROW_INSERT if id == PLAIN else None
        case "rows.replace_one", _, {"_id": id, "sequence": sequence}:
            return {(PLAIN, 2): Step.ROW_REPLACE, (GONE, 2): Step.ROW_BURY}.get((id, sequence))
        case "badges.insert_one", {"_id": id}:
            return Step.EFFECT if id == badge_of(PLAIN) else None
        case (("parked.insert_one" | "parked.replace_one"), *_):
            return Step.PARKED_WRITE
        case "tried_alone.insert_one", *_:
            return Step.ALONE_BEGINS
        case "tried_alone.delete_one", *_:
            return Step.ALONE_ENDS
        case (("badges.bulk_write" | "tried_alone.replace_one"), *_):
            pass
        case _:
            _unforeseen(f"{operation} {args}")
    return None


def _unforeseen(what: str) -> NoReturn:
    print(f"no crash point knows {what}", file=sys.stderr, flush=True)
    os._exit(UNFORESEEN)


_COPIES = {
    ("retry", BUMPY): (Step.RETRY_PUBLISH, Step.RETRY_CONFIRM),
    ("parked", POISON): (Step.PARKED_PUBLISH, Step.PARKED_CONFIRM),
    ("suspect", PLAIN): (Step.SUSPECT_PUBLISH, Step.SUSPECT_CONFIRM),
}
"""Queue and thing -> the steps of sending a copy there; others are of the same kind."""


class BreakingPublisher(Publisher):
    """Whatever goes to the broker goes past the breaker, and so does its word of having it.

    busy holds back the confirmation of a busy thing's first event until its second is written.
    """

    def __init__(
        self,
        url: str,
        provider: TracerProvider,
        breaker: Breaker,
        busy: Callable[[], Awaitable[Any]],
    ) -> None:
        super().__init__(url, provider)
        self._breaker = breaker
        self._busy = busy
        self._on_the_way: dict[str, Step] = {}
        _break_confirms(breaker, self._on_the_way)
        _break_acks(breaker, self._on_the_way)

    async def publish(self, event: Outgoing) -> None:
        counted = (event.subject, event.sequence) == (PLAIN, 1)
        if counted:
            self._on_the_way[event.id] = Step.CONFIRM
        with self._breaker.at(Step.PUBLISH if counted else None):
            await super().publish(event)
        if (event.subject, event.sequence) == (BUSY, 1):
            await self._busy()

    async def send(self, queue: str, message: Any, exchange: str = "") -> None:
        thing = message.headers["cloudEvents_subject"]
        sent, confirmed = _COPIES.get(((exchange or queue).rsplit(".", 1)[-1], thing), (None, None))
        if confirmed is not None:
            self._on_the_way[message.message_id] = confirmed
        with self._breaker.at(sent):
            await super().send(queue, message, exchange)


def _break_confirms(breaker: Breaker, on_the_way: Mapping[str, Step]) -> None:
    """on_the_way: message id -> the step that its confirmation is."""
    understood = Channel._on_confirm_frame

    async def on_confirm(channel: Channel, frame: Any) -> None:
        with ExitStack() as steps:
            for id, tag in list(channel.message_id_delivery_tag.items()):
                if tag == frame.delivery_tag or (frame.multiple and tag < frame.delivery_tag):
                    steps.enter_context(breaker.at(on_the_way.get(id)))
            await understood(channel, frame)

    Channel._on_confirm_frame = on_confirm  # type: ignore[method-assign,assignment]


def _break_acks(breaker: Breaker, on_the_way: Mapping[str, Step]) -> None:
    settled = IncomingMessage.ack

    async def ack(message: IncomingMessage, multiple: bool = False) -> None:
        copied = on_the_way.get(str(message.message_id))
        with breaker.at(_settling(message, copied)):
            await settled(message, multiple)

    IncomingMessage.ack = ack  # type: ignore[method-assign,assignment]


def _settling(message: IncomingMessage, copied: Step | None) -> Step | None:
    """copied: how a copy of it went elsewhere, if one did."""
    thing = message.headers.get("cloudEvents_subject")
    if message.routing_key == parked_queue(QUEUE):
        return Step.STORED_ACK
    if message.exchange == SUSPECT:
        return None
    if thing == BUMPY and ROUND not in message.headers:
        return Step.RETRY_ACK
    if thing == PLAIN and copied is Step.SUSPECT_CONFIRM:
        return Step.SUSPECT_ACK
    return {PLAIN: Step.ACK, POISON: Step.PARKED_ACK}.get(str(thing))
