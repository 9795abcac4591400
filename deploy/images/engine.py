"""The container engine: found on this machine, or Debian's own, installed and started by us."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

from deploy.images import distribution
from deploy.local.programs import (
    PROJECT,
    CannotRunError,
    Child,
    Program,
    Server,
    said,
    wait_until,
    write_if_changed,
)

HOME = PROJECT / ".local" / "engine"
_PACKAGES = ("docker.io", "iptables", "mmdebstrap", "debian-archive-keyring")
_BESIDES = ("docker-cli", "docker-buildx")
"""In packages of their own in newer releases, and part of docker.io before."""
_CLIENTS = ("docker", "/usr/bin/docker")
_COMPOSE = (2, 23)
"""The first with configs whose content stands in the file itself."""
_ANSWER_SECONDS = 10
_START_SECONDS = 60


@dataclass(frozen=True)
class Engine:
    """A daemon that answers. host is the client's DOCKER_HOST; empty: the client knows itself."""

    host: str

    @property
    def environment(self) -> dict[str, str]:
        """For whatever program speaks to this engine."""
        return {"DOCKER_HOST": self.host} if self.host else {}

    @cached_property
    def client(self) -> str:
        """A client that can build with BuildKit: it is part of old ones, a plug-in of new ones.

        Raises CannotRunError when there is none.
        """
        for name in _CLIENTS:
            version = _said((name, "version", "--format", "{{.Client.Version}}"), self.environment)
            if version and (
                int(version.split(".")[0]) < 23 or _said((name, "buildx", "version"), {})
            ):
                return name
        raise CannotRunError("no docker client here can build: apt-get install docker-buildx")

    def run(self, *arguments: str, stdin: IO[bytes] | None = None) -> str:
        """What the client prints. Raises CannotRunError with the last lines of its complaint."""
        done = subprocess.run(
            (self.client, *arguments),
            env=os.environ | self.environment | {"DOCKER_BUILDKIT": "1"},
            stdin=stdin or subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines()[-12:]
            raise CannotRunError(f"docker {arguments[0]} failed:\n" + "\n".join(lines))
        return done.stdout.decode().strip()

    def compose(self, report: Callable[[str], None] = print) -> tuple[str, ...]:
        """The command of Compose 2, the distribution's unpacked if there is none.

        Raises CannotRunError when it cannot be had.
        """
        own = PROJECT / ".local" / "compose"
        unpacked = own / "usr/libexec/docker/cli-plugins/docker-compose"
        candidates: list[tuple[str, ...]] = [(name, "compose") for name in _CLIENTS]
        candidates += [("docker-compose",), (str(unpacked),)]
        if found := next(filter(_is_recent_compose, candidates), None):
            return found
        report("compose: unpacking docker-compose from the distribution (once) ...")
        distribution.unpack("docker-compose", distribution.NEWER, own)
        return (str(unpacked),)


def find() -> Engine | None:
    """The engine of the environment or the machine, or the one that we started."""
    for host in (os.environ.get("DOCKER_HOST", ""), Daemon().host):
        if _answers(host):
            return Engine(host)
    return None


class Daemon(Server):
    """An engine of our own: its images stay under .local/, nothing of it runs after stop()."""

    def __init__(self, home: Path = HOME) -> None:
        self._home = home.resolve()
        # A socket's path may be about a hundred characters long, wherever the project lies.
        place = hashlib.sha256(str(self._home).encode()).hexdigest()[:8]
        self._run = Path("/run") / f"helphood-engine-{place}"
        self._pid_file = self._home / "engine.json"
        self._child: Child | None = None

    @property
    def host(self) -> str:
        return f"unix://{self._run / 'docker.sock'}"

    @property
    def engine(self) -> Engine:
        return Engine(self.host)

    def start(self) -> None:
        """Start the daemon and wait for it. Raises CannotRunError with what it said."""
        daemon = shutil.which("dockerd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if daemon is None or os.geteuid() != 0:
            raise CannotRunError("an engine can be started by root only, once docker.io is there")
        self._home.mkdir(parents=True, exist_ok=True)
        self._run.mkdir(parents=True, exist_ok=True)
        command = (
            *(daemon, "--data-root", str(self._home / "data"), "--host", self.host),
            *("--exec-root", str(self._run / "exec"), "--pidfile", str(self._run / "docker.pid")),
        )
        log = self._home / "engine.log"
        self._child = Child(Program("engine", command, stop_seconds=30), log)
        self._child.start()
        write_if_changed(self._pid_file, json.dumps({"pid": self._child.pid}))
        try:
            self._child.wait_until(lambda: _answers(self.host), _START_SECONDS)
        except CannotRunError:
            self.stop()
            raise

    def stop(self) -> None:
        """End it, and its containers with it; harmless when it does not run."""
        if not self._pid_file.exists():
            return
        pid = int(json.loads(self._pid_file.read_text())["pid"])
        if self._child is not None:
            self._child.stop()
        elif _is_daemon(pid):
            os.kill(pid, signal.SIGTERM)
            wait_until(
                lambda: not _is_daemon(pid),
                _START_SECONDS,
                "the end of the engine",
                died=lambda: False,
                log=self._home / "engine.log",
            )
        self._pid_file.unlink()
        shutil.rmtree(self._run, ignore_errors=True)


def install(report: Callable[[str], None] = print) -> None:
    """Engine and tools from the distribution. Raises CannotRunError where that is not possible."""
    if shutil.which("dockerd") and shutil.which("mmdebstrap"):
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise CannotRunError(
            f"as root on Debian or Ubuntu: apt-get install {' '.join(_PACKAGES)}; "
            "elsewhere, install a container engine and mmdebstrap"
        )
    report("engine: installing docker.io with apt-get (once, about half a minute) ...")
    HOME.mkdir(parents=True, exist_ok=True)
    log = HOME / "apt.log"
    _apt(("update", "-qq"), log)
    besides = [name for name in _BESIDES if _said(("apt-cache", "show", name), {})]
    options = ("-y", "-qq", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0")
    if not _apt(("install", *options, *_PACKAGES, *besides), log):
        raise CannotRunError(f"apt-get cannot install {_PACKAGES[0]}{said(log, 4)}")


def _apt(arguments: Sequence[str], log: Path) -> bool:
    with log.open("ab") as output:
        done = subprocess.run(
            ("apt-get", *arguments),
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return done.returncode == 0


def _answers(host: str) -> bool:
    """Whether a daemon is behind this host, asked by any client there is."""
    environment = {"DOCKER_HOST": host} if host else {}
    question = ("version", "--format", "{{.Server.Version}}")
    return any(_said((name, *question), environment) for name in _CLIENTS)


def _is_recent_compose(command: tuple[str, ...]) -> bool:
    found = re.match(r"v?(\d+)\.(\d+)", _said((*command, "version", "--short"), {}))
    return found is not None and (int(found[1]), int(found[2])) >= _COMPOSE


def _is_daemon(pid: int) -> bool:
    """False for a process that has ended and is not buried yet, too: it has no command line."""
    try:
        return b"dockerd" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _said(command: tuple[str, ...], environment: dict[str, str]) -> str:
    """What a program prints on its success; empty when it fails, hangs or is not there."""
    try:
        done = subprocess.run(
            command,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_ANSWER_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
