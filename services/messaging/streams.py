"""The live streams that are open in this process: woken when there is news, ended in time.

A stream holds no messages: it reads its person's feed from where it stands, as fast as its reader
takes it, so that a slow one costs no memory. What reaches a process is only that it should look.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from shared.kernel.clock import utc_now
from shared.kernel.errors import Limited
from shared.rabbit import Wakeups

MOST = 10
"""Streams one person may have open in one process: tabs and devices."""

LOOK = 2.0
"""Seconds between two looks at whose token or account has ended."""

SWEEP = 8
"""Looks after which every stream reads its feed, told or not: a broadcast may be lost."""


@dataclass(eq=False)
class Stream:
    """refused tells whether the token or the account has ended before its time, expires_at."""

    tenant: str
    person_id: str
    expires_at: datetime
    refused: Callable[[], bool]
    news: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False

    def look(self, now: datetime) -> None:
        """End it if its time has come."""
        if now >= self.expires_at or self.refused():
            self.over = True
            self.news.set()


class Streams:
    """Found by requests as a resource; runs in the background of every process."""

    def __init__(self, wakeups: Wakeups) -> None:
        self._wakeups = wakeups
        self._open: defaultdict[str, set[Stream]] = defaultdict(set)
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

    def wake(self, tenant: str, person_id: str) -> None:
        """There is news for this person, in whatever process they are heard."""
        self._wakeups.wake(_name(tenant, person_id))

    def _woken(self, name: str) -> None:
        """An empty name is everybody's."""
        streams = self._open.get(name, ()) if name else self._all()
        for stream in streams:
            stream.news.set()

    def _all(self) -> list[Stream]:
        return [stream for streams in self._open.values() for stream in streams]

    async def run(self) -> None:
        """End what has come to its end, for ever."""
        looks = 0
        while True:
            await asyncio.sleep(LOOK)
            looks += 1
            now = utc_now()
            for stream in self._all():
                stream.look(now)
            if looks % SWEEP == 0:
                self._woken("")


def _name(tenant: str, person_id: str) -> str:
    return f"{tenant}|{person_id}"
