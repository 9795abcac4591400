"""Keeps the stack's programs alive with supervisord, and sees that none is left afterwards."""

import contextlib
import hashlib
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from deploy.local.programs import CannotRunError, Program, said, write_if_changed

MARK = "HELPHOOD_HOME"
"""Every program of a stack carries its home in this variable, by which it is found again."""
_SOCKET_PATH_LIMIT = 100
_STOP_SECONDS = 40


@dataclass(frozen=True)
class State:
    """pid is 0 while the program does not run; name is supervisord's word for the state."""

    name: str
    pid: int
    description: str

    @property
    def active(self) -> bool:
        """Runs, or is about to be tried again."""
        return self.name in {"STARTING", "RUNNING", "BACKOFF"}

    @property
    def failed(self) -> bool:
        return self.name in {"BACKOFF", "EXITED", "FATAL"}


class Keeper:
    """supervisord under home, for the programs that are written to it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.configuration = home / "supervisord.conf"
        self._socket = _socket_path(home)

    @property
    def alive(self) -> bool:
        try:
            self._call("getState")
        except (OSError, xmlrpc.client.Error):
            return False
        return True

    def log(self, name: str) -> Path:
        return self.home / "logs" / f"{name}.log"

    def write(self, programs: Iterable[Program]) -> None:
        """The configuration; a running supervisord learns of it by update()."""
        (self.home / "logs").mkdir(parents=True, exist_ok=True)
        sections = [_HEAD.format(home=_escaped(self.home), socket=_escaped(self._socket))]
        if os.geteuid() == 0:
            sections[0] += "user = root\n"
        sections += [self._section(number, each) for number, each in enumerate(programs, 1)]
        write_if_changed(self.configuration, "\n".join(sections))

    def start_daemon(self) -> None:
        """Raises CannotRunError when it does not come up."""
        self._socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._socket.parent.stat().st_uid != os.geteuid():
            raise CannotRunError(f"{self._socket.parent} belongs to another user; remove it")
        command = (sys.executable, "-m", "supervisor.supervisord", "-c", str(self.configuration))
        done = subprocess.run(
            command,
            env=os.environ | {MARK: str(self.home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        deadline = time.monotonic() + 10
        while not self.alive:
            if done.returncode or time.monotonic() > deadline:
                raise CannotRunError(
                    f"supervisord does not start: {done.stderr.strip()[-500:]}"
                    f"{said(self.log('supervisord'))}"
                )
            time.sleep(0.05)

    def update(self) -> set[str]:
        """Take the written configuration over; the names of programs that are new or were."""
        added, changed, removed = self._call("reloadConfig")[0]
        for name in (*changed, *removed):
            self._call("stopProcessGroup", name)
            self._call("removeProcessGroup", name)
        for name in (*added, *changed):
            self._call("addProcessGroup", name)
        return {*added, *changed}

    def start(self, *names: str) -> None:
        """Start those that do not run yet, without waiting for them.

        Raises CannotRunError for a program that cannot even be executed.
        """
        for name in names:
            if not self.state(name).active:
                try:
                    self._call("startProcess", name, False)
                except xmlrpc.client.Fault as fault:
                    raise CannotRunError(f"{name} cannot start: {fault.faultString}") from None

    def stop(self, *names: str) -> None:
        """Stop all of them at once and wait until they are gone."""
        running = [name for name in names if self.state(name).active]
        for name in running:
            self._call("stopProcess", name, False)
        deadline = time.monotonic() + _STOP_SECONDS
        while any(self.state(name).pid for name in running) and time.monotonic() < deadline:
            time.sleep(0.05)

    def state(self, name: str) -> State:
        info = self._call("getProcessInfo", name)
        return State(info["statename"], info["pid"], info["description"])

    def states(self) -> dict[str, State]:
        """Of every program, by name."""
        return {
            info["name"]: State(info["statename"], info["pid"], info["description"])
            for info in self._call("getAllProcessInfo")
        }

    def down(self) -> None:
        """End supervisord and everything that it kept, even what it lost track of.

        Raises CannotRunError when a process is still there afterwards.
        """
        with contextlib.suppress(OSError, xmlrpc.client.Error):
            # At its end supervisord spends a second on every group that it still knows.
            for name in self.states():
                with contextlib.suppress(xmlrpc.client.Fault):
                    self._call("removeProcessGroup", name)
            self._call("shutdown")
            _wait_until_gone(self.home, _STOP_SECONDS)
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in belonging(self.home):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            _wait_until_gone(self.home, 10)
        if left := belonging(self.home):
            raise CannotRunError(f"processes {left} do not end")
        self._socket.unlink(missing_ok=True)
        if self._socket.parent != self.home:
            with contextlib.suppress(OSError):
                self._socket.parent.rmdir()

    def _section(self, number: int, program: Program) -> str:
        environment = {MARK: str(self.home), "PYTHONUNBUFFERED": "1", **program.environment}
        pairs = ",".join(f"{name}={_quoted(name, value)}" for name, value in environment.items())
        return _PROGRAM.format(
            name=program.name,
            priority=number,
            command=_escaped(shlex.join(program.command)),
            folder=_escaped(program.folder),
            environment=pairs,
            log=_escaped(self.log(program.name)),
            stop_seconds=program.stop_seconds,
        )

    def _call(self, method: str, *arguments: Any) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")  # type: ignore[no-untyped-call]
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)


_HEAD = """\
[unix_http_server]
file = {socket}
chmod = 0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisord]
logfile = {home}/logs/supervisord.log
logfile_maxbytes = 1MB
logfile_backups = 1
pidfile = {home}/supervisord.pid
childlogdir = {home}/logs
minfds = 4096
"""

# Nothing starts by itself: the stack starts each program when what it needs is ready. A program
# that keeps dying is tried for minutes, as an experiment may kill it many times in a row.
_PROGRAM = """\
[program:{name}]
priority = {priority}
command = {command}
directory = {folder}
environment = {environment}
autostart = false
autorestart = true
startsecs = 1
startretries = 20
stopsignal = TERM
stopwaitsecs = {stop_seconds}
stopasgroup = true
killasgroup = true
redirect_stderr = true
stdout_logfile = {log}
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 2
"""


def _escaped(value: object) -> str:
    return str(value).replace("%", "%%")


def _socket_path(home: Path) -> Path:
    """In home, or under the temporary folder where home is too long for a socket's name."""
    path = home / "supervisor.sock"
    if len(str(path)) < _SOCKET_PATH_LIMIT:
        return path
    digest = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"helphood-{os.geteuid()}-{digest}" / "supervisor.sock"


def belonging(home: Path) -> list[int]:
    """Process ids of everything that was started for the stack under home."""
    mark = f"{MARK}={home}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return sorted(set(found) - {os.getpid()})


def _wait_until_gone(home: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while belonging(home) and time.monotonic() < deadline:
        time.sleep(0.1)


def _quoted(name: str, value: str) -> str:
    """For supervisord, which takes quotes of one kind within those of the other."""
    quote = "'" if '"' in value else '"'
    if quote in value or "\n" in value:
        raise CannotRunError(f"{name} must not contain both kinds of quotes, or line breaks")
    return f"{quote}{_escaped(value)}{quote}"
