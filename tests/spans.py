"""An OTLP receiver that keeps what it gets, so that tests can look at whole traces."""

import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import uvicorn
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from deploy.local.ports import free_ports


@dataclass(frozen=True)
class Seen:
    """One exported span; ids are hex, parent is empty for a root."""

    service: str
    name: str
    kind: int
    trace: str
    span: str
    parent: str


class Collector:
    """Listens on a free port of loopback while it is used as a context manager."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: list[Seen] = []
        [self._port] = free_ports(1)
        config = uvicorn.Config(
            self._receive,
            port=self._port,
            log_level="error",
            interface="asgi3",
            lifespan="off",
            ws="none",
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    @property
    def endpoint(self) -> str:
        """For OTEL_EXPORTER_OTLP_ENDPOINT."""
        return f"http://127.0.0.1:{self._port}"

    def trace(self, id: str) -> list[Seen]:
        """The spans of one trace that arrived so far."""
        with self._lock:
            return [span for span in self._spans if span.trace == id]

    def _keep(self, request: ExportTraceServiceRequest) -> None:
        for resource in request.resource_spans:
            names = {item.key: item.value.string_value for item in resource.resource.attributes}
            found = [
                Seen(
                    names["service.name"],
                    span.name,
                    span.kind,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                )
                for scope in resource.scope_spans
                for span in scope.spans
            ]
            with self._lock:
                self._spans += found

    async def _receive(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self._keep(ExportTraceServiceRequest.FromString(await request.body()))
        await Response()(scope, receive, send)

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join(5)
