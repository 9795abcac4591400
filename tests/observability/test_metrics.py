"""What every process tells a scraper, and nobody else."""

import httpx
import pytest

from deploy.local.stack import SERVICES
from tests.observability.conftest import Watched

PROMISED = {
    "http_server_requests_total": {"route", "method", "status", "tenant"},
    "http_server_request_duration_seconds_bucket": {"route", "method", "le"},
    "tenant_request_duration_seconds_bucket": {"tenant", "le"},
    "store_write_duration_seconds_bucket": {"collection", "le"},
    "outbox_pending": set[str](),
    "outbox_oldest_age_seconds": set[str](),
    "events_published_total": {"event"},
    "events_applied_total": {"consumer", "publisher"},
    "event_lag_seconds_bucket": {"consumer", "le"},
    "parked_messages": set[str](),
    "dependency_up": {"dependency"},
    "database_ping_seconds": set[str](),
    "process_resident_memory_bytes": set[str](),
    "process_cpu_seconds_total": set[str](),
}
"""Name -> its labels, told by each service after a story."""

TARGET = {"job", "instance", "service", "role"}


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(("name", "labels"), PROMISED.items())
def test_every_service_tells_it(
    watched: Watched, service: str, name: str, labels: set[str]
) -> None:
    found = watched.prometheus.query(f'{name}{{service="{service}"}}')
    assert found
    for sample in found:
        assert set(sample.labels) - {"__name__"} - TARGET == labels


def test_labels_have_few_values(watched: Watched) -> None:
    """Ids and addresses would make a series each."""
    routes = watched.prometheus.query("count by (route) (http_server_requests_total)")
    named = {each.labels["route"] for each in routes}
    assert not {route for route in named if any(digit in route for digit in "0123456789")} - {
        route for route in named if route.startswith("/v1/")
    }
    assert not {route for route in named if "acc_" in route or "job_" in route.replace("_id}", "")}
    tenants = watched.prometheus.query("count by (tenant) (http_server_requests_total)")
    known = {"vodafone", "swisscom", "platform", "unknown"}
    assert {each.labels["tenant"] for each in tenants} <= known
    [series] = watched.prometheus.query('count({job="services"})')
    assert series.value < 6_000


def test_what_the_broker_parked_and_never_did_is_told_as_zero(watched: Watched) -> None:
    parked = watched.prometheus.query("parked_messages")
    assert {each.labels["service"] for each in parked} == set(SERVICES)
    assert {each.value for each in parked} == {0}


def test_everything_a_process_needs_is_there(watched: Watched) -> None:
    found = watched.prometheus.query("dependency_up")
    assert {each.labels["dependency"] for each in found} == {
        "database", "broker", "keys", "tenants", "consumers",
    }  # fmt: skip
    assert all(each.value == 1 for each in found)


@pytest.mark.parametrize("path", ["/metrics", "/v1/metrics", "/metrics/", "/stats/prometheus"])
@pytest.mark.parametrize("tenant", ["vodafone", "platform"])
def test_nobody_sees_them_through_the_gateway(watched: Watched, path: str, tenant: str) -> None:
    host = {"Host": f"{tenant}.localhost:{watched.platform.stack.ports.gateway}"}
    answered = httpx.get(watched.platform.stack.address() + path, headers=host)
    assert answered.status_code == 404
    assert "process_cpu_seconds_total" not in answered.text


def test_a_scrapers_wish_for_exemplars_is_followed(watched: Watched) -> None:
    address = f"{watched.platform.stack.service_address('jobs')}/metrics"
    plain = httpx.get(address)
    assert plain.headers["content-type"].startswith("text/plain; version=")
    assert "# {" not in plain.text
    wanted = httpx.get(address, headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert wanted.headers["content-type"].startswith("application/openmetrics-text")
    assert '# {trace_id="' in wanted.text


def test_a_bar_of_a_histogram_leads_to_a_trace_that_is_kept(watched: Watched) -> None:
    address = f"{watched.platform.stack.service_address('jobs')}/metrics"
    text = httpx.get(address, headers={"Accept": "application/openmetrics-text"}).text
    traces = {part.split('"')[0] for part in text.split('# {trace_id="')[1:]}
    told = {step.trace_id for story in watched.stories for step in story.steps}
    assert traces & told
