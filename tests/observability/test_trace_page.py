"""The trace page: what is sent to it is kept, within a limit, and shown as it was."""

import gzip
import html
import re
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Status
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Otlp

from deploy.local.traces.app import create
from deploy.local.traces.metrics import Prometheus, dashboards
from deploy.local.traces.spans import Span, read
from deploy.local.traces.store import Spans, Wanted
from deploy.local.traces.waterfall import rows
from tests.observability.conftest import Watched

TRACE = "0af7651916cd43dd8448eb211c80319c"
MS = 1_000_000
_numbers = count(1)


def a_span(name: str = "GET /v1/me", *, parent: str = "", **changes: Any) -> Span:
    """One of 10 ms that began at 0."""
    values: dict[str, Any] = {
        "trace": TRACE, "id": f"{next(_numbers):016x}", "parent": parent, "service": "identity",
        "name": name, "kind": "server", "start": 0, "end": 10 * MS, "error": False,
        "tenant": "vodafone", "attributes": {}, "events": [], "links": [],
    }  # fmt: skip
    return Span(**(values | changes))


def an_export(*spans: Span) -> bytes:
    def text(value: str) -> AnyValue:
        return AnyValue(string_value=value)

    def otlp(span: Span) -> Otlp:
        return Otlp(
            trace_id=bytes.fromhex(span.trace),
            span_id=bytes.fromhex(span.id),
            parent_span_id=bytes.fromhex(span.parent),
            name=span.name,
            kind=Otlp.SPAN_KIND_SERVER,
            start_time_unix_nano=span.start,
            end_time_unix_nano=span.end,
            status=Status(code=Status.STATUS_CODE_ERROR) if span.error else Status(),
            attributes=[
                KeyValue(key="tenant.id", value=text(span.tenant)),
                *(KeyValue(key=name, value=text(said)) for name, said in span.attributes.items()),
            ],
            links=[
                Otlp.Link(trace_id=bytes.fromhex(trace), span_id=bytes.fromhex(id))
                for trace, id in span.links
            ],
        )

    export = ExportTraceServiceRequest(
        resource_spans=[
            ResourceSpans(
                resource=Resource(
                    attributes=[KeyValue(key="service.name", value=text(span.service))]
                ),
                scope_spans=[ScopeSpans(spans=[otlp(span)])],
            )
            for span in spans
        ]
    )
    return bytes(export.SerializeToString())


@pytest.fixture
def kept() -> Iterator[Spans]:
    spans = Spans(":memory:")
    yield spans
    spans.close()


@pytest.fixture
async def page(kept: Spans) -> AsyncIterator[httpx.AsyncClient]:
    prometheus = Prometheus("http://127.0.0.1:1")
    transport = httpx.ASGITransport(app=create(kept, prometheus))
    async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
        yield client
    await prometheus.close()


def test_a_span_is_read_as_it_was_sent() -> None:
    sent = a_span(parent="00f067aa0ba902b7", error=True, attributes={"http.route": "/v1/me"})
    [got] = read(an_export(sent))
    assert got.attributes == {"tenant.id": "vodafone", "http.route": "/v1/me"}
    assert (got.id, got.parent, got.error, got.start, got.end) == (
        *(sent.id, "00f067aa0ba902b7", True, 0, 10 * MS),
    )


@pytest.mark.parametrize("encoding", ["", "gzip"])
async def test_an_export_is_kept(kept: Spans, page: httpx.AsyncClient, encoding: str) -> None:
    body = an_export(a_span(), a_span("update accounts"))
    headers = {"Content-Encoding": encoding} if encoding else {}
    sent = gzip.compress(body) if encoding else body
    answered = await page.post("/v1/traces", content=sent, headers=headers)
    assert answered.status_code == 200
    assert len(kept.trace(TRACE)) == 2


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"\xff\xff", ""), (b"no gzip", "gzip"), (gzip.compress(b"x" * 17_000_000), "gzip")],
    ids=["rubbish", "not zipped", "a bomb"],
)
async def test_what_is_no_export_is_refused(
    kept: Spans, page: httpx.AsyncClient, body: bytes, encoding: str
) -> None:
    headers = {"Content-Encoding": encoding} if encoding else {}
    answered = await page.post("/v1/traces", content=body, headers=headers)
    assert answered.status_code == 400
    assert kept.recent(Wanted()) == []
    kept.add([a_span()])


def test_a_trace_that_comes_in_parts_is_one(kept: Spans) -> None:
    root = a_span("POST /v1/jobs", service="gateway", tenant="", end=30 * MS)
    late = a_span("process jobs.people", parent=root.id, start=20 * MS, end=90 * MS, error=True)
    kept.add([late])
    assert kept.recent(Wanted())[0].root == ""
    kept.add([root])
    kept.add([root, late])
    [summary] = kept.recent(Wanted())
    assert (summary.root, summary.spans, summary.errors) == ("POST /v1/jobs", 2, 1)
    assert (summary.milliseconds, summary.tenant) == (90, "vodafone")
    assert summary.services == ("gateway", "identity")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), ["c", "b", "a"]),
        (Wanted(service="jobs"), ["b"]),
        (Wanted(tenant="swisscom"), ["c"]),
        (Wanted(failed=True), ["b"]),
        (Wanted(at_least_ms=50), ["c"]),
        (Wanted(text="LOGIN"), ["a"]),
        (Wanted(text="bb" * 16), ["b"]),
        (Wanted(service="jobs", tenant="swisscom"), []),
        (Wanted(limit=1), ["c"]),
    ],
)
def test_traces_are_chosen(kept: Spans, wanted: Wanted, expected: list[str]) -> None:
    kept.add(
        [
            a_span("POST /v1/auth/login", trace="aa" * 16, start=1 * MS),
            a_span("POST /v1/jobs", trace="bb" * 16, start=2 * MS, service="jobs", error=True),
            a_span("GET /v1/me", trace="cc" * 16, start=3 * MS, end=99 * MS, tenant="swisscom"),
        ]
    )
    assert [found.trace[0] for found in kept.recent(wanted)] == expected


def test_the_oldest_go_when_the_file_is_full(tmp_path: Path) -> None:
    limit = 400_000
    spans = Spans(tmp_path / "spans", limit)
    for number in range(1_000):
        details = {"much": "x" * 900}
        spans.add([a_span(trace=f"{number:032x}", start=number * MS, attributes=details)])
        assert spans.size() <= limit
    left = [found.trace for found in spans.recent(Wanted(limit=2_000))]
    assert 100 < len(left) < 500
    assert left == [f"{number:032x}" for number in range(999, 999 - len(left), -1)]
    assert spans.trace(f"{0:032x}") == []
    spans.close()
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 20 * limit


def test_what_was_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    first = Spans(tmp_path / "spans")
    sent = a_span(events=[(5, "exception")], links=[("ab" * 16, "cd" * 8)], attributes={"a": "b"})
    first.add([sent])
    first.close()
    second = Spans(tmp_path / "spans")
    assert second.trace(TRACE) == [sent]
    second.close()


def test_a_span_stands_below_its_cause() -> None:
    root = a_span(service="gateway", end=100 * MS)
    second = a_span("publish", parent=root.id, start=50 * MS, end=60 * MS, service="gateway")
    first = a_span("write", parent=root.id, start=10 * MS, end=20 * MS)
    inner = a_span("process", parent=second.id, start=80 * MS, end=100 * MS, service="jobs")
    lost = a_span("lost", parent="f" * 16, start=90 * MS, end=100 * MS)
    found = rows([inner, lost, second, first, root])
    assert [(row.span.name, row.depth) for row in found] == [
        (root.name, 0), ("write", 1), ("publish", 1), ("process", 2), ("lost", 0),
    ]  # fmt: skip
    assert [(round(row.left), round(row.width)) for row in found] == [
        (0, 100), (10, 10), (50, 10), (80, 20), (90, 10),
    ]  # fmt: skip
    crossing = [row.span.name for row in found if row.cause]
    assert crossing == ["write", "process"], "links where another process goes on"
    assert [row.orphan for row in found] == [False] * 4 + [True]


def test_spans_that_cause_each_other_are_shown_all_the_same() -> None:
    one, two = a_span(id="1" * 16, parent="2" * 16), a_span(id="2" * 16, parent="1" * 16)
    assert {row.span.id for row in rows([one, two])} == {one.id, two.id}
    assert rows([]) == []


async def test_names_are_text_and_never_markup(kept: Spans, page: httpx.AsyncClient) -> None:
    evil = "<script>alert('x')</script>\"'"
    span = a_span(evil, service=evil, tenant=evil, attributes={evil: evil}, events=[(1, evil)])
    kept.add([span])
    for path in ("/", f"/traces/{TRACE}", "/?text=%3Cscript%3E&service=%22%3E%3Cscript%3E"):
        shown = await page.get(path)
        assert shown.status_code == 200
        assert "<script" not in shown.text
        assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert "&lt;script&gt;" in (await page.get("/")).text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/dashboards/nothing", 404),
        ("/query?text=up&minutes=0", 422),
        ("/traces/nothing", 404),
        ("/?ms=fast", 422),
        ("/?failed=perhaps", 422),
        ("/?ms=1e5", 422),
    ],
)
async def test_strange_wishes_have_plain_answers(
    page: httpx.AsyncClient, path: str, status: int
) -> None:
    assert (await page.get(path)).status_code == status


async def test_the_form_keeps_what_was_chosen(kept: Spans, page: httpx.AsyncClient) -> None:
    kept.add([a_span(error=True), a_span(trace="ab" * 16, service="jobs")])
    shown = await page.get("/?service=identity&tenant=vodafone&failed=true&ms=5&text=me")
    assert re.search(r'<option value="identity" selected>', shown.text)
    assert re.search(r"name=failed value=true checked", shown.text)
    assert f"/traces/{TRACE}" in shown.text
    assert "/traces/abab" not in shown.text


def test_a_whole_story_can_be_followed(watched: Watched) -> None:
    """From the list to the waterfall of a booking, which goes through several services."""
    story = watched.stories[-1]
    step = next(step for step in story.steps if step.title.endswith("completes the job"))

    def shown() -> str:
        return watched.page.get(f"/traces/{step.trace_id}").text

    watched.stories[-1].customer.until(lambda: "process reviews." in shown(), "the trace")
    text = shown()
    for name in ("gateway", "jobs", "profiles", "reviews"):
        assert f">{name}</span>" in text
    assert "publish events" in text
    assert "from jobs, " in text
    listed = watched.page.get("/", params={"service": "reviews", "tenant": story.cast.tenant}).text
    assert step.trace_id in listed


@pytest.mark.parametrize("path", ["/alerts", "/query?text=up", "/dashboards/helphood-slo"])
async def test_where_there_are_no_metrics_this_is_said(page: httpx.AsyncClient, path: str) -> None:
    shown = await page.get(path)
    assert shown.status_code == 502
    assert "Prometheus does not answer" in shown.text


@pytest.mark.parametrize("uid", dashboards())
def test_every_dashboard_is_drawn(watched: Watched, uid: str) -> None:
    shown = watched.page.get(f"/dashboards/{uid}")
    assert shown.status_code == 200
    for panel in dashboards()[uid].panels():
        assert f">{html.escape(panel.title)}</h3>" in shown.text
    drawn = shown.text.count("<polyline")
    assert drawn >= sum(panel.kind == "timeseries" for panel in dashboards()[uid].panels())
    assert "<script" not in shown.text


def test_a_dashboard_is_narrowed_to_what_was_chosen(watched: Watched) -> None:
    shown = watched.page.get("/dashboards/helphood-service", params={"service": "jobs"}).text
    assert "jobs all database" in shown
    assert "profiles all database" not in shown
    strange = {"service": 'x"} or vector(1) <script>'}
    shown = watched.page.get("/dashboards/helphood-service", params=strange).text
    assert "<script>" not in shown


def test_alerts_are_listed_with_their_state(watched: Watched) -> None:
    shown = watched.page.get("/alerts").text
    for rule in watched.prometheus.rules():
        if rule["type"] == "alerting":
            assert f">{rule['name']}<" in shown


def test_any_query_can_be_asked(watched: Watched) -> None:
    shown = watched.page.get("/query", params={"text": "sum by (service) (up)"}).text
    assert "<td>messaging<" in shown
    assert "<polyline" in shown
    refused = watched.page.get("/query", params={"text": "sum("})
    assert refused.status_code == 502
    assert "parse error" in refused.text
    assert watched.page.get("/query", params={"text": "up[5m]"}).status_code == 502
    assert "Nothing is like that" in watched.page.get("/query", params={"text": "up > 7"}).text
