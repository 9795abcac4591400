"""Spans speak OpenTelemetry's current words, and as many are recorded as was wished."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.semconv import attributes as stable
from opentelemetry.semconv._incubating import attributes as incubating
from opentelemetry.trace import SpanKind, TraceFlags

from deploy.local.programs import PROJECT
from shared import telemetry
from shared.settings import ServiceSettings

TRACE = "0af7651916cd43dd8448eb211c80319c"
_SPACES = r"(http|url|server|client|network|messaging|db|error|user_agent|exception)"

ASGI = {"http.response.start"}
"""A word of the web server's that looks like one."""


def known_names() -> set[str]:
    found = set()
    for package in (stable, incubating):
        for module in pkgutil.iter_modules(package.__path__):
            loaded = importlib.import_module(f"{package.__name__}.{module.name}")
            for name, value in vars(loaded).items():
                if name.isupper() and isinstance(value, str):
                    found.add(value)
    return found


def used_names() -> Iterator[tuple[str, str]]:
    """(file, name) of every text in shared that looks like an attribute of the conventions."""
    for file in sorted((PROJECT / "shared").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            text = node.value if isinstance(node, ast.Constant) else None
            if (
                isinstance(text, str)
                and text not in ASGI
                and re.fullmatch(rf"{_SPACES}(\.[a-z_]+)+", text)
            ):
                yield file.name, text


def test_every_attribute_is_one_of_the_conventions() -> None:
    known, used = known_names(), set(used_names())
    assert {"http.route", "messaging.destination.name", "db.collection.name"} <= known
    assert len(used) > 20
    assert not {(file, name) for file, name in used if name not in known}


OLD = ("http.method", "http.status_code", "http.target", "http.url", "http.host", "db.system",
       "db.statement", "db.operation", "db.name", "messaging.operation", "messaging.destination",
       "messaging.message_id")  # fmt: skip


def test_none_is_of_earlier_conventions() -> None:
    assert not {name for _, name in used_names()} & set(OLD)


def settings(ratio: float) -> ServiceSettings:
    given = {"amqp_url": "amqp://x", "mongo_url": "mongodb://x", "jwks_url": "file:///x"}
    return ServiceSettings.model_validate(
        {**given, "cursor_secret": "x", "trace_ratio": ratio, "otel_exporter_otlp_endpoint": ""}
    )


@pytest.mark.parametrize(
    ("ratio", "parent", "recorded"),
    [
        (1.0, None, True),
        (0.0, None, False),
        (0.0, "01", True),
        (1.0, "00", False),
    ],
    ids=["all that begin here", "none that begin here", "the caller's wish", "and their wish not"],
)
def test_the_callers_decision_is_followed_else_the_ratio(
    ratio: float, parent: str | None, recorded: bool
) -> None:
    provider = telemetry.set_up_tracing("jobs", settings(ratio))
    above = telemetry.context_from(f"00-{TRACE}-b7ad6b7169203331-{parent}" if parent else None)
    with telemetry.span(provider, "work", SpanKind.SERVER, {}, above) as span:
        assert span.is_recording() is recorded
        sent = telemetry.current_traceparent()
        assert sent is not None
        told = int(sent.split("-")[3], 16)
        assert bool(told & TraceFlags.SAMPLED) is recorded, "those who come next are told"


def test_of_many_traces_the_wished_share_is_recorded() -> None:
    provider = telemetry.set_up_tracing("jobs", settings(0.1))
    tracer = provider.get_tracer("test")
    spans: list[trace.Span] = [tracer.start_span("work") for _ in range(4_000)]
    # Fewer than 280 or more than 520 of 4,000 happen once in 10^10 times.
    assert 280 < sum(span.is_recording() for span in spans) < 520
