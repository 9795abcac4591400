"""The map of the system on one machine: which processes there are, and how they are told."""

import contextlib
import fcntl
import http.client
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self

from deploy.local import prometheus
from deploy.local.broker import Broker, amqp_answers
from deploy.local.database import Database, mongo_answers
from deploy.local.keeper import Keeper, State
from deploy.local.ports import Ports, listens, refuse_taken
from deploy.local.programs import (
    PROJECT,
    CannotRunError,
    Program,
    wait_until,
    write_if_changed,
)
from deploy.local.secret_file import SecretFile
from shared.settings import ServiceSettings

HOME = PROJECT / ".local"
GATEWAY_PORT = 8080
SERVICES: Mapping[str, str] = {
    name: f"services.{name}.app:create"
    for name in ("identity", "profiles", "jobs", "messaging", "reviews")
}
"""Service to its application factory, in order of start."""
_READY_SECONDS = 180
_MEMORY = "stack.json"
_LOCK = "up.lock"
"""Made by every start before anything else, so it tells a stack's home from other folders."""
PLATFORM_ADMIN = "admin@helphood.example"
"""Its password is among the stack's secrets, as platform_admin_password."""
_GROUND = ("epmd", "broker", "database")
"""Left running when a running stack is brought up again, as they hold no code of ours."""

Checks = Mapping[str, Callable[[], bool]]
"""Program to what tells that it is ready."""


@dataclass(frozen=True)
class Stack:
    """One platform under home. amqp_url and mongo_url, when given, replace the own ones.

    workers gives services worker processes of their own, as in production; a service without
    any is one process that does both. line_tests: tenant -> where its line test is asked. Progress
    is reported line by line. A stack without a gateway serves tests of single services.
    """

    home: Path
    ports: Ports
    services: Mapping[str, str] = field(default_factory=lambda: SERVICES)
    workers: Mapping[str, int] = field(default_factory=dict)
    gateway: bool = True
    amqp_url: str = ""
    mongo_url: str = ""
    otlp_endpoint: str = ""
    line_tests: Mapping[str, str] = field(default_factory=dict)
    report: Callable[[str], None] = print

    @classmethod
    def from_environment(cls, home: Path = HOME) -> Self:
        """PORT, AMQP_URL, MONGO_URL and OTEL_EXPORTER_OTLP_ENDPOINT say what differs.

        Spans go to the stack's own trace page unless told otherwise.
        """
        port = os.environ.get("PORT") or str(GATEWAY_PORT)
        if not port.isdecimal():
            raise CannotRunError(f"PORT must be a number, not {port!r}")
        ports = Ports.block(int(port), SERVICES)
        return cls(
            home.resolve(),
            ports,
            amqp_url=os.environ.get("AMQP_URL", ""),
            mongo_url=os.environ.get("MONGO_URL", ""),
            otlp_endpoint=os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
            or f"http://127.0.0.1:{ports.traces}",
        )

    @classmethod
    def running(cls, home: Path = HOME) -> Self:
        """The stack as it was last brought up. Raises CannotRunError when there is none."""
        home = home.resolve()
        try:
            known = json.loads((home / _MEMORY).read_text())
        except FileNotFoundError:
            raise CannotRunError("no stack was started here yet: make demo") from None
        return cls(home, Ports.from_dict(known.pop("ports")), **known)

    @property
    def keeper(self) -> Keeper:
        return Keeper(self.home)

    @property
    def secrets(self) -> SecretFile:
        return SecretFile(self.home / "secrets.json")

    @property
    def clock_file(self) -> Path:
        """Seconds written here shift the business clock of every service."""
        return self.home / "clock"

    @property
    def mail_folder(self) -> Path:
        return self.home / "mail"

    @property
    def broker_url(self) -> str:
        return self.amqp_url or self.broker().amqp_url

    @property
    def database_url(self) -> str:
        return self.mongo_url or self.database().mongo_url

    def address(self, host: str = "127.0.0.1") -> str:
        """The gateway's, for a tenant's host."""
        return f"http://{host}:{self.ports.gateway}"

    def service_address(self, name: str) -> str:
        """Straight to a service, past the gateway."""
        return f"http://127.0.0.1:{self.ports.services[name]}"

    def broker(self) -> Broker:
        """Our own node, whether it runs or not."""
        ports = (self.ports.amqp, self.ports.distribution, self.ports.epmd)
        password = self.secrets.get("broker_password")
        return Broker(
            *(self.home / "broker", ports, password),
            report=self.report,
            metrics_port=self.ports.broker_metrics,
        )

    def database(self) -> Database:
        """Our own server, whether it runs or not."""
        return Database(self.home / "database", self.ports.mongo)

    # The map ------------------------------------------------------------------------------

    def programs(self) -> list[Program]:
        """Every process of this stack, in order of start."""
        programs: list[Program] = []
        if not self.amqp_url:
            programs += self.broker().programs()
        if not self.mongo_url:
            programs.append(self.database().program())
        programs.append(self._mail_program())
        programs += [self._service_program(name) for name in self.services]
        programs += [self._worker_program(name) for name in worker_names(self.workers)]
        if self.gateway:
            programs.append(self._gateway_program())
        return programs

    def service_environment(self, name: str) -> dict[str, str]:
        """What one service is told; the names are the upper-case fields of its settings."""
        keys = f"{self.service_address('identity')}/.well-known/jwks.json"
        return {
            "AMQP_URL": self.broker_url,
            "MONGO_URL": self.database_url,
            "ROLE": "api" if self.workers.get(name) else "all",
            "JWKS_URL": keys,
            "TOKEN_ISSUER": _token_issuer(),
            "CURSOR_SECRET": self.secrets.get(f"{name}_cursor_secret"),
            "PUBLIC_PORT": str(self.ports.gateway),
            "SMTP_URL": f"smtp://127.0.0.1:{self.ports.smtp}",
            "CLOCK_OFFSET_FILE": str(self.clock_file),
            "ENVIRONMENT": "local",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.otlp_endpoint,
            **self._own_environment(name),
        }

    def _own_environment(self, name: str) -> dict[str, str]:
        """What this service alone is told."""
        if name == "profiles":
            return {"FILE_SECRET": self.secrets.get("file_secret")}
        if name == "jobs":
            asked = {"LINE_TESTS": json.dumps(dict(self.line_tests))} if self.line_tests else {}
            return {"FILE_SECRET": self.secrets.get("jobs_file_secret"), **asked}
        if name != "identity":
            return {}
        return {
            "KEY_SECRET": self.secrets.get("key_secret"),
            "PLATFORM_ADMIN_EMAIL": PLATFORM_ADMIN,
            "PLATFORM_ADMIN_PASSWORD": self.secrets.get("platform_admin_password"),
        }

    def _service_program(self, name: str) -> Program:
        command = (
            *(sys.executable, "-m", "uvicorn", "--factory", self.services[name]),
            *("--host", "127.0.0.1", "--port", str(self.ports.services[name])),
            *("--no-access-log", "--no-server-header", "--timeout-graceful-shutdown", "10"),
        )
        return Program(name, command, self.service_environment(name))

    def _worker_program(self, name: str) -> Program:
        service = worker_names(self.workers)[name]
        environment = self.service_environment(service) | {"ROLE": "worker"}
        port = ("--port", str(self.ports.services[name]))
        command = (sys.executable, "-m", "shared.server", self.services[service], *port)
        return Program(name, command, environment)

    def _mail_program(self) -> Program:
        sink = ("--port", str(self.ports.smtp), "--folder", str(self.mail_folder))
        return Program("mail", (sys.executable, "-m", "deploy.local.mail_sink", *sink))

    def _gateway_program(self) -> Program:
        envoy = str(Path(sys.executable).with_name("envoy"))
        # Hot restart would share memory and socket names with every other Envoy of the machine.
        options = ("--concurrency", "1", "--log-level", "warning", "--disable-hot-restart")
        return Program("gateway", (envoy, "-c", str(self.home / "envoy.yaml"), *options))

    def _traces_program(self) -> Program:
        page = ("--port", str(self.ports.traces), "--file", str(self.home / "traces.sqlite"))
        metrics = ("--prometheus", f"http://127.0.0.1:{self.ports.prometheus}")
        return Program("traces", (sys.executable, "-m", "deploy.local.traces", *page, *metrics))

    # Up and down --------------------------------------------------------------------------

    def up(self) -> float:
        """Start everything, or bring a running stack up to date; the seconds it took.

        All together: whoever needs another that is not there yet waits for it, as it would at
        any time. Raises CannotRunError with one line on what to do.
        """
        began = time.monotonic()
        self.home.mkdir(parents=True, exist_ok=True)
        with self._alone():
            self._refuse_silent_neighbours()
            self._prepare()
            self._start(self._checks(), began)
        seconds = time.monotonic() - began
        self.report(f"ready after {seconds:.1f} s")
        return seconds

    def watch(self, seconds: int = prometheus.SCRAPE_SECONDS) -> None:
        """Start what shows traces and metrics, beside a stack that is up.

        Metrics are asked for every so many seconds. Where Prometheus cannot be had this is said,
        and there are no metrics.
        """
        watchers = [self._traces_program()]
        checks: dict[str, Callable[[], bool]] = {
            "traces": partial(_says_ready, self.ports.traces, "/healthz")
        }
        try:
            tools = prometheus.provide(report=self.report)
        except CannotRunError as error:
            self.report(prometheus.unavailable(error))
        else:
            home, port = self.home / "prometheus", self.ports.prometheus
            asked = prometheus.configuration(
                self.ports,
                self._roles(),
                gateway=self.gateway,
                broker=not self.amqp_url,
                seconds=seconds,
            )
            write_if_changed(home / "prometheus.yml", asked)
            watchers.append(prometheus.program(tools, home, port))
            checks["prometheus"] = partial(_says_ready, port, "/-/ready")
        with self._alone():
            self.keeper.write([*self.programs(), *watchers])
            self.keeper.update()
            self._start(checks, time.monotonic())

    def _roles(self) -> dict[str, tuple[str, str]]:
        """Process -> its service and role."""
        roles = {name: (name, "api" if self.workers.get(name) else "all") for name in self.services}
        return roles | {name: (of, "worker") for name, of in worker_names(self.workers).items()}

    def down(self) -> None:
        """Stop everything; afterwards no process of this stack is left."""
        keeper = self.keeper
        if keeper.alive:
            names = keeper.states()
            keeper.stop(*(name for name in names if name not in _GROUND))
            keeper.stop(*(name for name in names if name in {"broker", "database"}))
            keeper.stop(*(name for name in names if name == "epmd"))
        keeper.down()

    def clean(self) -> None:
        """Stop everything and forget the data, the secrets and the logs."""
        self.down()
        if (self.home / _LOCK).exists():
            shutil.rmtree(self.home)

    def status(self) -> dict[str, State]:
        """State by program; empty when the stack is down."""
        return self.keeper.states() if self.keeper.alive else {}

    def _prepare(self) -> None:
        """Write every file that a program reads, and have supervisord know the programs."""
        keeper = self.keeper
        if not (keeper.alive and self._is_the_running_one()):
            self.down()
            refuse_taken(self._own_ports())
        programs = self.programs()
        replaced = {program.name for program in programs} - {*_GROUND}
        if not self.amqp_url and self.broker().write_configuration():
            replaced.add("broker")
        if not self.mongo_url:
            self.database().folder.mkdir(exist_ok=True)
        if self.gateway:
            self._write_gateway()
        self.mail_folder.mkdir(exist_ok=True)
        write_if_changed(self.home / _MEMORY, self._memory())
        keeper.write(programs)
        if keeper.alive:
            self.report("a stack is running here: its services are started anew")
            keeper.update()
            keeper.stop(*replaced)
        else:
            keeper.start_daemon()

    def _write_gateway(self) -> None:
        # Imported here, as stacks without a gateway need none of it.
        from deploy.gateway import config

        config.write(
            self.home / "envoy.yaml",
            listen_port=self.ports.gateway,
            admin_port=self.ports.gateway_admin,
            service_ports={name: self.ports.services[name] for name in self.services},
            otlp_endpoint=self.otlp_endpoint or None,
            token_issuer=_token_issuer(),
        )

    def _checks(self) -> Checks:
        """How to tell that each program is ready, in the order in which that is waited for."""
        checks: dict[str, Callable[[], bool]] = {}
        if not self.amqp_url:
            checks |= {"epmd": partial(listens, self.ports.epmd), "broker": self.broker().ready}
        if not self.mongo_url:
            checks["database"] = self.database().ready
        checks["mail"] = partial(listens, self.ports.smtp)
        for name in (*self.services, *worker_names(self.workers)):
            checks[name] = partial(_says_ready, self.ports.services[name], "/readyz")
        if self.gateway:
            checks["gateway"] = partial(_says_ready, self.ports.gateway_admin, "/ready")
        return checks

    def _start(self, checks: Checks, began: float) -> None:
        """Start the programs and wait until each of them is ready."""
        keeper = self.keeper
        keeper.start(*checks)
        first_pids = {name: keeper.state(name).pid for name in checks}
        for name, ready in checks.items():
            wait_until(
                ready,
                _READY_SECONDS,
                name,
                died=partial(_died, keeper, name, first_pids[name]),
                log=keeper.log(name),
                still_waiting=partial(self._report_waiting, name),
            )
            self.report(f"  {name:<10} ready at {time.monotonic() - began:4.1f} s")

    def _report_waiting(self, name: str, seconds: float) -> None:
        self.report(f"  still waiting for {name} ({seconds:.0f} s)")

    def _refuse_silent_neighbours(self) -> None:
        if self.amqp_url and not amqp_answers(self.amqp_url):
            raise CannotRunError("no broker lets us in at AMQP_URL: correct it, or leave it out")
        if self.mongo_url and not mongo_answers(self.mongo_url):
            raise CannotRunError("no database answers at MONGO_URL: correct it, or leave it out")

    def _own_ports(self) -> dict[str, int]:
        ports = self.ports.named()
        brokers = {"amqp", "distribution", "epmd", "broker_metrics"}
        foreign = brokers if self.amqp_url else set()
        foreign |= {"mongo"} if self.mongo_url else set()
        foreign |= set() if self.gateway else {"gateway", "gateway_admin"}
        return {name: port for name, port in ports.items() if name not in foreign}

    def _memory(self) -> str:
        """What running() needs to know of this stack, as JSON."""
        return json.dumps(
            {
                "ports": self.ports.as_dict(),
                "services": dict(self.services),
                "workers": dict(self.workers),
                "gateway": self.gateway,
                "amqp_url": self.amqp_url,
                "mongo_url": self.mongo_url,
                "otlp_endpoint": self.otlp_endpoint,
                "line_tests": dict(self.line_tests),
            },
            indent=2,
        )

    def _is_the_running_one(self) -> bool:
        path = self.home / _MEMORY
        return path.exists() and path.read_text() == self._memory()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Two starts at once would fight over the same processes."""
        with (self.home / _LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CannotRunError("the stack is being started by somebody else") from None
            yield


def worker_names(workers: Mapping[str, int]) -> dict[str, str]:
    """Program to service, for so many workers of each service; each needs a port of its name."""
    return {
        f"{service}-worker-{number}": service
        for service, count in workers.items()
        for number in range(1, count + 1)
    }


def _token_issuer() -> str:
    issuer: str = ServiceSettings.model_fields["token_issuer"].default
    return issuer


def _says_ready(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _died(keeper: Keeper, name: str, first_pid: int) -> bool:
    """A new pid means that supervisord had to start it again."""
    state = keeper.state(name)
    return state.failed or state.pid != first_pid
