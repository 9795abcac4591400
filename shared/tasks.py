"""Ending asyncio tasks for certain."""

import asyncio
from collections.abc import Iterable
from typing import Any

import structlog

log = structlog.get_logger()

AGAIN = 3.0
"""Seconds after which a task that goes on is cancelled anew: it may have something to close."""


async def end(tasks: Iterable[asyncio.Task[Any]], patience: float = 8.0) -> None:
    """Cancel until each has ended, or for so many seconds; how they ended is not told.

    Once is not enough: ``asyncio.wait_for`` before Python 3.12 loses a cancellation that comes at
    the same moment as what it waits for, and libraries are full of it.
    """
    loop = asyncio.get_running_loop()
    running, deadline = set(tasks), loop.time() + patience
    while running:
        for task in running:
            task.cancel()
        ended, running = await asyncio.wait(running, timeout=AGAIN)
        for task in ended:
            if not task.cancelled():
                task.exception()
        if running and loop.time() > deadline:
            log.warning("tasks.abandoned", tasks=sorted(task.get_name() for task in running))
            return
