"""What the whole local stack needs: seconds to be ready, memory and CPU while nobody uses it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.local.keeper import belonging
from deploy.local.ports import Ports
from deploy.local.stack import SERVICES, Stack
from tests.bench.measure import cpu_seconds, resident_mib

SETTLE, WATCHED = 15.0, 20.0

MEMORY_GOAL, CPU_GOAL, START_GOAL = 1.2 * 1024, 5.0, 20.0


@dataclass(frozen=True)
class Footprint:
    """start in seconds, memory in MiB resident, cpu in percent of one core, by program."""

    start: float
    memory: dict[str, float]
    cpu: dict[str, float]

    @property
    def lines(self) -> list[tuple[str, str, str, bool]]:
        """What, measured, goal, whether it holds."""
        memory, cpu = sum(self.memory.values()), sum(self.cpu.values())
        return [
            ("start: installed to ready", f"{self.start:.1f} s", "< 20 s", self.start < START_GOAL),
            ("idle: resident", f"{memory:.0f} MiB", "< 1229 MiB", memory < MEMORY_GOAL),
            ("idle: of one core", f"{cpu:.1f} %", "< 5 %", cpu < CPU_GOAL),
        ]


def footprint(folder: Path, step: Callable[[], None]) -> Footprint:
    """Bring the stack up, watch it, take it down."""
    stack = Stack(folder / "stack", Ports.free(SERVICES), report=lambda _: None)
    try:
        start = stack.up()
        step()
        time.sleep(SETTLE)
        names = {state.pid: name for name, state in stack.status().items()}
        pids = belonging(stack.home)
        before, began = {pid: cpu_seconds(pid) for pid in pids}, time.monotonic()
        time.sleep(WATCHED)
        seconds = time.monotonic() - began
        memory: dict[str, float] = {}
        cpu: dict[str, float] = {}
        for pid in pids:
            name = names.get(pid, "others")
            spent = 100 * (cpu_seconds(pid) - before[pid]) / seconds
            memory[name] = memory.get(name, 0.0) + resident_mib(pid)
            cpu[name] = cpu.get(name, 0.0) + spent
        step()
    finally:
        stack.down()
    return Footprint(start, memory, cpu)
