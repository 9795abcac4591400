"""Request id, server span, metrics and one log line around every request."""

import re
from collections.abc import MutableMapping
from time import perf_counter
from typing import Any

import structlog
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.contracts.identity import TenantFacts
from shared.http.exchange import Exchange, begin
from shared.http.problems import internal_error
from shared.http.routes import Tenants
from shared.kernel.ids import new_id
from shared.telemetry import (
    NO_TENANT,
    REQUEST_SECONDS,
    REQUESTS,
    TENANT_SECONDS,
    context_from,
    tenant_label,
)

log = structlog.get_logger()

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"}
)
_UNWATCHED = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines: no span, no metric, no log line."""

_GONE = 499
"""The caller hung up before the answer (nginx's number, the usual one in logs)."""


class RequestMiddleware:
    """Pure ASGI, so that streams pass as they come.

    It also turns whatever nobody caught into a 500 problem.
    """

    def __init__(self, app: ASGIApp, *, tenants: Tenants, provider: trace.TracerProvider) -> None:
        self._app = app
        self._tenants = tenants
        self._tracer = provider.get_tracer("helphood.http")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        arrived, watching = _Arrived(scope), scope["path"] not in _UNWATCHED
        if watching:
            await self._tenants.fresh()
        exchange = Exchange(
            request_id=arrived.request_id,
            method=scope["method"],
            path=scope["path"],
            tenant=self._tenants.by_host(arrived.host),
        )
        begin(scope, exchange)
        watched = _Watched(exchange, send)
        if not watching:
            await self._answer(scope, receive, watched)
            return
        parent = context_from(arrived.traceparent)
        attributes = _attributes(scope, arrived.host, exchange.tenant)
        span = self._tracer.start_span(
            attributes["http.request.method"],
            context=parent,
            kind=SpanKind.SERVER,
            attributes=attributes,
        )
        watched.traceparent = _traceparent(span)
        attached = otel_context.attach(trace.set_span_in_context(span, parent))
        slug = exchange.tenant.slug if exchange.tenant else NO_TENANT
        bound = structlog.contextvars.bind_contextvars(request_id=exchange.request_id, tenant=slug)
        try:
            await self._answer(scope, receive, watched)
        finally:
            _report(scope, span, exchange, watched, slug)
            structlog.contextvars.reset_contextvars(**bound)
            otel_context.detach(attached)

    async def _answer(self, scope: Scope, receive: Receive, watched: "_Watched") -> None:
        try:
            await self._app(scope, receive, watched.send)
        except ClientDisconnect:
            watched.status = _GONE
        except Exception as error:
            response = internal_error(scope, error)
            watched.fault = type(error).__name__
            if watched.status:
                watched.status = 500
                raise
            await response(scope, receive, watched.send)


class _Arrived:
    """The headers that matter here, found in one pass; host is lower case, without port."""

    __slots__ = ("host", "request_id", "traceparent")

    def __init__(self, scope: Scope) -> None:
        host = request_id = ""
        self.traceparent: str | None = None
        for name, value in scope["headers"]:
            if name == b"host":
                host = value.decode("latin-1")
            elif name == b"x-request-id":
                request_id = value.decode("latin-1")
            elif name == b"traceparent":
                self.traceparent = value.decode("latin-1")
        self.host = without_port(host)
        kept = _REQUEST_ID.fullmatch(request_id)
        self.request_id = request_id if kept else new_id("req")


def without_port(host: str) -> str:
    """``Vodafone.Localhost:8080`` -> ``vodafone.localhost``; also ``[::1]:80`` -> ``[::1]``."""
    end = host.rfind("]") + 1
    colon = host.find(":", end)
    return (host if colon < 0 else host[:colon]).lower().rstrip(".")


class _Watched:
    """The way out: adds headers and remembers what was answered, and when."""

    __slots__ = ("_send", "begun", "exchange", "fault", "status", "streamed_at", "traceparent")

    def __init__(self, exchange: Exchange, send: Send) -> None:
        self._send = send
        self.exchange = exchange
        self.begun = perf_counter()
        self.status = 0
        self.fault: str | None = None
        self.streamed_at: float | None = None
        self.traceparent: bytes | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = list(message.get("headers", ()))
            if any(n == b"content-type" and v.startswith(b"text/event-stream") for n, v in headers):
                self.streamed_at = perf_counter()
            headers.append((b"x-request-id", self.exchange.request_id.encode()))
            headers.append((b"x-content-type-options", b"nosniff"))
            if self.traceparent is not None:
                headers.append((b"traceparent", self.traceparent))
            headers.extend(self.exchange.headers)
            message["headers"] = headers
        await self._send(message)

    def seconds(self) -> float:
        """Time to answer; of a live stream, time until it began."""
        return (self.streamed_at or perf_counter()) - self.begun


def _attributes(scope: Scope, host: str, tenant: TenantFacts | None) -> dict[str, Any]:
    """OpenTelemetry's stable HTTP conventions, as far as they are known before routing."""
    method = scope["method"]
    attributes = {
        "http.request.method": method if method in _METHODS else "_OTHER",
        "url.scheme": scope.get("scheme", "http"),
        "url.path": scope["path"],
        "server.address": host,
    }
    if tenant is not None:
        attributes["tenant.id"] = tenant.slug
    return attributes


def _traceparent(span: Span) -> bytes | None:
    context = span.get_span_context()
    if not context.is_valid:
        return None
    flags = int(context.trace_flags)
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{flags:02x}".encode()


def _report(
    scope: MutableMapping[str, Any], span: Span, exchange: Exchange, watched: _Watched, tenant: str
) -> None:
    """The end of the span, the metrics and the log line; runs also when the caller hung up."""
    seconds = watched.seconds()
    status = watched.status or _GONE
    template = getattr(scope.get("route"), "path_format", None)
    method = exchange.method if exchange.method in _METHODS else "_OTHER"
    route = template or "unmatched"
    exemplar: dict[str, str] | None = None
    if span.is_recording():
        exemplar = {"trace_id": f"{span.get_span_context().trace_id:032x}"}
        span.set_attribute("http.response.status_code", status)
        if template is not None:
            span.update_name(f"{method} {template}")
            span.set_attribute("http.route", template)
        if status >= 500:
            span.set_status(Status(StatusCode.ERROR))
            span.set_attribute("error.type", watched.fault or str(status))
    span.end()
    label = tenant_label(tenant)
    REQUESTS.labels(route, method, str(status), label).inc()
    REQUEST_SECONDS.labels(route, method).observe(seconds, exemplar)
    TENANT_SECONDS.labels(label).observe(seconds)
    write = log.warning if status >= 500 else log.info
    write(
        "request",
        method=method,
        route=route,
        status=status,
        ms=round(seconds * 1000, 2),
        tenant=tenant,
        request_id=exchange.request_id,
        actor=exchange.actor.id if exchange.actor else None,
    )
