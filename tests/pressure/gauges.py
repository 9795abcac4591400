"""What is measured: latency, memory, queues; and the table that shows it."""

import asyncio
import math
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that so many percent of the values do not exceed; nan without any."""
    ordered = sorted(values)
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def resident_mib(pid: int) -> float:
    """Resident set size; 0 for a process that is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
    return int(found[0]) / 1024 if found else 0.0


@dataclass
class Memory:
    """Resident memory of some processes, looked at once a second; MiB by name, oldest first."""

    seen: dict[str, list[float]] = field(default_factory=dict)

    def look(self, pids: dict[str, int]) -> None:
        for name, pid in pids.items():
            self.seen.setdefault(name, []).append(resident_mib(pid))

    @property
    def growth(self) -> dict[str, float]:
        """MiB that a process had at most above what it had at the beginning."""
        return {name: max(values) - values[0] for name, values in self.seen.items()}

    @property
    def late_growth(self) -> dict[str, float]:
        """MiB gained in the second half alone: what goes on and on shows here."""
        return {name: values[-1] - values[len(values) // 2] for name, values in self.seen.items()}


@asynccontextmanager
async def watched(pids: dict[str, int]) -> AsyncIterator[Memory]:
    memory = Memory()

    async def watch() -> None:
        while True:
            memory.look(pids)
            await asyncio.sleep(1)

    task = asyncio.create_task(watch())
    try:
        yield memory
    finally:
        task.cancel()
        memory.look(pids)


def most(figures: dict[str, float]) -> str:
    """The largest of them, with whose it is."""
    name = max(figures, key=lambda each: figures[each])
    return f"{figures[name]:.1f} ({name})"


@dataclass
class Table:
    """All figures of a run: what was done, what was measured, what came out, what is promised."""

    rows: list[tuple[str, str, str, str]] = field(default_factory=list)

    def add(self, trial: str, what: str, figure: str, promise: str = "") -> None:
        self.rows.append((trial, what, figure, promise))

    def lines(self) -> list[str]:
        """Ready for a document: a table in Markdown."""
        head: Sequence[tuple[str, ...]] = [
            ("trial", "figure", "measured", "promise"),
            ("---",) * 4,
        ]
        rows = [*head, *self.rows]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        return [
            "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |"
            for row in rows
        ]
