"""Everything a process says to database or broker waits here until the machine lets it through."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pymongo.errors import AutoReconnect, DuplicateKeyError

from shared.kernel.errors import Unavailable
from shared.rabbit import Outgoing
from shared.store import Database

TURNS = 8
"""Rounds of the event loop after which nothing moves any more: no chain of wake-ups is as long."""

WRITES = ("insert_", "update_", "replace_", "delete_", "bulk_", "find_one_and_")


class Fate(StrEnum):
    """What becomes of a call."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """Never carried out, and the caller hears so much."""
    UNHEARD = "unheard"
    """Carried out, but the answer is lost: the confirm that never came."""
    LATE = "late"
    """The caller gives up; the call is still on its way."""


@dataclass(eq=False)
class Call:
    """place is a collection or the broker; failure is what the caller hears when it goes wrong."""

    task: asyncio.Task[Any] | None
    process: str
    place: str
    name: str
    carry_out: Callable[[], Awaitable[Any]]
    failure: Exception
    answer: asyncio.Future[Any]

    @property
    def writes(self) -> bool:
        return self.name.startswith(WRITES)


Watch = Callable[[Call], Awaitable[None]]


@dataclass
class Network:
    """watch is told of each call that had an effect, before anybody else can move."""

    watch: Watch
    waiting: list[Call] = field(default_factory=list)

    async def call(
        self,
        process: str,
        place: str,
        name: str,
        carry_out: Callable[[], Awaitable[Any]],
        failure: Exception,
    ) -> Any:
        answer = asyncio.get_running_loop().create_future()
        task = asyncio.current_task()
        call = Call(task, process, place, name, carry_out, failure, answer)
        self.waiting.append(call)
        return await answer

    async def let_through(self, call: Call, fate: Fate = Fate.ANSWERED) -> None:
        """Returns when everybody waits again. A dead caller's call is carried out all the same."""
        if fate is Fate.LATE and not call.answer.done():
            call.answer.set_exception(call.failure)
            return await settle()
        self.waiting.remove(call)
        outcome: Any = call.failure
        if fate is not Fate.REFUSED:
            said = await _outcome(call)
            if _landed(said):
                await self.watch(call)
            outcome = call.failure if fate is Fate.UNHEARD else said
        if call.answer.done():
            return None
        if isinstance(outcome, Exception):
            call.answer.set_exception(outcome)
        else:
            call.answer.set_result(outcome)
        return await settle()


async def _outcome(call: Call) -> Any:
    try:
        return await call.carry_out()
    except Exception as error:
        return error


def _landed(said: Any) -> bool:
    """False for a guarded write that found nothing to change."""
    return not isinstance(said, DuplicateKeyError) and getattr(said, "matched_count", 1) != 0


async def settle() -> None:
    """Until everybody waits for the network: only the machine's own calls touch the outside."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


class SteppedDatabase(Database):
    """The real database as one process sees it, call by call; it shares the connection."""

    def __init__(self, real: Database, network: Network, process: str) -> None:
        self.name, self.provider, self.writes = real.name, real.provider, real.writes
        self._real, self._network, self._process = real, network, process

    def collection(self, name: str) -> "SteppedCollection":
        return SteppedCollection(self._real.collection(name), name, self._network, self._process)


class SteppedCollection:
    """Has the driver's methods, each of which waits for its turn."""

    def __init__(self, real: Any, place: str, network: Network, process: str) -> None:
        self._real, self._place, self._network, self._process = real, place, network, process

    def __getattr__(self, name: str) -> Any:
        async def call(*arguments: Any, **options: Any) -> Any:
            return await self.turn(name, lambda: getattr(self._real, name)(*arguments, **options))

        return call

    def find(self, *arguments: Any, **options: Any) -> "SteppedCursor":
        return SteppedCursor(self, self._real.find(*arguments, **options))

    async def turn(self, name: str, carry_out: Callable[[], Awaitable[Any]]) -> Any:
        gone = AutoReconnect("the connection is gone")
        return await self._network.call(self._process, self._place, name, carry_out, gone)


class SteppedCursor:
    def __init__(self, collection: SteppedCollection, real: Any) -> None:
        self._collection, self._real = collection, real

    def sort(self, *arguments: Any) -> "SteppedCursor":
        return SteppedCursor(self._collection, self._real.sort(*arguments))

    def limit(self, number: int) -> "SteppedCursor":
        return SteppedCursor(self._collection, self._real.limit(number))

    async def to_list(self, length: int | None) -> Any:
        return await self._collection.turn("find", lambda: self._real.to_list(length))


@dataclass(frozen=True, eq=False)
class Delivery:
    """One time that a process was given a message; an acknowledgement is for this time only."""

    process: str


@dataclass(eq=False)
class Copy:
    """A message in the consumers' queue; while it is delivered nobody else gets it."""

    message: Outgoing
    delivery: Delivery | None = None


class Broker:
    """taken: every message in the order it came, repeats included; settled: the acknowledged."""

    def __init__(self, network: Network, bound_to: str) -> None:
        self._network = network
        self._bound_to = bound_to
        self.connected = True
        self.taken: list[Outgoing] = []
        self.queue: list[Copy] = []
        self.settled: list[Outgoing] = []

    async def publish(self, process: str, message: Outgoing) -> None:
        """Returns when confirmed. Unavailable when that cannot be known."""

        async def take() -> None:
            self.taken.append(message)
            self.offer(message)

        lost = Unavailable("the broker did not confirm")
        await self._network.call(process, "broker", "publish", take, lost)

    def offer(self, message: Outgoing) -> None:
        """Into the queue, as often as this is called."""
        if message.routing_key.startswith(self._bound_to):
            self.queue.append(Copy(message))

    def ready(self) -> list[Copy]:
        return [copy for copy in self.queue if copy.delivery is None]

    def deliver(self, copy: Copy, process: str) -> Delivery:
        copy.delivery = Delivery(process)
        return copy.delivery

    async def acknowledge(self, copy: Copy, delivery: Delivery) -> None:
        """Raises Unavailable when the connection is gone; then it may have arrived or not."""

        async def remove() -> None:
            if copy.delivery is delivery:
                self.queue.remove(copy)
                self.settled.append(copy.message)

        lost = Unavailable("the connection is gone")
        await self._network.call(delivery.process, "broker", "ack", remove, lost)

    def give_back(self, copy: Copy, delivery: Delivery) -> None:
        if copy.delivery is delivery:
            copy.delivery = None

    def forget(self, process: str) -> None:
        """Its connection is gone: whatever it had in hand is delivered again."""
        for copy in self.queue:
            if copy.delivery is not None and copy.delivery.process == process:
                copy.delivery = None
