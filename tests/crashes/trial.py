"""One crash: a process that ends at a point, the one after it, and what is true in the end."""

import asyncio
import multiprocessing
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from shared.kernel.ids import new_id
from shared.parked import ParkedMessages
from shared.rabbit import declare
from shared.rabbit.topology import parked_queue, retry_queue, suspect_queue
from shared.store import Database
from tests.crashes import child
from tests.crashes.points import EARLIER, Point
from tests.crashes.service import (
    GONE,
    HISTORY,
    POISON,
    QUEUE,
    Badges,
    Rows,
    Things,
    badge_of,
    consumers,
)
from tests.harness import forget

PATIENCE = 40.0
"""Seconds for a process to come to its point, and for the next to come to rest."""

QUEUES = [QUEUE, retry_queue(QUEUE), suspect_queue(QUEUE), parked_queue(QUEUE)]

_MARK = "mark"

Documents = dict[str, dict[str, Any]]
"""id -> document."""

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([child.__name__])


@dataclass(frozen=True)
class Heard:
    """A message as it came over the exchange."""

    id: str
    subject: str
    sequence: int


@dataclass
class State:
    """Everything outside of processes."""

    things: Documents
    rows: Documents
    badges: Documents
    parked: Documents
    waiting: dict[str, int]

    @property
    def pending(self) -> list[str]:
        """Whose outbox is not empty."""
        documents = {**self.things, **self.badges}
        return [id for id, each in documents.items() if each.keys() & {"outbox", "outbox_since"}]

    @property
    def at_rest(self) -> bool:
        """All that the client asked for was done and heard of, and nothing is on its way."""
        done = {id: each.get("steps") for id, each in self.things.items()}
        heard = self.rows.keys() | {POISON} == self.things.keys()
        told = all(
            # The things were read first: one that came since is missing here.
            id in self.things and each["sequence"] == self.things[id]["sequence"]
            for id, each in self.rows.items()
        )
        moving = self.pending or any(self.waiting.values())
        return (
            done == HISTORY | {GONE: None} and heard and told and not moving and bool(self.parked)
        )


@dataclass
class Outcome:
    """exits: of the process that ended at its point, and of the one after it."""

    crashed: State
    heard_then: list[Heard]
    ended: State
    heard: list[Heard]
    exits: tuple[int | None, int | None]


@dataclass
class Lane:
    """A virtual host of the broker, where one trial runs after the other."""

    url: str
    channel: Any
    ear: str = ""
    heard: list[Heard] = field(default_factory=list)
    messages: list[aio_pika.Message] = field(default_factory=list)
    caught_up: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator["Lane"]:
        async with await aio_pika.connect(url) as connection:
            channel = await connection.channel()
            await declare(channel, consumers.subscriptions)
            lane = cls(url, channel)
            ear = await channel.declare_queue(exclusive=True)
            await ear.bind("events", "#")
            await ear.consume(lane._hear, no_ack=True)
            lane.ear = ear.name
            yield lane

    async def _hear(self, message: AbstractIncomingMessage) -> None:
        if message.type == _MARK:
            self.caught_up.set()
            return
        subject, sequence = (message.headers[f"cloudEvents_{n}"] for n in ("subject", "sequence"))
        self.heard.append(Heard(str(message.message_id), str(subject), int(str(sequence))))
        copy = aio_pika.Message(
            message.body,
            headers=message.headers,
            content_type=message.content_type,
            message_id=message.message_id,
        )
        self.messages.append(copy)

    async def everything_heard(self) -> list[Heard]:
        """Whatever the broker had confirmed until now is in it."""
        self.caught_up.clear()
        mark = aio_pika.Message(b"", type=_MARK)
        await self.channel.default_exchange.publish(mark, self.ear)
        await self.caught_up.wait()
        return list(self.heard)

    async def empty(self) -> None:
        """Nothing of a trial that failed may reach the next."""
        for name in QUEUES:
            await (await self.channel.get_queue(name)).purge()
        self.heard, self.messages = [], []

    async def _everything_again(self) -> None:
        """As late copies, the newest first."""
        for message in self.messages[::-1]:
            await self.channel.default_exchange.publish(message, QUEUE)

    async def run(self, point: Point, mongo_url: str, log: Path) -> Outcome:
        """A process to the point, another to the end, and at last every event once more.

        TimeoutError with what was missing.
        """
        await self.empty()
        name = f"test_{new_id('db')}"
        database = Database(mongo_url, name)
        try:
            exit_code = EARLIER
            while exit_code == EARLIER:
                async with self._process(mongo_url, name, point, log) as process:
                    exit_code = await _exited(process)
            crashed, heard_then = await self.state(database), await self.everything_heard()
            async with self._process(mongo_url, name, None, log) as second:
                await self._rest(database)
                await self._everything_again()
                await self._rest(database)
                second.terminate()
                await _exited(second)
            ended, heard = await self.state(database), await self.everything_heard()
            exits = (exit_code, second.exitcode)
            return Outcome(crashed, heard_then, ended, heard, exits)
        finally:
            await forget(database)
            database.close()

    @asynccontextmanager
    async def _process(
        self, mongo_url: str, name: str, point: Point | None, log: Path
    ) -> AsyncIterator[ForkServerProcess]:
        process = _processes.Process(
            target=child.run, args=(self.url, mongo_url, name, point, log), daemon=True
        )
        process.start()
        try:
            yield process
        finally:
            process.kill()
            await asyncio.to_thread(process.join)

    async def _rest(self, database: Database) -> None:
        """Looked at for half a second: what a consumer holds is in no queue."""
        deadline, rested = time.monotonic() + PATIENCE, 0
        while rested < 5:
            state = await self.state(database)
            rested = rested + 1 if state.at_rest else 0
            if time.monotonic() > deadline:
                raise TimeoutError(f"not at rest: {state}")
            await asyncio.sleep(0.1)

    async def state(self, database: Database) -> State:
        async def everything(collection: str) -> Documents:
            found = await database.collection(collection).find({}).to_list(None)
            return {document["_id"]: document for document in found}

        queues = [await self.channel.declare_queue(name, passive=True) for name in QUEUES]
        waiting = {queue.name: queue.declaration_result.message_count or 0 for queue in queues}
        return State(
            things=await everything(Things.collection),
            rows=await everything(Rows.collection),
            badges=await everything(Badges.collection),
            parked=await everything(ParkedMessages.collection),
            waiting=waiting,
        )


async def _exited(process: ForkServerProcess) -> int:
    deadline = time.monotonic() + PATIENCE
    while process.exitcode is None:
        if time.monotonic() > deadline:
            raise TimeoutError("the process went on")
        await asyncio.sleep(0.02)
    return process.exitcode


def sequences(heard: list[Heard]) -> dict[str, list[int]]:
    """Subject -> the sequences of its messages, as they came."""
    told: defaultdict[str, list[int]] = defaultdict(list)
    for each in heard:
        told[each.subject].append(each.sequence)
    return dict(told)


def badges() -> set[str]:
    """Of all that the consumer could apply."""
    return {badge_of(thing) for thing in (*HISTORY, GONE) if thing != POISON}
