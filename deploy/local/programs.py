"""A program of the local stack, described once; kept by a test as a child, or by supervisord."""

import contextlib
import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

PROJECT = Path(__file__).resolve().parents[2]


class CannotRunError(Exception):
    """The stack cannot run here; the message is one line that says what to do."""


@dataclass(frozen=True)
class Program:
    """environment is added to that of the caller; stop_seconds is its grace after SIGTERM."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = PROJECT
    stop_seconds: int = 15


class Child:
    """A program as a child in a process group of its own; its output is appended to log."""

    def __init__(self, program: Program, log: Path) -> None:
        self.program = program
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running process. Raises CannotRunError when it was never started."""
        if self._process is None:
            raise CannotRunError(f"{self.program.name} was not started")
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.program.command,
                env=os.environ | dict(self.program.environment),
                cwd=self.program.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self) -> None:
        """SIGTERM, then SIGKILL for the whole group once the grace is over."""
        if self._process is None:
            return
        if self.alive:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(self.program.stop_seconds)
        self.kill()

    def kill(self) -> None:
        """SIGKILL for the whole group, without a word of warning."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Poll ready. Raises CannotRunError with the last log lines if it dies or takes longer."""
        wait_until(
            ready,
            seconds,
            self.program.name,
            died=lambda: not self.alive,
            log=self.log,
        )


def wait_until(
    ready: Callable[[], bool],
    seconds: float,
    name: str,
    *,
    died: Callable[[], bool],
    log: Path,
    still_waiting: Callable[[float], None] = lambda _: None,
) -> None:
    """Poll ready ten times a second; still_waiting is told the seconds gone, every five."""
    began = time.monotonic()
    told = 0.0
    while not ready():
        gone = time.monotonic() - began
        if died():
            raise CannotRunError(f"{name} ended at its start{said(log)}")
        if gone > seconds:
            raise CannotRunError(f"{name} is not ready after {seconds:.0f} s{said(log)}")
        if gone - told >= 5:
            told = gone
            still_waiting(gone)
        time.sleep(0.1)


def said(log: Path, lines: int = 12) -> str:
    """The last lines of a log, made to follow a message; where to look when there are none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 16_384))
            text = file.read().decode(errors="replace").rstrip()
    except FileNotFoundError:
        text = ""
    if not text:
        return f"; its log {log} is empty"
    return f"; its log {log} ends with:\n" + "\n".join(
        f"    {line[:300]}" for line in text.splitlines()[-lines:]
    )


def write_if_changed(path: Path, text: str) -> bool:
    """Write a file that only its owner may read; True when it was not the same before."""
    with contextlib.suppress(FileNotFoundError):
        if path.read_text() == text:
            return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)
    return True


class Server(ABC):
    """Something to start and stop; a context manager that stops it whatever happens."""

    @abstractmethod
    def start(self) -> None:
        """Start and wait until it is ready. Raises CannotRunError."""

    @abstractmethod
    def stop(self) -> None:
        """End it in good order; harmless when it does not run."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
