"""What the whole local platform needs of a machine, before anybody uses it: so this comes first."""

from pathlib import Path

from deploy.local.keeper import belonging
from tests.platform import Platform

MEMORY_MIB = 1228
"""1.2 GiB resident, all processes together."""

START_SECONDS = 60.0
"""From installed to ready, broker, database, five services and gateway: three times what an idle
machine needs at most, as others work beside this."""


def resident_mib(pid: int) -> float:
    """Resident set size; 0 for a process that is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
    return int(found[0]) / 1024 if found else 0.0


def test_all_processes_together_fit_into_memory(platform: Platform):
    """Those that watch included, where Prometheus can be had."""
    stack = platform.stack
    stack.watch()
    try:
        used = {pid: resident_mib(pid) for pid in belonging(stack.home)}
        watchers = [stack.keeper.state(name).pid for name in ("traces", "prometheus")]
    finally:
        stack.keeper.stop("traces", "prometheus")
    print(f"{sum(used.values()):.0f} MiB, of them {[round(used[pid]) for pid in watchers]} watch")
    assert len(used) >= 12
    assert sum(used.values()) < MEMORY_MIB


def test_the_platform_is_ready_soon_after_its_start(platform: Platform):
    assert platform.started_in < START_SECONDS
