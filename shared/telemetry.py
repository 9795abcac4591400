"""Traces, metrics and logs, the same for every service and set up once per process."""

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

from shared.settings import ServiceSettings

# A series more for each counter and histogram, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0)

REQUESTS = Counter(
    "http_server_requests", "Requests answered.", ["route", "method", "status", "tenant"]
)
REQUEST_SECONDS = Histogram(
    "http_server_request_duration_seconds",
    "Time to answer, by route.",
    ["route", "method"],
    buckets=_SECONDS,
)
TENANT_SECONDS = Histogram(
    "tenant_request_duration_seconds",
    "Time to answer, by tenant.",
    ["tenant"],
    buckets=_SECONDS,
)
STORE_SECONDS = Histogram(
    "store_write_duration_seconds",
    "Time of one write in the database.",
    ["collection"],
    buckets=_SECONDS,
)
DEPENDENCY_UP = Gauge(
    "dependency_up", "Whether it was there when this was asked (1) or not (0).", ["dependency"]
)
DATABASE_PING = Gauge("database_ping_seconds", "How long the database took to answer a ping.")
OUTBOX_PENDING = Gauge("outbox_pending", "Aggregates with events unpublished for two seconds.")
OUTBOX_OLDEST_AGE = Gauge("outbox_oldest_age_seconds", "Age of the oldest unpublished event.")
EVENTS_PUBLISHED = Counter("events_published", "Events confirmed by the broker.", ["event"])
EVENT_LAG = Histogram(
    "event_lag_seconds",
    "From the change to its application by a consumer.",
    ["consumer"],
    buckets=(*_SECONDS, 30.0, 60.0),
)
EVENTS_APPLIED = Counter(
    "events_applied", "Deliveries that came to a good end.", ["consumer", "publisher"]
)
EVENTS_REDELIVERED = Counter(
    "events_redelivered", "Deliveries that the broker had made before.", ["consumer"]
)
EVENTS_RETRIED = Counter("events_retried", "Deliveries sent to the retry queue.", ["consumer"])
EVENTS_PARKED = Counter("events_parked", "Messages parked.", ["consumer", "reason"])
PARKED = Gauge("parked_messages", "Messages that lie parked in the service's keeping now.")
CONSUMER_DUPLICATES = Counter(
    "consumer_duplicates", "Deliveries that were old news and changed nothing.", ["consumer"]
)
VERSION_CONFLICTS = Counter(
    "store_version_conflicts", "Writes decided again, as another was faster.", ["collection"]
)
TIMERS_FIRED = Counter("timers_fired", "Aggregates whose due time was acted on.", ["collection"])
TIMERS_FAILED = Counter(
    "timers_failed",
    "Aggregates that could not act on their due time, and were put off.",
    ["collection"],
)
TIMER_LAG = Histogram(
    "timer_lag_seconds",
    "From the due time to the look that found it.",
    ["collection"],
    buckets=(*_SECONDS, 30.0, 60.0, 300.0),
)

NO_TENANT = "unknown"
"""Label of what came for a host that is no tenant's."""

MOST_TENANTS = 100
"""Tenants with series of their own; those that come later are told together."""

OTHER_TENANTS = "other"

_PROPAGATOR = TraceContextTextMapPropagator()
_tenants_seen: set[str] = set()


def tenant_label(slug: str) -> str:
    """A metric's label for this tenant: its slug, as long as there are not too many."""
    if slug in _tenants_seen:
        return slug
    if len(_tenants_seen) >= MOST_TENANTS:
        return OTHER_TENANTS
    _tenants_seen.add(slug)
    return slug


def set_up_tracing(service: str, settings: ServiceSettings) -> TracerProvider:
    """A provider for this process; spans leave by OTLP in batches when an endpoint is set."""
    provider = TracerProvider(
        resource=Resource.create(
            {
                "service.name": service,
                "service.namespace": "helphood",
                "deployment.environment.name": settings.environment,
            }
        ),
        sampler=ParentBased(TraceIdRatioBased(settings.trace_ratio)),
    )
    if settings.otel_exporter_otlp_endpoint:
        endpoint = settings.otel_exporter_otlp_endpoint.rstrip("/") + "/v1/traces"
        provider.add_span_processor(
            BatchSpanProcessor(
                OTLPSpanExporter(endpoint=endpoint, timeout=5), schedule_delay_millis=500
            )
        )
    return provider


def set_up_logging(service: str, level: str) -> None:
    """JSON lines on standard output with time, service and trace; libraries join from WARNING."""

    def add_service(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"] = service
        return event

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            add_service,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _add_trace,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        # A line in one write: what libraries log from their threads must not come in between.
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=[
                structlog.contextvars.merge_contextvars,
                add_service,
                _add_trace,
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    # What libraries warn of (a coroutine that nobody waited for) is a line like any other.
    logging.captureWarnings(True)
    for name in ("uvicorn", "uvicorn.error"):
        # The server has set up its own by now, which would not be JSON.
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


def _add_trace(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
    return event


def current_traceparent() -> str | None:
    """W3C traceparent of the running span, to be stored with what it causes."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


def current_trace_id() -> str | None:
    """32 hex digits, or None outside any trace."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None


def context_from(traceparent: str | None) -> Context:
    """The context a span started elsewhere left behind; empty when there is none."""
    return _PROPAGATOR.extract({"traceparent": traceparent} if traceparent else {})


@lru_cache(maxsize=16)
def _tracer(provider: TracerProvider) -> trace.Tracer:
    """Looking a tracer up costs more than the span itself."""
    return provider.get_tracer("helphood")


@contextmanager
def span(
    provider: TracerProvider,
    name: str,
    kind: SpanKind,
    attributes: dict[str, Any],
    parent: Context | None = None,
) -> Iterator[Span]:
    """A span that marks itself failed when the block raises (and raises on)."""
    with _tracer(provider).start_as_current_span(
        name, context=parent, kind=kind, attributes=attributes, set_status_on_exception=False
    ) as current:
        try:
            yield current
        except Exception as error:
            current.set_status(Status(StatusCode.ERROR, type(error).__name__))
            current.set_attribute("error.type", type(error).__name__)
            raise
