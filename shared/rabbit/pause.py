"""Waiting for the database: nobody applies anything until it answers again."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

Ping = Callable[[], Awaitable[bool]]

_PING_SECONDS = 2.0

log = structlog.get_logger()


class Held(Exception):
    """Waiting here any longer would do harm: give the message back, uncounted."""


class Pause:
    """Shared by all deliveries of a process. interval is the time between pings, in seconds."""

    def __init__(self, ping: Ping, interval: float = 0.5) -> None:
        self._ping = ping
        self.interval = interval
        self._poll: asyncio.Task[None] | None = None
        self._draining = asyncio.Event()

    async def passed(self, patience: float | None = None) -> None:
        """Returns at once, or when the database is back.

        Held if that takes longer than patience (seconds), or if the process is to end first.
        """
        poll = self._poll
        if poll is None or poll.done():
            return
        draining = asyncio.ensure_future(self._draining.wait())
        try:
            await asyncio.wait(
                {poll, draining}, timeout=patience, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            draining.cancel()
        if not poll.done():
            raise Held

    async def away(self, times: int, patience: float | None = None) -> None:
        """To be called after Unavailable; times says how often in a row for this message.

        All deliveries stop until the database answers. If it does at once, the trouble is this
        message's own: it alone waits a little, longer each time. Held as above.
        """
        if self._poll is None or self._poll.done():
            self._poll = asyncio.create_task(self._until_back())
        await self.passed(patience)
        await self._doze(self.interval * min(times, 10))

    def drain(self) -> None:
        """From now on nobody waits."""
        self._draining.set()

    async def _doze(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._draining.wait()
        except TimeoutError:
            return
        raise Held

    async def _until_back(self) -> None:
        if await self._answers():
            return
        log.warning("database away, consuming pauses")
        while not await self._answers():
            await asyncio.sleep(self.interval)
        log.warning("database back, consuming goes on")

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(_PING_SECONDS):
                return await self._ping()
        except Exception:
            return False
