"""HTTP load by wrk, which takes a tenth of the CPU that a client in Python would take."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.programs import PROJECT, CannotRunError
from tests.bench.measure import WrongResultError

_SCRIPT = Path(__file__).with_name("load.lua")
_UNPACKED = PROJECT / ".local" / "wrk"
_PACKAGES = ("wrk", "libluajit-5.1-2", "libluajit-5.1-common")


@dataclass(frozen=True)
class Answered:
    """good: answers with a 2xx; p50 and p95 in milliseconds. sent: of a list that is sent once, so
    many from its beginning.
    """

    good: int
    sent: int
    seconds: float
    p50: float
    p95: float


class Load:
    """wrk from the machine, installed from the distribution, or unpacked without root."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._command, self._environment = _provided()

    def put(
        self,
        address: str,
        requests: Iterable[str],
        *,
        headers: Mapping[str, str],
        seconds: float,
        connections: int,
        once: bool = False,
    ) -> Answered:
        """Send "METHOD PATH [BODY]" lines for so long, each but once or round and round.

        WrongResultError when any answer is no 2xx, none came, or requests to be sent but once
        ran out.
        """
        file = self._folder / "requests"
        lines = list(requests)
        file.write_text("".join(f"{line}\n" for line in lines))
        named = [part for item in headers.items() for part in ("-H", ": ".join(item))]
        command = (
            *(self._command, "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s"),
            *("-s", str(_SCRIPT), *named, address, "--", str(file), "once" if once else "ever"),
        )
        done = subprocess.run(
            command, env=self._environment, capture_output=True, text=True, check=True
        )
        found = json.loads(done.stdout.rpartition("result ")[2])
        if found["bad"] or found["errors"] or not found["good"]:
            raise WrongResultError(
                f"{found['bad']} refused, {found['errors']} broken, {found['good']} good: "
                f"{found['first_bad']}"
            )
        if once and found["sent"] > len(lines):
            raise WrongResultError(f"{len(lines)} requests were too few for {seconds} s")
        return Answered(found["good"], found["sent"], found["seconds"], found["p50"], found["p95"])


def _provided() -> tuple[str, dict[str, str]]:
    if found := shutil.which("wrk"):
        return found, dict(os.environ)
    if shutil.which("apt-get") is None:
        raise CannotRunError("wrk is missing: install it")
    if os.geteuid() == 0:
        _apt("apt-get", "install", "-y", "-qq", "--no-install-recommends", "wrk")
        return "wrk", dict(os.environ)
    program = _UNPACKED / "usr/bin/wrk"
    if not program.exists():
        _UNPACKED.mkdir(parents=True, exist_ok=True)
        _apt("apt-get", "download", "-qq", *_PACKAGES)
        for archive in sorted(_UNPACKED.glob("*.deb")):
            _apt("dpkg-deb", "-x", str(archive), ".")
    libraries = os.pathsep.join(map(str, _UNPACKED.glob("usr/lib/*-linux-gnu*")))
    return str(program), os.environ | {"LD_LIBRARY_PATH": libraries}


def _apt(*command: str) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    folder = _UNPACKED if _UNPACKED.exists() else PROJECT
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CannotRunError(f"wrk cannot be had (apt-get install wrk): {done.stderr[-300:]}")
