"""The generated configuration: valid, without tenants, and the committed reference up to date."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy.gateway import config
from deploy.gateway.options import Endpoint, Gateway, endpoint_of
from deploy.gateway.routing import RouteTable, path_match, specificity, virtual_host
from tests.gateway.envoy import ENVOY, ISSUER, ROUTES


def a_gateway(**options: Any) -> Gateway:
    usual: dict[str, Any] = {
        "listen_port": 18080,
        "admin_port": 18081,
        "services": {name: Endpoint("127.0.0.1", 18090) for name in ROUTES},
        "token_issuer": ISSUER,
    }
    return Gateway(**{**usual, **options})


def refused(path: Path) -> str:
    """What Envoy says against a configuration; empty when it would run it."""
    command = [str(ENVOY), "--mode", "validate", "-c", str(path), "--log-level", "critical"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"otlp_endpoint": "http://127.0.0.1:4318", "trace_ratio": 0.1},
        {"metrics_port": 18082, "listen_address": "0.0.0.0", "trusted_hops": 1},
        {"services": {name: Endpoint(name, 8000) for name in ROUTES}},
        {"services": {name: Endpoint("127.0.0.1", 1) for name in [*ROUTES, "portal"]}},
    ],
    ids=["plain", "traced", "behind-a-proxy", "by-name", "with-portal"],
)
def test_envoy_accepts_every_kind_of_gateway(options: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "envoy.yaml"
    path.write_text(config.to_yaml(config.render(a_gateway(**options), ROUTES)))
    assert refused(path) == ""


def test_envoy_accepts_the_committed_reference() -> None:
    assert refused(config.REFERENCE_FILE) == ""


def test_the_committed_reference_is_what_the_generator_makes() -> None:
    assert config.REFERENCE_FILE.read_text() == config.reference(config.read_routes())


def test_written_configuration_leaves_out_services_that_do_not_run(tmp_path: Path) -> None:
    path = tmp_path / "envoy.yaml"
    config.write(
        path,
        listen_port=18080,
        admin_port=18081,
        service_ports={"identity": 18090},
        otlp_endpoint=None,
        token_issuer=ISSUER,
    )
    assert refused(path) == ""
    assert "cluster: identity" in path.read_text()
    assert "cluster: jobs" not in path.read_text()


def test_a_routed_service_without_endpoint_is_named() -> None:
    with pytest.raises(ValueError, match="jobs, messaging"):
        config.render(a_gateway(services={"identity": Endpoint("127.0.0.1", 1)}), ROUTES)


def test_no_tenant_is_in_the_configuration() -> None:
    text = config.to_yaml(config.render(a_gateway(), ROUTES)).lower()
    assert "vodafone" not in text
    assert "swisscom" not in text


def test_admin_listens_on_loopback_only() -> None:
    rendered = config.render(a_gateway(listen_address="0.0.0.0"), ROUTES)
    assert rendered["admin"]["address"]["socket_address"]["address"] == "127.0.0.1"


def test_plain_segments_come_before_parameters() -> None:
    paths = ["/v1/helpers/{id}", "/v1/{any}/me", "/v1/helpers/me", "/v1/helpers/{id}/photo"]
    assert sorted(paths, key=specificity) == [
        "/v1/helpers/me",
        "/v1/helpers/{id}",
        "/v1/helpers/{id}/photo",
        "/v1/{any}/me",
    ]


def test_a_parameter_is_one_segment_and_a_dot_is_a_dot() -> None:
    assert path_match("/v1/jobs") == {"path": "/v1/jobs"}
    expected = {"safe_regex": {"regex": r"/v1/jobs/[^/]+/agreement\.pdf"}}
    assert path_match("/v1/jobs/{job_id}/agreement.pdf") == expected


def test_only_reads_are_repeated_after_they_may_have_begun() -> None:
    table: RouteTable = {"jobs": [{"path": "/v1/jobs", "methods": {"GET": {}, "POST": {}}}]}
    routes = virtual_host(table, {"jobs", "identity"})["routes"]
    read, command = (route["route"] for route in routes if route["name"] == "/v1/jobs")
    assert "reset" in read["retry_policy"]["retry_on"].split(",")
    assert command["retry_policy"]["retry_on"] == "connect-failure,refused-stream"


def test_the_portal_answers_what_is_no_api() -> None:
    with_portal = virtual_host(ROUTES, {*ROUTES, "portal"})["routes"]
    assert with_portal[-1]["route"]["cluster"] == "portal"
    assert virtual_host(ROUTES, set(ROUTES))["routes"][-1]["direct_response"] == {"status": 404}


@pytest.mark.parametrize("url", ["https://collector:4318", "collector:4318", ""])
def test_a_collector_that_is_no_plain_http_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="http://host"):
        endpoint_of(url, 4318)


def test_a_collector_has_its_usual_port() -> None:
    assert endpoint_of("http://collector", 4318) == Endpoint("collector", 4318)
