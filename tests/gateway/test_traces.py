"""Traces begin at the gateway, or go on there, and are exported by OTLP."""

from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.gateway.envoy import Door, running
from tests.gateway.upstream import wait_until

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


def spans(door: Door) -> list[Span]:
    """Everything that was exported so far."""
    found: list[Span] = []
    for one in door.collector.requests():
        assert one.path == "/v1/traces"
        request = ExportTraceServiceRequest.FromString(one.body)
        for resource in request.resource_spans:
            names = {item.key: item.value.string_value for item in resource.resource.attributes}
            assert names["service.name"] == "gateway"
            found += [span for scope in resource.scope_spans for span in scope.spans]
    return found


def of_trace(door: Door, trace: str) -> dict[int, Span]:
    return {span.kind: span for span in spans(door) if span.trace_id.hex() == trace}


def test_the_services_parent_is_the_gateways_span(gateway: Door) -> None:
    gateway.get("/v1/helpers/helper_1")
    _, trace, parent, _ = gateway.services["jobs"].last().headers["traceparent"].split("-")
    wait_until(lambda: len(of_trace(gateway, trace)) == 2)
    found = of_trace(gateway, trace)
    outer, attempt = found[Span.SPAN_KIND_SERVER], found[Span.SPAN_KIND_CLIENT]
    assert attempt.span_id.hex() == parent
    assert attempt.parent_span_id == outer.span_id
    assert outer.parent_span_id == b""


def test_spans_are_named_by_route_and_not_by_address(gateway: Door) -> None:
    gateway.get("/v1/helpers/helper_1/agreement.pdf", traceparent=TRACEPARENT)
    wait_until(lambda: len(of_trace(gateway, TRACE)) == 2)
    outer = of_trace(gateway, TRACE)[Span.SPAN_KIND_SERVER]
    assert outer.name == "GET /v1/helpers/{id}/agreement.pdf"
    assert outer.parent_span_id.hex() == TRACEPARENT.split("-")[2]
    attributes = {item.key: item.value.string_value for item in outer.attributes}
    assert attributes["http.route"] == "/v1/helpers/{id}/agreement.pdf"
    assert attributes["http.request.method"] == "GET"
    assert attributes["http.response.status_code"] == "200"


def test_a_refusal_of_the_gateway_has_its_span(gateway: Door) -> None:
    trace = gateway.get("/v1/nothing").json["trace_id"]
    wait_until(lambda: of_trace(gateway, trace))
    assert of_trace(gateway, trace)[Span.SPAN_KIND_SERVER].name == "GET nowhere"


def test_a_callers_wish_not_to_be_traced_is_followed(gateway: Door) -> None:
    gateway.get("/v1/me", traceparent=TRACEPARENT[:-2] + "00")
    assert gateway.services["identity"].last().headers["traceparent"].endswith("-00")


def test_without_a_collector_traces_go_on_but_are_not_recorded(tmp_path: Path) -> None:
    with running(tmp_path, otlp_endpoint=None) as door:
        trace = door.get("/v1/nothing").json["trace_id"]
        assert len(trace) == 32
        door.get("/v1/me")
        assert door.services["identity"].last().headers["traceparent"].endswith("-00")
        door.get("/v1/me", traceparent=TRACEPARENT)
        assert TRACE in door.services["identity"].last().headers["traceparent"]
        assert not door.collector.seen


def test_a_collector_that_is_away_hinders_nobody(tmp_path: Path) -> None:
    with running(tmp_path, down=("collector",)) as door:
        assert [door.get("/v1/me").status for _ in range(20)] == [200] * 20
