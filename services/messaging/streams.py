"""The live streams that are open in this process: woken when there is news, ended in time.

A stream holds no messages: it reads its person's feed from where it stands, as fast as its reader
takes it, so that a slow one costs no memory. What reaches a process is only that it should look,
and how far the feed goes by now.
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from weakref import WeakValueDictionary

from prometheus_client import Gauge

from services.messaging.model import FeedEntry
from services.messaging.store import FeedEntries
from shared.kernel.clock import utc_now
from shared.kernel.errors import Limited, Unavailable
from shared.rabbit import Wakeups
from shared.store import Database

MOST = 10
"""Streams one person may have open in one process: tabs and devices."""

LOOK = 2.0
"""Seconds between two looks at whose token or account has ended."""

SWEEP = 8
"""Looks in which it is asked for every stream once whether there is more, told or not.

A broadcast may be lost. An eighth of the streams at a time, and one after the other: if all asked
at once, or one question were for many, everybody's news would wait for that.
"""

ENDS = 20_000
"""People of whose feeds a process knows the end; the others' are read."""

LIVE_STREAMS = Gauge("live_streams", "Live streams open in this process, counted at each look.")

_turns = count()


@dataclass(eq=False)
class Stream:
    """refused tells whether the token or the account has ended before its time, expires_at.

    position is the last number that was told, heard the last of which is known that it is there.
    """

    tenant: str
    person_id: str
    expires_at: datetime
    refused: Callable[[], Awaitable[bool]]
    news: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False
    position: int = 0
    heard: int = 0
    turn: int = field(default_factory=lambda: next(_turns) % SWEEP)

    def hear(self, number: int) -> None:
        """Wake it, unless it was for this number before."""
        if number > max(self.heard, self.position):
            self.heard = number
            self.news.set()

    async def look(self, now: datetime) -> None:
        """End it if its time has come."""
        if now >= self.expires_at or await self.refused():
            self.over = True
            self.news.set()


class Streams:
    """Found by requests as a resource; runs in the background of every process."""

    def __init__(self, wakeups: Wakeups, database: Database) -> None:
        self._wakeups = wakeups
        self._database = database
        self._ends: OrderedDict[str, int] = OrderedDict()
        self._open: defaultdict[str, set[Stream]] = defaultdict(set)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        wakeups.on_wake = self._woken

    def enter(self, stream: Stream) -> None:
        """Limited for somebody who has too many already."""
        streams = self._open[_name(stream.tenant, stream.person_id)]
        if len(streams) >= MOST:
            raise Limited(
                f"at most {MOST} live streams at a time",
                retry_after=int(LOOK),
                code="too_many_streams",
            )
        streams.add(stream)

    def leave(self, stream: Stream) -> None:
        name = _name(stream.tenant, stream.person_id)
        self._open[name].discard(stream)
        if not self._open[name]:
            del self._open[name]

    def wake(self, tenant: str, person_id: str, number: int) -> None:
        """This person's feed goes up to number now: here at once, elsewhere by a broadcast."""
        self.reaches(tenant, person_id, number)
        said = f"{_name(tenant, person_id)}|{number}"
        self._woken(said)
        self._wakeups.wake(said)

    def turn(self, tenant: str, person_id: str) -> asyncio.Lock:
        """Whose turn it is in this process to append to this person's feed.

        Others may be faster; but many at once here would only take numbers from each other.
        """
        return self._turns.setdefault(_name(tenant, person_id), asyncio.Lock())

    def reaches(self, tenant: str, person_id: str, number: int) -> None:
        """Remember where this person's feed was seen to end."""
        name = _name(tenant, person_id)
        self._ends[name] = max(number, self._ends.pop(name, 0))
        if len(self._ends) > ENDS:
            self._ends.popitem(last=False)

    def end(self, tenant: str, person_id: str) -> int:
        """The feed ends there, or behind it; 0 where nothing is known."""
        return self._ends.get(_name(tenant, person_id), 0)

    def _woken(self, said: str) -> None:
        """Nothing said: anybody may have missed something."""
        if not said:
            for stream in self._all():
                stream.news.set()
            return
        name, _, number = said.rpartition("|")
        for stream in self._open.get(name, ()):
            stream.hear(int(number))

    def _all(self) -> list[Stream]:
        return [stream for streams in self._open.values() for stream in streams]

    async def run(self) -> None:
        """End what has come to its end, and wake who was not told of something, for ever."""
        for look in count():
            await asyncio.sleep(LOOK)
            now, streams = utc_now(), self._all()
            LIVE_STREAMS.set(len(streams))
            for stream in streams:
                await stream.look(now)
            with suppress(Unavailable):
                await self._sweep(each for each in self._all() if each.turn == look % SWEEP)

    async def _sweep(self, streams: Iterable[Stream]) -> None:
        """One after the other: numbers have no gap, so there is more if there is the next one."""
        for stream in streams:
            feed = FeedEntries.unrelayed(self._database, stream.tenant)
            if await feed.find(FeedEntry.key(stream.person_id, stream.position + 1)) is not None:
                stream.news.set()


def _name(tenant: str, person_id: str) -> str:
    return f"{tenant}|{person_id}"
