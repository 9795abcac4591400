"""A RabbitMQ node of our own: own name, ports, cookie, data; never the system's node."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiormq
from aiormq.exceptions import AMQPError

from deploy.local import rabbitmq
from deploy.local.ports import free_ports, listens
from deploy.local.programs import PROJECT, CannotRunError, Child, Program, Server, write_if_changed

DEFINITIONS = PROJECT / "deploy" / "rabbit" / "definitions.json"
_ADVANCED = PROJECT / "deploy" / "rabbit" / "advanced.config"
USER = "helphood"
_NODE = "helphood@localhost"
_START_SECONDS = 110
_BUSY_WAIT = "+sbwt none +sbwtdcpu none +sbwtdio none"
_ERLANG = f"+S 2:2 +SDcpu 1:1 {_BUSY_WAIT} -kernel inet_dist_use_interface {{127,0,0,1}}"


class Broker(Server):
    """One node under folder, with the platform's exchanges and queues already declared.

    ports are those of AMQP, of Erlang's distribution and of its port mapper. definitions may be
    missing: the node then starts empty. metrics_port is where Prometheus may ask; 0: nowhere, which
    saves a second at the start. Use as a context manager, or start() and stop().
    """

    def __init__(
        self,
        folder: Path,
        ports: tuple[int, int, int] | None = None,
        password: str = "local",  # noqa: S107 - of a throw-away node on loopback
        definitions: Path = DEFINITIONS,
        downloads: Path | None = None,
        report: Callable[[str], None] = print,
        metrics_port: int = 0,
    ) -> None:
        self.folder = folder.resolve()
        self.port, self.distribution_port, self.epmd_port = ports or free_ports(3)
        self._password = password
        self._definitions = definitions
        self._downloads = downloads or PROJECT / ".local" / "rabbitmq"
        self._report = report
        self._plugins = (rabbitmq.METRICS_PLUGIN,) if metrics_port else ()
        self._metrics_port = metrics_port
        self._children: tuple[Child, ...] = ()

    @property
    def amqp_url(self) -> str:
        return f"amqp://{USER}:{self._password}@127.0.0.1:{self.port}/"

    @property
    def pid(self) -> int:
        """Of the node; raises CannotRunError before start()."""
        if not self._children:
            raise CannotRunError("the broker was not started")
        return self._children[-1].pid

    @property
    def pids(self) -> list[int]:
        """Of everything that start() started and stop() will end."""
        return [child.pid for child in self._children]

    def programs(self) -> tuple[Program, Program]:
        """The port mapper, to be started first and stopped last, and the node."""
        installed = rabbitmq.provide(self._downloads, self._report)
        home = rabbitmq.slim_home(installed, self.folder / "rabbitmq", self._plugins)
        environment = self._environment(installed, home)
        mapper = (installed.program("epmd"), "-port", str(self.epmd_port))
        return (
            Program("epmd", (*mapper, "-address", "127.0.0.1"), environment, self.folder, 5),
            Program("broker", (str(home / "sbin/rabbitmq-server"),), environment, self.folder),
        )

    def write_configuration(self) -> bool:
        """Configuration and definitions; True when a running node must be restarted for them."""
        for name in ("data", "log", "home"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        changed = [
            write_if_changed(self.folder / "enabled_plugins", f"[{','.join(self._plugins)}].\n"),
            write_if_changed(self.folder / "definitions.json", json.dumps(self._all_definitions())),
            write_if_changed(self.folder / "rabbitmq.conf", self._configuration()),
            write_if_changed(self.folder / "advanced.config", _ADVANCED.read_text()),
        ]
        return any(changed)

    def start(self) -> None:
        """Start the node and wait for it. Raises CannotRunError with what the node said."""
        self.write_configuration()
        self._children = tuple(
            Child(program, self.folder / "log" / f"{program.name}.log")
            for program in self.programs()
        )
        for child in self._children:
            child.start()
        self._children[-1].wait_until(self.ready, _START_SECONDS)

    def stop(self) -> None:
        """End the node in good order, then its port mapper; nothing is left behind."""
        for child in reversed(self._children):
            child.stop()

    def kill(self) -> None:
        """SIGKILL for the node alone, as a crash would; start_again() brings it back.

        RabbitMQ 3.10 writes down that a quorum queue exists up to a second after declaring it;
        a crash within that second leaves the queue without a leader for good.
        """
        self._children[-1].kill()

    def start_again(self) -> None:
        """Start the node anew on the data that it left."""
        self._children[-1].start()
        self._children[-1].wait_until(self.ready, _START_SECONDS)

    def ready(self) -> bool:
        """Whether a client can log in now (also True for a node that somebody else keeps)."""
        return listens(self.port) and amqp_answers(self.amqp_url)

    def control(self, *arguments: str) -> str:
        """What rabbitmqctl prints, e.g. for control("set_vm_memory_high_watermark", "0.4").

        Raises subprocess.CalledProcessError when it refuses. Takes about two seconds.
        """
        program = self.programs()[1]
        command = Path(program.command[0]).with_name("rabbitmqctl")
        done = subprocess.run(
            (str(command), "-n", _NODE, *arguments),
            env=dict(program.environment),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def _environment(self, installed: rabbitmq.RabbitMQ, home: Path) -> dict[str, str]:
        return installed.environment() | {
            "HOME": str(self.folder / "home"),
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_CRASH_DUMP_SECONDS": "0",
            "RABBITMQ_SCRIPTS_DIR": str(home / "sbin"),
            "RABBITMQ_PLUGINS_DIR": str(home / "plugins"),
            # The start script then becomes the node, and needs no shell in between for signals.
            "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_NODENAME": _NODE,
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(self.folder / "broker.pid"),
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _ERLANG,
        }

    def _configuration(self) -> str:
        metrics = (
            "prometheus.tcp.ip = 127.0.0.1",
            f"prometheus.tcp.port = {self._metrics_port}",
        )
        return "\n".join(
            (
                f"listeners.tcp.default = 127.0.0.1:{self.port}",
                f"load_definitions = {self.folder / 'definitions.json'}",
                "vm_memory_high_watermark.absolute = 1GB",
                "disk_free_limit.absolute = 50MB",
                "log.console = true",
                "log.console.level = warning",
                *(metrics if self._metrics_port else ()),
                "",
            )
        )

    def _all_definitions(self) -> dict[str, Any]:
        """The platform's own, with the virtual host and the user that a fresh node lacks."""
        own = json.loads(self._definitions.read_text()) if self._definitions.exists() else {}
        grant = {"user": USER, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}
        return own | {
            "vhosts": [{"name": "/"}],
            "users": [{"name": USER, "password": self._password, "tags": "administrator"}],
            "permissions": [grant],
        }


def amqp_answers(url: str) -> bool:
    """Whether a client can log in at this URL now; callable inside a running event loop too."""

    async def log_in() -> None:
        async with asyncio.timeout(5):
            connection = await aiormq.connect(url)
            await connection.close()

    with ThreadPoolExecutor(1) as pool:
        try:
            pool.submit(asyncio.run, log_in()).result()
        except (OSError, AMQPError, TimeoutError):
            return False
    return True
