"""Prometheus for the local stack: from the machine or the distribution, told whom to ask."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.images import distribution
from deploy.local.ports import Ports
from deploy.local.programs import PROJECT, CannotRunError, Program

PACKAGE = "prometheus"
RULES = PROJECT / "deploy" / "observability" / "rules.yml"
SCRAPE_SECONDS = 5
_RELEASE = "bookworm"
"""Debian's last release whose package holds promtool too."""
_KEPT = "12h"

SERIES_LEFT_OUT = "envoy_.*_(cx_length_ms|rq_per_cx|connect_ms|per_socket_event).*"
"""Histograms of the gateway that nothing shows."""


@dataclass(frozen=True)
class Tools:
    """Paths of the server and of the program that checks rules."""

    prometheus: str
    promtool: str


def provide(folder: Path | None = None, report: Callable[[str], None] = print) -> Tools:
    """From the machine, or the distribution's package unpacked into folder, without root.

    Raises CannotRunError where it cannot be had.
    """
    found = shutil.which("prometheus"), shutil.which("promtool")
    if all(found):
        return Tools(str(found[0]), str(found[1]))
    folder = folder or PROJECT / ".local" / PACKAGE
    programs = folder / "usr" / "bin"
    tools = Tools(str(programs / "prometheus"), str(programs / "promtool"))
    if not (Path(tools.prometheus).exists() and Path(tools.promtool).exists()):
        report("prometheus: unpacking the distribution's package (once, some seconds) ...")
        folder.mkdir(parents=True, exist_ok=True)
        distribution.unpack(PACKAGE, _RELEASE, folder)
    return tools


def program(tools: Tools, home: Path, port: int) -> Program:
    """The server under home, listening on loopback; it reads its configuration again by SIGHUP."""
    command = (
        *(tools.prometheus, f"--config.file={home / 'prometheus.yml'}"),
        f"--storage.tsdb.path={home / 'data'}",
        f"--storage.tsdb.retention.time={_KEPT}",
        f"--web.listen-address=127.0.0.1:{port}",
        *("--log.level=warn", "--enable-feature=exemplar-storage"),
    )
    # A machine of one's own has better uses for its cores and memory.
    environment = {"GOMAXPROCS": "1", "GOGC": "50"}
    return Program(PACKAGE, command, environment, stop_seconds=10)


def configuration(
    ports: Ports,
    roles: Mapping[str, tuple[str, str]],
    *,
    gateway: bool,
    broker: bool,
    seconds: int,
) -> str:
    """The same jobs and labels as deploy/observability/prometheus.yml, at the stack's ports.

    roles: process -> (service, role). gateway: whether there is one. broker: whether it is ours,
    and so tells.
    """
    services = [
        {
            "targets": [f"127.0.0.1:{ports.services[process]}"],
            "labels": {"service": service, "role": role},
        }
        for process, (service, role) in roles.items()
    ]
    jobs: list[dict[str, Any]] = [{"job_name": "services", "static_configs": services}]
    if gateway:
        jobs.append(_gateway(f"127.0.0.1:{ports.gateway_admin}"))
    if broker:
        jobs += _broker(f"127.0.0.1:{ports.broker_metrics}")
    return yaml.safe_dump(
        {
            "global": {
                "scrape_interval": f"{seconds}s",
                "scrape_timeout": f"{seconds}s",
                "evaluation_interval": f"{seconds}s",
            },
            "rule_files": [str(RULES)],
            "scrape_configs": jobs,
        },
        sort_keys=False,
    )


def _gateway(address: str) -> dict[str, Any]:
    return {
        "job_name": "gateway",
        "metrics_path": "/stats/prometheus",
        "static_configs": [{"targets": [address]}],
        "metric_relabel_configs": [
            {"source_labels": ["__name__"], "regex": SERIES_LEFT_OUT, "action": "drop"}
        ],
    }


def _broker(address: str) -> list[dict[str, Any]]:
    target = [{"targets": [address]}]
    return [
        {"job_name": "broker", "static_configs": target},
        {
            "job_name": "queues",
            "metrics_path": "/metrics/detailed",
            "params": {"family": ["queue_coarse_metrics", "queue_consumer_count"]},
            "static_configs": target,
        },
    ]


def unavailable(error: CannotRunError) -> str:
    """One line for whoever wonders where it is."""
    return f"prometheus cannot be had here ({str(error).splitlines()[0]}): no metrics are kept"
