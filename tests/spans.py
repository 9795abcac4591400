"""An OTLP receiver that keeps what it gets, so that tests can look at whole traces."""

import threading
from dataclasses import dataclass

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.requests import Request
from starlette.responses import Response

from tests.listener import Listener


@dataclass(frozen=True)
class Seen:
    """One exported span; ids are hex, parent is empty for a root."""

    service: str
    name: str
    kind: int
    trace: str
    span: str
    parent: str


class Collector(Listener):
    """Keeps every span that was exported to its address (OTEL_EXPORTER_OTLP_ENDPOINT)."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._spans: list[Seen] = []

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

    async def answer(self, request: Request) -> Response:
        self._keep(ExportTraceServiceRequest.FromString(await request.body()))
        return Response()
