"""The measured process's end of the pipe: carries out orders line by line, notes what it did."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TextIO

Work = Callable[[str], Awaitable[int]]
"""Does one unit; when it was committed, in monotonic nanoseconds."""

_replies: list[TextIO] = []


def begin() -> None:
    """To be called first: from then on whatever prints is not taken for a reply."""
    _replies.append(os.fdopen(os.dup(1), "w", buffering=1))
    os.dup2(2, 1)


def note_to(path: str) -> Callable[[str], None]:
    """For the consuming side: notes units as applied, from any thread."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND)

    def note(unit: str) -> None:
        os.write(file, f"{unit} {time.monotonic_ns()}\n".encode())

    return note


def applied() -> Callable[[str], None]:
    """Notes to where the parent reads them."""
    return note_to(os.environ["BENCH_NOTES"])


def reply(value: Any) -> None:
    _replies[0].write(json.dumps(value) + "\n")


async def obey(works: dict[str, Work]) -> None:
    """Says that it is ready, then does what the parent orders until the pipe ends.

    An order names a work, the units and either at_once (so many side by side) or rate (begun on
    time, a second); the answer holds when it began and when each unit was committed.
    """
    reply("ready")
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        work, units = works[order["work"]], order["units"]
        began = time.monotonic_ns()
        if "rate" in order:
            commits = await _paced(work, units, order["rate"])
        else:
            commits = await _side_by_side(work, units, order["at_once"])
        reply({"began": began, "commits": commits})


async def _side_by_side(work: Work, units: Sequence[str], at_once: int) -> dict[str, int]:
    waiting, commits = iter(units), {}

    async def lane() -> None:
        for unit in waiting:
            commits[unit] = await work(unit)

    await asyncio.gather(*(lane() for _ in range(at_once)))
    return commits


async def _paced(work: Work, units: Sequence[str], rate: float) -> dict[str, int]:
    began = time.monotonic()

    async def one(number: int, unit: str) -> int:
        await asyncio.sleep(began + number / rate - time.monotonic())
        return await work(unit)

    times = await asyncio.gather(*(one(number, unit) for number, unit in enumerate(units)))
    return dict(zip(units, times, strict=True))
