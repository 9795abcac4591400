"""Broker, database and the processes that are measured: started once, ended whatever happens."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from pymongo import MongoClient

from deploy.local.broker import Broker
from deploy.local.database import Database
from deploy.local.ports import free_ports, listens
from deploy.local.programs import PROJECT, Child, Program
from shared.contracts.base import Delivered
from shared.contracts.identity import TenantConfigured, TenantFacts
from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id
from shared.replicas import TenantReplica, TenantRow
from shared.store import Database as Store
from tests.bench.wrk import Load
from tests.shared.tokens import TokenMaker
from tests.tenants import TENANTS

PATIENCE = 60.0


class Ground:
    """A context manager; folder holds everything that is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tokens = TokenMaker()
        self.load = Load(folder)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            broker = Broker(self.folder / "broker", definitions=Path("/nonexistent"))
            self.broker = stack.enter_context(broker)
            self.database = stack.enter_context(Database(self.folder / "database"))
            self.mongo: MongoClient[dict[str, Any]] = MongoClient(
                self.database.mongo_url, tz_aware=True
            )
            stack.callback(self.mongo.close)
            self.tokens.write_jwks(self.folder / "jwks.json")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def pids(self) -> dict[str, int]:
        """Of what all sides share."""
        return {"broker": self.broker.pid, "database": self.database.pid}

    def environment(self, role: str = "api") -> dict[str, str]:
        """What a service of ours, or a floor, is told."""
        return {
            "AMQP_URL": self.broker.amqp_url,
            "MONGO_URL": self.database.mongo_url,
            "ROLE": role,
            "JWKS_URL": f"file://{self.folder / 'jwks.json'}",
            "CURSOR_SECRET": "c" * 32,
            "FILE_SECRET": "f" * 32,
            "PYTHONPATH": str(PROJECT),
            "TRACE_RATIO": "0.1",
        }

    def web(self, name: str, factory: str, **environment: str) -> "Web":
        """An ASGI application by uvicorn, started as the local stack starts services."""
        port = free_ports(1)[0]
        command = (
            *(sys.executable, "-m", "uvicorn", "--factory", factory, "--host", "127.0.0.1"),
            *("--port", str(port), "--no-access-log", "--no-server-header"),
        )
        return Web(self.program(name, command, port, **environment), port)

    def program(self, name: str, command: tuple[str, ...], port: int, **environment: str) -> Child:
        """A process that listens at this port by the time this returns."""
        program = Program(name, command, self.environment() | environment)
        child = Child(program, self.folder / f"{name}.log")
        self._stack.callback(child.stop)
        child.start()
        child.wait_until(lambda: listens(port), PATIENCE)
        return child

    def worker(self, name: str, module: str, *arguments: str, role: str = "api") -> "Worker":
        """A module of ours as a process that is told over its standard input what to do."""
        worker = Worker(name, (module, *arguments), self.environment(role), self.folder)
        self._stack.callback(worker.stop)
        return worker

    async def know_tenants(self, database: str) -> None:
        """Both tenants in a service's replica, as their events would leave them there."""
        store = Store(self.database.mongo_url, database)
        for slug, facts in TENANTS.items():
            await TenantReplica(store, slug).put(TenantRow(slug, facts), _configured(slug, facts))
        store.close()


class Web:
    """An application that answers at address."""

    def __init__(self, child: Child, port: int) -> None:
        self._child = child
        self.address = f"http://127.0.0.1:{port}"

    @property
    def pid(self) -> int:
        return self._child.pid


class Worker:
    """Another process and the pipe to it; one JSON value a line in each direction."""

    def __init__(
        self, name: str, module: tuple[str, ...], environment: Mapping[str, str], folder: Path
    ) -> None:
        self.notes = folder / f"{name}.applied"
        self.notes.touch()
        self._log = (folder / f"{name}.log").open("ab")
        self._process = subprocess.Popen(
            (sys.executable, "-m", *module),
            env={**os.environ, **environment, "BENCH_NOTES": str(self.notes)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._name = name

    @property
    def pid(self) -> int:
        return self._process.pid

    def ready(self) -> None:
        """Waits until it says so."""
        self._read()

    def ask(self, **order: Any) -> Any:
        """The answer to one order. RuntimeError when the process is gone."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._read()

    def applied(self) -> dict[str, list[int]]:
        """Unit -> when it was applied (monotonic nanoseconds), each time that it was."""
        found: dict[str, list[int]] = {}
        for line in self.notes.read_text().splitlines():
            unit, _, at = line.partition(" ")
            found.setdefault(unit, []).append(int(at))
        return found

    def applied_at_least(self, count: int, patience: float) -> None:
        """Waits until that many units, or patience (seconds) is over."""
        end = time.monotonic() + patience
        while self.notes.read_bytes().count(b"\n") < count and time.monotonic() < end:
            time.sleep(0.02)

    def forget(self) -> None:
        """Before a round: notes are about this round alone."""
        with self.notes.open("r+") as file:
            file.truncate()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._log):
            if pipe is not None:
                pipe.close()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._name} ended; see {self._log.name}")
        return json.loads(line)


def until(look: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Poll; TimeoutError says what did not come."""
    end = time.monotonic() + patience
    while not look():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} took longer than {patience:.0f} s")
        time.sleep(0.05)


def _configured(slug: str, facts: TenantFacts) -> Delivered[Any]:
    return Delivered(new_id("evt"), slug, slug, 1, utc_now(), TenantConfigured(facts))
