"""What each process holds after more and more whole stories, told several at a time."""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle, islice

from deploy.local.story import CASTS
from tests.bench.growth.platform import Platform
from tests.bench.measure import WrongResultError, resident_mib

AT_ONCE = 3
"""Stories that are told side by side."""

ENOUGH = 6
"""Looks below which a line says too little to be judged."""


@dataclass(frozen=True)
class Line:
    """A fitted line: slope a story and its standard error."""

    slope: float
    error: float

    @property
    def rises(self) -> bool:
        """Whether it does so beyond what its own unrest explains."""
        return self.slope > 2 * self.error and self.slope > 0


@dataclass
class Memory:
    """Looks after so many stories: MiB by program and blocks by service; seconds for all."""

    stories: list[int] = field(default_factory=list)
    resident: dict[str, list[float]] = field(default_factory=dict)
    blocks: dict[str, list[int]] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def judged(self) -> int:
        """How many looks a line is fitted over."""
        return max(2, len(self.stories) - len(self.stories) // 2)

    def line(self, values: Sequence[float]) -> Line:
        """Over the second half of the looks, two at least."""
        half = len(self.stories) - self.judged
        return fitted(self.stories[half:], values[half:])

    def look(self, stories: int, platform: Platform) -> None:
        self.stories.append(stories)
        for name, number in platform.blocks().items():
            self.blocks.setdefault(name, []).append(number)
        for name, pid in platform.pids.items():
            self.resident.setdefault(name, []).append(resident_mib(pid))


def fitted(x: Sequence[float], y: Sequence[float]) -> Line:
    """By least squares."""
    slope, begin = statistics.linear_regression(x, y)
    off = sum((b - begin - slope * a) ** 2 for a, b in zip(x, y, strict=True))
    spread = sum((a - statistics.mean(x)) ** 2 for a in x)
    return Line(slope, math.sqrt(off / max(1, len(x) - 2) / spread))


def watch(
    platform: Platform, seconds: float, wave: int, looks: int, step: Callable[[float], None]
) -> Memory:
    """Tells stories for so long, and until there were so many looks; one comes after each wave.

    step is told the seconds that have passed.
    """
    memory, told, casts = Memory(), 0, cycle(CASTS)
    began = last = time.monotonic()
    before = _completed(platform)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while time.monotonic() - began < seconds or len(memory.stories) < looks:
            told += sum(1 for _ in pool.map(platform.tell, islice(casts, wave)))
            platform.rest()
            platform.forget_mails()
            memory.look(told, platform)
            step(time.monotonic() - last)
            last = time.monotonic()
    memory.seconds = time.monotonic() - began
    if _completed(platform) - before != told:
        raise WrongResultError(f"{told} stories, {_completed(platform) - before} jobs completed")
    return memory


def _completed(platform: Platform) -> int:
    jobs = platform.mongo["jobs"]["jobs"]
    return sum(
        jobs.count_documents({"tenant": cast.tenant, "state": "completed"}) for cast in CASTS
    )
