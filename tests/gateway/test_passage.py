"""What reaches a service, and what a caller sees: paths, headers, ids, bodies, streams."""

import http.client
import re
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.ports import free_ports
from tests.gateway.envoy import HOST, UPLOAD_BYTES, Answer, Door, running
from tests.gateway.upstream import Seen

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def seen_by(gateway: Door, service: str) -> Seen:
    return gateway.services[service].last()


def is_problem(answer: Answer, status: int, code: str) -> bool:
    """The whole problem form, with the ids that the headers carry as well."""
    body = answer.json
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(body) == {
        *("type", "title", "status", "detail", "code", "instance", "request_id", "trace_id"),
    }
    assert body["type"] == f"urn:helphood:problem:{code}"
    assert body["request_id"] == answer.headers["x-request-id"]
    assert (answer.status, body["status"], body["code"]) == (status, status, code)
    return True


# Paths ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/v1/me", "identity"),
        ("/v1/helpers/me", "messaging"),
        ("/v1/helpers/helper_1", "jobs"),
        ("/v1/helpers/helper_1?language=de", "jobs"),
        ("/v1/helpers/helper_1/agreement.pdf", "jobs"),
        ("/openapi.json", "identity"),
        ("/asyncapi.json", "identity"),
        ("/docs", "identity"),
        ("/docs/swagger-ui.css", "identity"),
        ("/.well-known/openid-configuration", "identity"),
    ],
)
def test_a_path_goes_to_its_service_as_it_is(gateway: Door, path: str, service: str) -> None:
    assert gateway.get(path).json["service"] == service
    assert seen_by(gateway, service).path == path


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        ("//v1//me", "/v1/me"),
        ("/v1/helpers/../me", "/v1/me"),
        ("/v1/./me", "/v1/me"),
        ("/internal/%2e%2e/v1/me", "/v1/me"),
    ],
)
def test_paths_are_made_normal_before_they_are_routed(
    gateway: Door, path: str, normal: str
) -> None:
    assert gateway.get(path).status == 200
    assert seen_by(gateway, "identity").path == normal


@pytest.mark.parametrize(
    "path",
    ["/v1%2Fme", "/v1%2fme", "/v1/helpers/a%5Cb", "/v1/..%2Finternal/x", "/v1/me%00"],
)
def test_hidden_slashes_and_nul_are_refused(gateway: Door, path: str) -> None:
    assert is_problem(gateway.get(path), 400, "bad_request")
    assert not any(one.requests() for one in gateway.services.values())


@pytest.mark.parametrize(
    "path",
    [
        *("/internal", "/internal/parked", "/metrics", "//internal/x", "/v1/../metrics"),
        *("/v1/%2e%2e/internal/x", "/v1/helpers/../../internal", "/internal/../metrics"),
        *("/", "/v1", "/v1/nothing", "/v1/me/", "/v1/helpers/1/2/3", "/stats", "/healthz/x"),
    ],
)
def test_internal_and_unknown_paths_reach_nobody(gateway: Door, path: str) -> None:
    assert is_problem(gateway.get(path), 404, "not_found")
    assert not any(one.requests() for one in gateway.services.values())


def test_other_methods_are_left_to_the_service(gateway: Door) -> None:
    for method in ("DELETE", "OPTIONS", "HEAD"):
        assert gateway.ask(method, "/v1/me").status == 200
        assert seen_by(gateway, "identity").method == method


def test_any_host_is_served_and_arrives_without_its_port(gateway: Door) -> None:
    assert gateway.ask("GET", "/v1/me", host="nobody.example:8080").status == 200
    assert seen_by(gateway, "identity").headers["host"] == "nobody.example"


# Headers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *("X-Tenant-Id", "X-Tenant", "x-user-id", "X-User-Roles", "baggage", "X-Forwarded-Host"),
        *("X-Internal-Trace-Id", "x-internal-anything", "X-Envoy-Retry-On", "Forwarded"),
        *("X-Original-Url", "X-Http-Method-Override", "X-Real-Ip", "X-Envoy-Original-Path"),
    ],
)
def test_headers_that_speak_in_our_name_are_dropped(gateway: Door, name: str) -> None:
    gateway.ask("GET", "/v1/me", {name: "forged"})
    assert "forged" not in seen_by(gateway, "identity").headers.values()


def test_a_claimed_client_address_and_scheme_are_replaced(gateway: Door) -> None:
    gateway.get("/v1/me", x_forwarded_for="6.6.6.6", x_forwarded_proto="https")
    headers = seen_by(gateway, "identity").headers
    assert "6.6.6.6" not in headers["x-forwarded-for"]
    assert headers["x-forwarded-proto"] == "http"


def test_other_headers_pass(gateway: Door) -> None:
    sent = {"Idempotency-Key": "k-1", "If-Match": '"7"', "Accept-Language": "de"}
    gateway.ask("GET", "/v1/me", sent)
    headers = seen_by(gateway, "identity").headers
    assert {name: headers[name.lower()] for name in sent} == sent


def test_headers_with_underscores_are_refused(gateway: Door) -> None:
    assert is_problem(gateway.ask("GET", "/v1/me", {"x_tenant_id": "a"}), 400, "bad_request")


def test_too_many_or_too_long_headers_are_refused(gateway: Door) -> None:
    many = {f"x-{number}": "1" for number in range(80)}
    assert is_problem(gateway.ask("GET", "/v1/me", many), 431, "headers_too_large")
    long = {"x-long": "a" * 40_000}
    assert is_problem(gateway.ask("GET", "/v1/me", long), 431, "headers_too_large")


@pytest.mark.parametrize("path", ["/v1/me", "/v1/nothing", "/healthz"])
def test_answers_are_hardened_and_name_no_software(gateway: Door, path: str) -> None:
    headers = gateway.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["strict-transport-security"].startswith("max-age=")
    assert not {"server", "x-powered-by"} & headers.keys()
    assert not [name for name in headers if name.startswith("x-envoy")]


# Ids --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/me", "/v1/nothing", "/v1%2Fme"])
@pytest.mark.parametrize("kept", ["a", "A.b_c-9", "z" * 64, "7b5e0e5c-3f3c-4f0e-9c53-6f1df1b0a9f4"])
def test_a_good_request_id_is_kept_and_echoed(gateway: Door, path: str, kept: str) -> None:
    assert gateway.get(path, x_request_id=kept).headers["x-request-id"] == kept
    for one in gateway.services["identity"].requests():
        assert one.headers["x-request-id"] == kept


@pytest.mark.parametrize("path", ["/v1/me", "/v1/nothing", "/v1%2Fme"])
@pytest.mark.parametrize("bad", ["z" * 65, "a b", "a,b", "ä", "<script>", "", '"', "a\tb"])
def test_a_bad_request_id_is_replaced(gateway: Door, path: str, bad: str) -> None:
    made = gateway.ask("GET", path, {"X-Request-Id": bad.encode().decode("latin-1")})
    assert re.fullmatch(r"[0-9a-f-]{36}", made.headers["x-request-id"])
    for one in gateway.services["identity"].requests():
        assert one.headers["x-request-id"] == made.headers["x-request-id"]


def test_two_request_ids_are_replaced_by_one(gateway: Door) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    connection.putrequest("GET", "/v1/me", skip_host=True)
    for name, value in (("Host", HOST), ("X-Request-Id", "one"), ("X-Request-Id", "two")):
        connection.putheader(name, value)
    connection.endheaders()
    made = connection.getresponse().getheader("x-request-id")
    connection.close()
    assert made is not None
    assert re.fullmatch(r"[0-9a-f-]{36}", made)


def test_the_callers_trace_is_continued_and_echoed(gateway: Door) -> None:
    answer = gateway.get("/v1/me", traceparent=TRACEPARENT)
    sent = seen_by(gateway, "identity").headers["traceparent"]
    assert sent.split("-")[1] == TRACE
    assert sent != TRACEPARENT
    assert answer.headers["traceparent"].split("-")[1] == TRACE


def test_an_answer_of_the_gateway_names_the_trace(gateway: Door) -> None:
    answer = gateway.get("/v1/nothing", traceparent=TRACEPARENT)
    assert answer.json["trace_id"] == TRACE
    assert answer.headers["traceparent"] == TRACEPARENT
    assert re.fullmatch("[0-9a-f]{32}", gateway.get("/v1/nothing").json["trace_id"])


@pytest.mark.parametrize(
    "bad",
    [
        *("nonsense", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"00-{TRACE}-{'0' * 16}-01"),
        *(f"00-{TRACE.upper()}-00f067aa0ba902b7-01", f"00-{TRACE}0-0f067aa0ba902b7-01"),
    ],
)
def test_a_bad_trace_is_replaced_by_a_new_one(gateway: Door, bad: str) -> None:
    gateway.get("/v1/me", traceparent=bad)
    sent = seen_by(gateway, "identity").headers["traceparent"]
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", sent)
    assert TRACE not in sent


# Bodies -----------------------------------------------------------------------------------


def test_a_body_of_256_kib_passes_and_one_byte_more_does_not(gateway: Door) -> None:
    limit = 256 * 1024
    assert gateway.ask("POST", "/v1/jobs", body=b"x" * limit).json["bytes"] == limit
    too_large = gateway.ask("POST", "/v1/jobs", body=b"x" * (limit + 1))
    assert is_problem(too_large, 413, "body_too_large")
    assert len(gateway.services["jobs"].requests()) == 1


def test_uploads_have_a_bound_of_their_own(gateway: Door) -> None:
    path = "/v1/jobs/job_1/photo"
    assert gateway.ask("PUT", path, body=b"x" * UPLOAD_BYTES).json["bytes"] == UPLOAD_BYTES
    too_large = gateway.ask("PUT", path, body=b"x" * (UPLOAD_BYTES + 1))
    assert is_problem(too_large, 413, "body_too_large")


def test_a_body_of_unknown_length_is_bounded_as_well(gateway: Door) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    headers = {"Host": HOST, "Transfer-Encoding": "chunked"}
    chunks = (b"x" * 50_000 for _ in range(6))
    connection.request("POST", "/v1/jobs", chunks, headers, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


def test_a_stream_arrives_as_it_is_sent(gateway: Door) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    connection.request("GET", "/v1/stream", headers={"Host": HOST})
    response = connection.getresponse()
    assert response.read1() == b"data: 1\n\n"
    gateway.services["messaging"].go_on.set()
    assert response.read() == b"data: 2\n\n"
    connection.close()


def test_streams_use_connections_of_their_own(gateway: Door) -> None:
    before = gateway.statistic("cluster.messaging_stream.upstream_rq_total")
    gateway.services["messaging"].go_on.set()
    gateway.get("/v1/stream")
    assert gateway.statistic("cluster.messaging_stream.upstream_rq_total") == before + 1


# Health -----------------------------------------------------------------------------------


def test_the_gateway_answers_for_its_own_life(gateway: Door) -> None:
    answer = gateway.get("/healthz")
    assert (answer.status, answer.json) == (200, {"status": "ok"})
    assert not any(one.requests() for one in gateway.services.values())


def test_a_scraper_sees_metrics_and_nothing_else(tmp_path: Path) -> None:
    [port] = free_ports(1)
    with running(tmp_path, metrics_port=port) as door:
        scraper = replace(door, port=port)
        answer = scraper.get("/metrics")
        assert answer.status == 200
        assert b"envoy_http_downstream_rq_total" in answer.body
        for path in ("/", "/stats", "/quitquitquit", "/config_dump", "/v1/me"):
            assert scraper.get(path).status == 404
