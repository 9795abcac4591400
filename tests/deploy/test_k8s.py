"""The manifests for Kubernetes, put together as kubectl does it, by the published schemas."""

import importlib
import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploy.images import distribution
from deploy.local import prometheus
from deploy.local.programs import PROJECT, CannotRunError
from deploy.local.prometheus import RULES
from deploy.local.stack import SERVICES
from shared.settings import ServiceSettings

FOLDER = PROJECT / "deploy" / "k8s"
RELEASE = "1.34"
OVERLAYS = ("production", "trial")
OPERATORS_OWN = {"RabbitmqCluster", "MongoDBCommunity"}
"""Kinds that an operator brings; no published schema is at hand for them."""

PROCESSES = [(name, role) for name in SERVICES for role in ("api", "worker")]
DEPLOYMENTS = ["gateway", *(f"{service}-{role}" for service, role in PROCESSES)]
THE_SERVERS_OWN = {"FORWARDED_ALLOW_IPS"}

Manifest = dict[str, Any]


@cache
def kubectl() -> str:
    """The machine's if it is recent, or the distribution's unpacked."""
    own = PROJECT / ".local" / "kubectl"
    unpacked = own / "usr/bin/kubectl"
    if found := shutil.which("kubectl"):
        told = subprocess.run((found, "version", "--client"), capture_output=True, text=True)
        if "Kustomize Version: v5" in told.stdout:
            return found
    if not unpacked.exists():
        distribution.unpack("kubectl", distribution.NEWER, own)
    return str(unpacked)


def put_together(folder: Path) -> list[Manifest]:
    command = (kubectl(), "kustomize", "--load-restrictor", "LoadRestrictionsNone")
    done = subprocess.run((*command, str(folder)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


@cache
def rendered(overlay: str) -> list[Manifest]:
    return put_together(FOLDER / "overlays" / overlay)


@cache
def observability() -> dict[str, Manifest]:
    """ConfigMap -> its manifest."""
    return {each["metadata"]["name"]: each for each in put_together(FOLDER / "observability")}


def the(kind: str, name: str, overlay: str = "production") -> Manifest:
    [found] = [
        each
        for each in rendered(overlay)
        if each["kind"] == kind and each["metadata"]["name"] == name
    ]
    return found


def pods(overlay: str = "production") -> list[Manifest]:
    """Templates of all pods that we describe ourselves."""
    return [each["spec"]["template"] for each in rendered(overlay) if each["kind"] == "Deployment"]


def selects(selector: Manifest, labels: dict[str, str]) -> bool:
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    return wanted and all(
        labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", [])
    )


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_manifest_is_valid_by_its_schema(overlay: str) -> None:
    for manifest in rendered(overlay):
        if manifest["kind"] not in OPERATORS_OWN:
            kubernetes_validate.validate(manifest, RELEASE, strict=True)
    assert {each["kind"] for each in rendered(overlay)} >= OPERATORS_OWN


@pytest.mark.parametrize(("service", "role"), PROCESSES)
def test_a_process_is_told_all_settings_it_needs(service: str, role: str) -> None:
    [container] = the("Deployment", f"{service}-{role}")["spec"]["template"]["spec"]["containers"]
    told = {each["name"] for each in container["env"]}
    for source in container["envFrom"]:
        if "configMapRef" in source:
            told |= the("ConfigMap", source["configMapRef"]["name"])["data"].keys()
        else:
            told |= keys_of(source["secretRef"]["name"])
    settings: type[ServiceSettings] = importlib.import_module(
        f"services.{service}.settings"
    ).Settings
    names = {name.lower() for name in told - THE_SERVERS_OWN}
    assert names <= set(settings.model_fields)
    required = {name for name, each in settings.model_fields.items() if each.is_required()}
    assert required <= names
    assert {"name": "ROLE", "value": role} in container["env"]


def keys_of(secret: str) -> set[str]:
    lines = (FOLDER / "secrets" / f"{secret}.env").read_text().splitlines()
    return {line.split("=")[0] for line in lines if line and not line.startswith("#")}


def test_no_secret_is_written_down() -> None:
    for manifest in rendered("production"):
        assert manifest["kind"] != "Secret"
    for file in (FOLDER / "secrets").iterdir():
        for line in file.read_text().splitlines():
            name, _, value = line.partition("=")
            if name.endswith(("_SECRET", "_PASSWORD")):
                assert not value, f"{file.name}: {name}"
            assert "PASSWORD@" in value or "@" not in value


@pytest.mark.parametrize(
    "pod", pods(), ids=lambda pod: "-".join(pod["metadata"]["labels"].values())
)
def test_a_container_can_do_no_more_than_its_work(pod: Manifest) -> None:
    spec = pod["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]
        assert container.keys() >= {"startupProbe", "livenessProbe", "readinessProbe"}


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_whatever_runs_scales_and_survives_the_loss_of_a_node(name: str) -> None:
    deployment = the("Deployment", name)
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["replicas"] >= 2
    assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert selects(the("PodDisruptionBudget", name)["spec"]["selector"], labels)
    scaler = the("HorizontalPodAutoscaler", name)["spec"]
    assert scaler["scaleTargetRef"]["name"] == name
    measured = [each["type"] for each in scaler["metrics"]]
    assert measured == (["Resource", "External"] if name.endswith("worker") else ["Resource"])
    if name.endswith("worker"):
        external = scaler["metrics"][1]["external"]["metric"]
        assert external["selector"]["matchLabels"] == {"service": name.removesuffix("-worker")}


def test_every_selector_finds_somebody_and_only_whom_it_means() -> None:
    known = [pod["metadata"]["labels"] for pod in pods()]
    operators = [{"app.kubernetes.io/name": "broker"}, {"app": "database-svc"}]
    for service in SERVICES:
        selector = {"matchLabels": the("Service", service)["spec"]["selector"]}
        found = [labels for labels in known if selects(selector, labels)]
        assert [each["app.kubernetes.io/component"] for each in found] == ["api"]
        assert found[0]["app.kubernetes.io/name"] == service
    for policy in (each for each in rendered("production") if each["kind"] == "NetworkPolicy"):
        selector = policy["spec"]["podSelector"]
        assert any(selects(selector, labels) for labels in known + operators), policy["metadata"]
        for rule in policy["spec"].get("ingress", []) + policy["spec"].get("egress", []):
            for peer in rule.get("from", []) + rule.get("to", []):
                if "podSelector" in peer:
                    assert any(selects(peer["podSelector"], each) for each in known + operators)


def allowed(source: dict[str, str], target: dict[str, str]) -> bool:
    """Whether the policies let the source's pods reach the target's at all."""
    policies = [each["spec"] for each in rendered("production") if each["kind"] == "NetworkPolicy"]

    def opens(direction: str, side: str, own: dict[str, str], other: dict[str, str]) -> bool:
        rules = [
            rule
            for policy in policies
            if selects(policy["podSelector"], own)
            for rule in policy.get(direction, [])
        ]
        return any(
            "podSelector" in peer and selects(peer["podSelector"], other)
            for rule in rules
            for peer in rule.get(side, [])
        )

    return opens("egress", "to", source, target) and opens("ingress", "from", target, source)


def test_who_may_speak_with_whom() -> None:
    def pod(name: str, role: str = "") -> dict[str, str]:
        labels = {"app.kubernetes.io/name": name}
        return labels | ({"app.kubernetes.io/component": role} if role else {})

    broker, database = pod("broker"), {"app": "database-svc"}
    for service, role in PROCESSES:
        one = pod(service, role)
        assert allowed(one, broker)
        assert allowed(one, database)
        assert allowed(one, pod("identity", "api"))
        assert allowed(pod("gateway"), one) == (role == "api")
        for other in SERVICES:
            if other != "identity":
                assert not allowed(one, pod(other, "api"))
    assert not allowed(pod("gateway"), broker)
    assert not allowed(pod("gateway"), database)


def test_broker_and_gateway_get_the_configuration_that_is_tested_elsewhere() -> None:
    topology = json.loads(the("ConfigMap", "broker-topology")["data"]["definitions.json"])
    assert topology == json.loads((PROJECT / "deploy/rabbit/definitions.json").read_text())
    broker = the("RabbitmqCluster", "broker")["spec"]
    template = broker["override"]["statefulSet"]["spec"]["template"]["spec"]
    assert {"name": "topology", "configMap": {"name": "broker-topology"}} in template["volumes"]
    mounted = {Path(each["mountPath"]).name for each in template["containers"][0]["volumeMounts"]}
    assert mounted == {"20-topology.json", "10-users.json"}
    advanced = (PROJECT / "deploy/rabbit/advanced.config").read_text()
    confirmation = "dead_letter_worker_publisher_confirm_timeout, 5000"
    assert confirmation in advanced
    assert confirmation in broker["rabbitmq"]["advancedConfig"]
    configuration = the("Deployment", "gateway")["spec"]["template"]["spec"]["volumes"][0]
    envoy = the("ConfigMap", configuration["configMap"]["name"])["data"]["envoy.yaml"]
    assert envoy == (PROJECT / "deploy/gateway/envoy.yaml").read_text()


def test_each_service_has_a_database_user_of_its_own() -> None:
    users = the("MongoDBCommunity", "database")["spec"]["users"]
    assert [each["name"] for each in users] == list(SERVICES)
    for user in users:
        assert user["roles"] == [{"name": "readWrite", "db": user["name"]}]
        [container] = the("Deployment", f"{user['name']}-api")["spec"]["template"]["spec"][
            "containers"
        ]
        [address] = [each for each in container["env"] if each["name"] == "MONGO_URL"]
        reference = address["valueFrom"]["secretKeyRef"]
        assert reference["name"] == user["connectionStringSecretName"]


def test_grafanas_sidecar_is_given_every_dashboard() -> None:
    dashboards = observability()["helphood-dashboards"]
    kubernetes_validate.validate(dashboards, RELEASE, strict=True)
    assert dashboards["metadata"]["labels"]["grafana_dashboard"] == "1"
    files = (PROJECT / "deploy/observability/grafana/dashboards").iterdir()
    assert dashboards["data"] == {file.name: file.read_text() for file in files}
    # More is refused by the API, and twice as much by "kubectl apply".
    assert sum(map(len, dashboards["data"].values())) < 200_000


def test_prometheus_is_given_the_rules_that_are_tested_elsewhere() -> None:
    given = observability()["helphood-prometheus"]
    kubernetes_validate.validate(given, RELEASE, strict=True)
    assert given["data"]["rules.yml"] == RULES.read_text()
    assert given["metadata"]["namespace"] == "monitoring"
    shown = (PROJECT / "docs/kubernetes.md").read_text()
    [command] = re.findall(r"\((printf .+?)\) \| kubectl apply", shown, re.S)
    done = subprocess.run(("sh", "-c", command), capture_output=True, text=True, cwd=PROJECT)
    rule = yaml.safe_load(done.stdout)
    assert (rule["kind"], rule["spec"]) == ("PrometheusRule", yaml.safe_load(RULES.read_text()))


def jobs() -> dict[str, dict[str, Any]]:
    """Those of scrape.yml, by name."""
    text = observability()["helphood-prometheus"]["data"]["scrape.yml"]
    return {each["job_name"]: each for each in yaml.safe_load(text)["scrape_configs"]}


def test_prometheus_accepts_whom_it_is_to_ask(tmp_path: Path) -> None:
    try:
        promtool = prometheus.provide().promtool
    except CannotRunError as error:
        pytest.skip(f"no promtool here: {error}")
    # The distribution's is built without a way to ask the cluster.
    known = [
        {name: value for name, value in each.items() if name != "kubernetes_sd_configs"}
        for each in jobs().values()
    ]
    config = tmp_path / "prometheus.yml"
    config.write_text(yaml.safe_dump({"scrape_configs": known}))
    checked = subprocess.run(
        (promtool, "check", "config", "--lint-fatal", str(config)), capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_prometheus_asks_every_pod_by_the_names_that_rules_speak_of() -> None:
    file = PROJECT / "deploy/observability/prometheus.yml"
    there = {each["job_name"]: each for each in yaml.safe_load(file.read_text())["scrape_configs"]}
    here = jobs()
    assert set(here) == set(there) - {"spans", "watchers"}
    for job, asked in here.items():
        for same in ("params", "metric_relabel_configs"):
            assert asked.get(same) == there[job].get(same)
        assert asked.get("metrics_path", "/metrics") == there[job]["metrics_path"]
    found = Counter(
        (job, *given.items())
        for pod in pods()
        for job, asked in here.items()
        for given in targets(pod, asked["relabel_configs"])
    )
    processes = [(("service", service), ("role", role)) for service, role in PROCESSES]
    assert found == Counter([*(("services", *each) for each in processes), ("gateway",)])


def targets(pod: Manifest, rules: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    """Labels given to each port of a pod that is to be asked, as Prometheus relabels."""
    labels = {
        f"__meta_kubernetes_pod_label_{re.sub('[^a-z]', '_', name)}": value
        for name, value in pod["metadata"]["labels"].items()
    }
    for port in (each for one in pod["spec"]["containers"] for each in one["ports"]):
        known = labels | {"__meta_kubernetes_pod_container_port_name": port["name"]}
        given: dict[str, str] = {}
        for rule in rules:
            value = ";".join(known.get(name, "") for name in rule["source_labels"])
            if rule.get("action") != "keep":
                given[rule["target_label"]] = value
            elif not re.fullmatch(rule["regex"], value):
                break
        else:
            yield given
