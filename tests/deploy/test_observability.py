import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.images import distribution
from deploy.local.programs import PROJECT, CannotRunError
from deploy.local.stack import SERVICES
from shared import telemetry

FOLDER = PROJECT / "deploy" / "observability"
COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
COLLECTORS = ("collector.yaml", "jaeger.yaml")
"""Jaeger is configured as the collector is."""
WITH_PROMTOOL = "bookworm"
"""Later releases of the package come without it."""
SECTIONS = ("receivers", "processors", "exporters")


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text())
    return found


def known(host: str) -> bool:
    return host in COMPOSE["services"] or host == "localhost"


@pytest.mark.parametrize("name", COLLECTORS)
def test_every_part_of_a_pipeline_is_defined_and_every_definition_used(name: str) -> None:
    config = read(name)
    connectors = set(config.get("connectors", {}))
    used: dict[str, set[str]] = {section: set() for section in SECTIONS}
    for pipeline in config["service"]["pipelines"].values():
        for section in SECTIONS:
            used[section] |= set(pipeline.get(section, []))
    # A connector ends one pipeline and begins another.
    assert connectors <= used["receivers"] & used["exporters"]
    for section in SECTIONS:
        assert used[section] - connectors == set(config.get(section, {})), section
    assert set(config["service"].get("extensions", [])) == set(config.get("extensions", {}))


def test_metrics_are_made_of_every_span_and_kept_are_chosen_traces() -> None:
    pipelines = read("collector.yaml")["service"]["pipelines"]
    measured, kept = pipelines["traces/measured"], pipelines["traces/kept"]
    assert "spanmetrics" in measured["exporters"]
    assert "tail_sampling" not in measured["processors"]
    assert "tail_sampling" in kept["processors"]
    assert measured["receivers"] == kept["receivers"] == ["otlp"]
    for pipeline in (measured, kept):
        assert pipeline["processors"][0] == "memory_limiter"


def test_failed_and_slow_traces_are_always_kept() -> None:
    policies = {each["name"]: each for each in policies_of(read("collector.yaml"))}
    assert policies["failed"]["status_code"] == {"status_codes": ["ERROR"]}
    assert policies["slow"]["latency"]["threshold_ms"] <= 500
    for policy in policies.values():
        assert policy["type"] in policy, "a policy without its settings chooses nothing"


def policies_of(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for policy in config["processors"]["tail_sampling"]["policies"]:
        yield policy
        yield from policy.get("and", {}).get("and_sub_policy", [])


def test_spans_are_measured_with_the_bounds_of_the_services_own_histograms() -> None:
    buckets = read("collector.yaml")["connectors"]["spanmetrics"]["histogram"]["explicit"]
    ours = telemetry.REQUEST_SECONDS._upper_bounds[:-1]
    assert [seconds(each) for each in buckets["buckets"]] == pytest.approx(ours)


def seconds(duration: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(ms|s)", duration).groups()  # type: ignore[union-attr]
    return float(number) * {"ms": 0.001, "s": 1}[unit]


@pytest.mark.parametrize("name", [*COLLECTORS, "prometheus.yml", "grafana/datasources.yaml"])
def test_every_address_is_a_container_of_the_deployment(name: str) -> None:
    text = re.sub(r"#.*", "", (FOLDER / name).read_text())
    hosts = set(re.findall(r"(?:http://|[\"\s\[])([a-z][a-z-]+):\d{2,5}\b", text))
    assert hosts or name == "collector.yaml"
    assert all(known(host) for host in hosts), hosts


def test_prometheus_asks_every_process_and_everybody_who_watches() -> None:
    jobs = {each["job_name"]: each for each in read("prometheus.yml")["scrape_configs"]}
    names = {*SERVICES, *(f"{name}-worker" for name in SERVICES)}
    assert set(jobs["services"]["dns_sd_configs"][0]["names"]) == names
    targets = [
        target
        for job in jobs.values()
        for each in job.get("static_configs", [])
        for target in each["targets"]
    ]
    assert {"broker:15692", "otel-collector:8889", "otel-collector:8888"} <= set(targets)
    collector = read("collector.yaml")
    assert collector["exporters"]["prometheus"]["endpoint"].endswith(":8889")


def test_prometheus_can_reach_whom_it_asks() -> None:
    services = COMPOSE["services"]
    mine = set(services["prometheus"]["networks"])
    asked = {*SERVICES, *(f"{name}-worker" for name in SERVICES), "gateway", "broker"}
    for name in asked | {"otel-collector", "jaeger"}:
        assert mine & set(services[name]["networks"]), name


def test_grafana_leads_from_metrics_to_traces_and_back() -> None:
    sources = {each["uid"]: each for each in read("grafana/datasources.yaml")["datasources"]}
    exemplars = sources["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]
    assert [each["datasourceUid"] for each in exemplars] == ["jaeger"]
    assert sources["jaeger"]["jsonData"]["tracesToMetrics"]["datasourceUid"] == "prometheus"
    assert read("collector.yaml")["connectors"]["spanmetrics"]["exemplars"]["enabled"] is True
    assert read("collector.yaml")["exporters"]["prometheus"]["enable_open_metrics"] is True


@pytest.fixture(scope="module")
def promtool() -> str:
    """From the machine, or unpacked from the distribution's package."""
    if found := shutil.which("promtool"):
        return found
    folder = PROJECT / ".local" / "prometheus"
    unpacked = folder / "usr" / "bin" / "promtool"
    if not unpacked.exists():
        try:
            distribution.unpack("prometheus", WITH_PROMTOOL, folder)
        except CannotRunError as error:
            pytest.skip(f"no promtool here: {error}")
    return str(unpacked)


def test_prometheus_itself_accepts_its_configuration(promtool: str, tmp_path: Path) -> None:
    def check(file: Path) -> subprocess.CompletedProcess[str]:
        command = (promtool, "check", "config", "--lint-fatal", str(file))
        return subprocess.run(command, capture_output=True, text=True, check=False)

    checked = check(FOLDER / "prometheus.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    broken = tmp_path / "prometheus.yml"
    broken.write_text((FOLDER / "prometheus.yml").read_text().replace("port: 8000", "prot: 8000"))
    assert check(broken).returncode != 0
