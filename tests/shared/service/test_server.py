"""A process that is killed is replaced at once; one that ends is not."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from deploy.local.ports import free_ports
from deploy.local.programs import PROJECT

FACTORY = "tests.shared.service.killable"


@contextmanager
def served(factory: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    [port] = free_ports(1)
    command = (sys.executable, "-m", "shared.server", f"{FACTORY}:{factory}", "--port", str(port))
    process = subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.DEVNULL)
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def who(address: str) -> dict[str, int]:
    """Who answers, waited for."""
    end = time.monotonic() + 30
    while True:
        try:
            found: dict[str, int] = httpx.get(address, timeout=5).json()
        except httpx.HTTPError:
            assert time.monotonic() < end, "nobody answers"
            time.sleep(0.02)
        else:
            return found


def test_a_killed_process_is_followed_by_another_under_the_same_parent() -> None:
    with served("create") as (process, address):
        first = who(address)
        assert first["parent"] == process.pid
        time.sleep(1)
        with pytest.raises(httpx.HTTPError):
            httpx.post(f"{address}/die", timeout=5)
        second = who(address)
        assert second["parent"] == process.pid
        assert second["pid"] != first["pid"]


def test_it_ends_when_it_is_told_to() -> None:
    with served("create") as (process, address):
        child = who(address)["pid"]
        process.terminate()
        assert process.wait(10) == 0
        assert not Path(f"/proc/{child}").exists()


def test_nothing_is_left_when_the_parent_is_killed() -> None:
    with served("create") as (process, address):
        child = who(address)["pid"]
        process.kill()
        process.wait()
        end = time.monotonic() + 5
        while _lives(child):
            assert time.monotonic() < end
            time.sleep(0.02)


def test_what_cannot_start_is_not_tried_again() -> None:
    with served("refuse") as (process, _):
        assert process.wait(30) == 2


def _lives(pid: int) -> bool:
    """A zombie that nobody has waited for yet does not count."""
    try:
        os.kill(pid, signal.SIG_DFL)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
