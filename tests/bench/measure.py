"""What a round is, what it cost, and how rounds are compared with those of the floor."""

import os
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import nan
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class WrongResultError(Exception):
    """A round whose outcome is not what its work should have left behind; it has no figures."""


@dataclass(frozen=True)
class Round:
    """units of work in so many seconds; p50 and p95 are milliseconds of one unit.

    cpu is milliseconds of CPU for a unit by process, memory MiB resident at the end of the round.
    """

    units: int
    seconds: float
    p50: float = nan
    p95: float = nan
    cpu: Mapping[str, float] = field(default_factory=dict)
    memory: Mapping[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return self.units / self.seconds


@dataclass
class Row:
    """One kind of work. sides: name -> rounds, the n-th of each side belonging together.

    goal is the least ratio of ours to the floor's throughput, latency_goal the largest of p50;
    none where the row only shows. losses: what a side would lose where processes are killed.
    """

    title: str
    floor: str
    ours: str
    goal: float | None = None
    latency_goal: float | None = None
    sides: dict[str, list[Round]] = field(default_factory=dict)
    losses: Mapping[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, side: str, measured: Round) -> None:
        self.sides.setdefault(side, []).append(measured)

    def rates(self, side: str) -> list[float]:
        return [each.rate for each in self.sides[side]]

    def ratio(self, side: str) -> float:
        """The median over the rounds of this side's throughput by the floor's in that round."""
        pairs = zip(self.rates(side), self.rates(self.floor), strict=True)
        return statistics.median(mine / floor for mine, floor in pairs)

    def latency_ratio(self, side: str) -> float:
        """The same of p50."""
        pairs = zip(self.sides[side], self.sides[self.floor], strict=True)
        return statistics.median(mine.p50 / floor.p50 for mine, floor in pairs)

    def cpu(self, side: str) -> dict[str, float]:
        """Milliseconds for a unit by process, medians over the rounds."""
        return self._medians([each.cpu for each in self.sides[side]])

    def memory(self, side: str) -> dict[str, float]:
        return self._medians([each.memory for each in self.sides[side]])

    def median(self, side: str, figure: str) -> float:
        """Of one figure (rate, p50, p95) over the rounds."""
        values: list[float] = [getattr(each, figure) for each in self.sides[side]]
        return statistics.median(values)

    @property
    def reached(self) -> bool | None:
        """Whether every goal of the row holds; None where there is none."""
        if self.goal is None and self.latency_goal is None:
            return None
        fast = self.goal is None or self.ratio(self.ours) >= self.goal
        prompt = self.latency_goal is None or self.latency_ratio(self.ours) <= self.latency_goal
        return fast and prompt

    @staticmethod
    def _medians(found: list[Mapping[str, float]]) -> dict[str, float]:
        return {name: statistics.median(each[name] for each in found) for name in found[0]}


@dataclass
class Spent:
    """Filled when the block ends: seconds by the clock, CPU seconds and MiB by process."""

    seconds: float = nan
    cpu: dict[str, float] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)

    def per_unit(self, units: int) -> dict[str, float]:
        """Milliseconds of CPU."""
        return {name: 1000 * seconds / units for name, seconds in self.cpu.items()}


@contextmanager
def watched(pids: Mapping[str, int]) -> Iterator[Spent]:
    """What these processes spend while the block runs."""
    spent = Spent()
    before = {name: cpu_seconds(pid) for name, pid in pids.items()}
    began = time.monotonic()
    yield spent
    spent.seconds = time.monotonic() - began
    spent.cpu = {name: cpu_seconds(pid) - before[name] for name, pid in pids.items()}
    spent.memory = {name: resident_mib(pid) for name, pid in pids.items()}


def cpu_seconds(pid: int) -> float:
    """User and system time of all its threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def resident_mib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 2**20


def check_once(expected: Iterable[str], applied: Iterable[str]) -> None:
    """WrongResultError when a unit is missing, is there twice, or nobody asked for it."""
    wanted, found = set(expected), list(applied)
    if lost := wanted - set(found):
        raise WrongResultError(f"{len(lost)} of {len(wanted)} units are lost, e.g. {min(lost)}")
    if foreign := set(found) - wanted:
        raise WrongResultError(f"{len(foreign)} units that nobody asked for, e.g. {min(foreign)}")
    if len(found) != len(wanted):
        raise WrongResultError(f"{len(found) - len(wanted)} units are there twice")


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that so many percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
