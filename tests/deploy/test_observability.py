import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local import prometheus
from deploy.local.ports import Ports
from deploy.local.programs import PROJECT, CannotRunError
from deploy.local.stack import SERVICES
from shared import telemetry

FOLDER = PROJECT / "deploy" / "observability"
COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
COLLECTORS = ("collector.yaml", "jaeger.yaml")
"""Jaeger is configured as the collector is."""
CASES = sorted((PROJECT / "tests" / "observability").glob("*.yml"))
"""What promtool is to find of the alerts."""
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
    try:
        return prometheus.provide().promtool
    except CannotRunError as error:
        pytest.skip(f"no promtool here: {error}")


def test_prometheus_itself_accepts_its_configuration(promtool: str, tmp_path: Path) -> None:
    checked = run(promtool, "check", "config", "--lint-fatal", FOLDER / "prometheus.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    broken = tmp_path / "prometheus.yml"
    broken.write_text((FOLDER / "prometheus.yml").read_text().replace("port: 8000", "prot: 8000"))
    assert run(promtool, "check", "config", "--lint-fatal", broken).returncode != 0


def run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(each) for each in command], capture_output=True, text=True)


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_alerts_fire_when_they_should_and_only_then(promtool: str, file: Path) -> None:
    tested = run(promtool, "test", "rules", file)
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_a_rule_that_is_wrong_is_noticed(promtool: str, tmp_path: Path) -> None:
    [cases] = [file for file in CASES if file.stem == "alerts"]
    rules, copy = tmp_path / "rules.yml", tmp_path / "alerts.yml"
    rules.write_text((FOLDER / "rules.yml").read_text().replace("_age_seconds) > 60", ") > 6"))
    copy.write_text(cases.read_text().replace("../../deploy/observability/rules.yml", str(rules)))
    assert run(promtool, "test", "rules", copy).returncode != 0


def test_every_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    fires: dict[str, set[bool]] = {}
    for case in (case for file in CASES for case in yaml.safe_load(file.read_text())["tests"]):
        alert = case["name"].split(":")[0]
        [expected] = case["promql_expr_test"]
        assert f'alertname="{alert}", alertstate="firing"' in expected["expr"]
        fires.setdefault(alert, set()).add(bool(expected["exp_samples"]))
    assert fires == {rule["alert"]: {True, False} for rule in alerts()}


def alerts() -> list[dict[str, Any]]:
    return [
        rule for group in read("rules.yml")["groups"] for rule in group["rules"] if "alert" in rule
    ]


def test_every_alert_says_how_urgent_it_is_and_has_an_entry_in_the_runbook() -> None:
    entries = re.findall(r"^### (\w+)$", (PROJECT / "docs" / "runbook.md").read_text(), re.M)
    assert sorted(entries) == sorted(rule["alert"] for rule in alerts())
    for rule in alerts():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"
        assert rule["annotations"]["summary"]


def test_the_local_stack_is_asked_by_the_same_names() -> None:
    roles = {name: (name, "all") for name in SERVICES}
    local = yaml.safe_load(
        prometheus.configuration(Ports.free(SERVICES), roles, gateway=True, broker=True, seconds=5)
    )
    here = {each["job_name"]: each for each in local["scrape_configs"]}
    there = {each["job_name"]: each for each in read("prometheus.yml")["scrape_configs"]}
    assert set(here) == set(there) - {"spans", "watchers"}
    assert here["queues"]["params"] == there["queues"]["params"]
    [dropped] = there["gateway"]["metric_relabel_configs"]
    assert here["gateway"]["metric_relabel_configs"] == [dropped]
    labels = {each["target_label"] for each in there["services"]["relabel_configs"]}
    assert all(set(each["labels"]) == labels for each in here["services"]["static_configs"])


def test_grafana_is_given_every_dashboard_where_it_looks() -> None:
    [provider] = read("grafana/folder.yaml")["providers"]
    given = {
        Path(each["target"]): COMPOSE["configs"][each["source"]]["file"]
        for each in COMPOSE["services"]["grafana"]["configs"]
    }
    shown = {
        file for target, file in given.items() if target.is_relative_to(provider["options"]["path"])
    }
    folder = FOLDER / "grafana" / "dashboards"
    assert shown == {str(file.relative_to(PROJECT)) for file in folder.iterdir()}
    home = COMPOSE["services"]["grafana"]["environment"]
    assert Path(home["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]) in given


def test_rules_lie_where_prometheus_looks() -> None:
    mounted = {each["target"] for each in COMPOSE["services"]["prometheus"]["configs"]}
    assert {f"/etc/prometheus/{name}" for name in read("prometheus.yml")["rule_files"]} < mounted
