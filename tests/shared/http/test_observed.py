"""What an operator sees of a request: ids, spans, metrics, one line."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client import REGISTRY
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics
from structlog.testing import capture_logs

from shared import telemetry
from tests.shared.http.shop import ALICE, Shop

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(autouse=True)
def fresh_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A logger keeps the configuration of its first line, which may be another suite's."""
    kept = structlog.get_config()
    structlog.reset_defaults()
    monkeypatch.setattr("shared.http.middleware.log", structlog.get_logger())
    yield
    structlog.configure(**kept)


@pytest.mark.parametrize("sent", ["a", "A-b_c.9", "x" * 64])
async def test_a_request_id_is_kept(shop: Shop, sent: str) -> None:
    async with shop.client() as client:
        for path in ("/v1/open", "/nothing"):
            answered = await client.get(path, headers={"X-Request-Id": sent})
            assert answered.headers["X-Request-Id"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "<script>", "a\tb"])
async def test_a_bad_request_id_is_replaced(shop: Shop, sent: str) -> None:
    async with shop.client() as client:
        answered = await client.get("/v1/open", headers={"X-Request-Id": sent})
    assert answered.headers["X-Request-Id"].startswith("req_")


async def test_the_span_goes_on_with_the_callers_trace(shop: Shop) -> None:
    traceparent = f"00-{TRACE}-00f067aa0ba902b7-01"
    async with shop.client() as client:
        answered = await client.get("/v1/items/item_1", headers={"traceparent": traceparent})
    (span,) = shop.spans.get_finished_spans()
    assert span.kind is SpanKind.SERVER
    assert span.name == "GET /v1/items/{id}"
    assert f"{span.context.trace_id:032x}" == TRACE == answered.json()["trace_id"]
    assert span.parent is not None
    assert answered.headers["traceparent"].startswith(f"00-{TRACE}-")
    assert span.status.status_code is StatusCode.UNSET, "a 404 is no fault of the server"
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/v1/items/{id}",
        "http.response.status_code": 404,
        "url.path": "/v1/items/item_1",
        "url.scheme": "http",
        "server.address": "vodafone.localhost",
        "tenant.id": "vodafone",
    }


async def test_a_crash_marks_the_span(shop: Shop) -> None:
    async with shop.client() as client:
        await client.get("/v1/fail/crash")
    (span,) = shop.spans.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert dict(span.attributes or {})["error.type"] == "RuntimeError"


async def test_an_unmatched_path_names_no_route(shop: Shop) -> None:
    async with shop.client() as client:
        await client.get("/v1/nothing/4711", headers={"traceparent": "rubbish"})
    (span,) = shop.spans.get_finished_spans()
    assert span.name == "GET"
    assert "http.route" not in dict(span.attributes or {})


def _count(**labels: str) -> float:
    return REGISTRY.get_sample_value("http_server_requests_total", labels) or 0.0


async def test_requests_are_counted_by_route_and_tenant(shop: Shop) -> None:
    known = {"route": "/v1/items/{id}", "method": "GET", "status": "404", "tenant": "vodafone"}
    unknown = {"route": "unmatched", "method": "_OTHER", "status": "404", "tenant": "unknown"}
    before = _count(**known), _count(**unknown)
    async with shop.client() as client:
        await client.get("/v1/items/item_1")
        await client.get("/v1/items/item_2")
        await client.request("BREW", "/x/4711", headers={"Host": "made-up.example"})
    assert (_count(**known), _count(**unknown)) == (before[0] + 2, before[1] + 1)


async def test_time_is_measured_by_tenant_and_leads_to_a_trace(shop: Shop) -> None:
    labels = {"tenant": "swisscom"}
    before = REGISTRY.get_sample_value("tenant_request_duration_seconds_count", labels) or 0.0
    async with shop.client(None, tenant="swisscom") as client:
        await client.get("/v1/open", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
    after = REGISTRY.get_sample_value("tenant_request_duration_seconds_count", labels)
    assert after == before + 1
    assert f'# {{trace_id="{TRACE}"}}' in openmetrics(REGISTRY).decode()


def test_tenants_beyond_a_limit_share_their_series(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "_tenants_seen", set())
    labels = {telemetry.tenant_label(f"tenant-{number}") for number in range(300)}
    assert len(labels) == telemetry.MOST_TENANTS + 1
    assert telemetry.tenant_label("tenant-0") == "tenant-0"
    assert telemetry.tenant_label("tenant-299") == telemetry.OTHER_TENANTS


def test_every_line_is_json_with_time_service_and_trace(capsys: pytest.CaptureFixture[str]) -> None:
    root, kept = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    try:
        telemetry.set_up_logging("shop", "INFO")
        provider = TracerProvider()
        with telemetry.span(provider, "work", SpanKind.INTERNAL, {}) as span:
            structlog.get_logger().info("ours", tenant="vodafone")
            logging.getLogger("somebody.else").error("theirs", exc_info=ValueError("why"))
            trace = f"{span.get_span_context().trace_id:032x}"
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.configure(**kept)
    ours, theirs = map(json.loads, capsys.readouterr().out.splitlines())
    for line in (ours, theirs):
        assert (line["service"], line["trace_id"]) == ("shop", trace)
        datetime.fromisoformat(line["timestamp"])
    assert (ours["event"], ours["level"], ours["tenant"]) == ("ours", "info", "vodafone")
    assert (theirs["event"], theirs["level"]) == ("theirs", "error")
    assert "ValueError: why" in theirs["exception"]


def test_a_line_is_one_write_so_that_threads_do_not_mix_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Out(io.StringIO):
        def write(self, text: str) -> int:
            written.append(text)
            return len(text)

    written: list[str] = []
    root, kept = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr("sys.stdout", Out())
    try:
        telemetry.set_up_logging("shop", "INFO")
        structlog.get_logger().info("ours")
        logging.getLogger("somebody.else").error("theirs")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.configure(**kept)
    assert [json.loads(text)["event"] for text in written] == ["ours", "theirs"]
    assert all(text.endswith("}\n") for text in written)


async def test_one_line_tells_the_request_and_no_secret(shop: Shop) -> None:
    with capture_logs() as logs:
        async with shop.client() as client:
            await client.post(
                "/v1/notes?", json={"title": "s3cret"}, headers={"X-Request-Id": "abc"}
            )
            token = client.headers["Authorization"].split()[1]
    (line,) = logs
    assert line.pop("ms") >= 0
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "POST",
        "route": "/v1/notes",
        "status": 200,
        "tenant": "vodafone",
        "request_id": "abc",
        "actor": ALICE,
    }
    assert token not in str(logs)


async def test_machines_that_look_every_second_are_not_observed(shop: Shop) -> None:
    with capture_logs() as logs:
        async with shop.client(None) as client:
            answered = await client.get("/healthz")
    assert answered.status_code == 404, "the shop has none"
    assert not logs
    assert not shop.spans.get_finished_spans()


async def test_content_types_are_not_to_be_guessed(shop: Shop) -> None:
    async with shop.client() as client:
        for path in ("/v1/open", "/nothing", "/v1/fail/crash"):
            assert (await client.get(path)).headers["X-Content-Type-Options"] == "nosniff"


async def test_a_stream_passes_piece_by_piece(shop: Shop) -> None:
    async with shop.client() as client:
        sent = await _sent_by(shop, client.headers["Authorization"])
    bodies = [message["body"] for message in sent if message["type"] == "http.response.body"]
    assert bodies[:2] == [b"data: 1\n\n", b"data: 2\n\n"]


async def _sent_by(shop: Shop, authorization: str) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/v1/stream",
        "raw_path": b"/v1/stream",
        "query_string": b"",
        "headers": [(b"host", b"vodafone.localhost"), (b"authorization", authorization.encode())],
    }
    await shop.app(scope, receive, send)
    return sent


async def test_a_caller_who_hangs_up_is_no_fault_of_ours(shop: Shop) -> None:
    async with shop.client() as client:
        authorization = client.headers["Authorization"]

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError("nobody is there to read it")

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/v1/notes",
        "raw_path": b"/v1/notes",
        "query_string": b"",
        "headers": [
            (b"host", b"vodafone.localhost"),
            (b"authorization", authorization.encode()),
            (b"content-type", b"application/json"),
            (b"content-length", b"5"),
        ],
    }
    with capture_logs() as logs:
        await shop.app(scope, receive, send)
    assert [line["status"] for line in logs] == [499]
