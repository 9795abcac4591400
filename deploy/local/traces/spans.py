"""One span as it is kept and shown, and how it is read from OTLP."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Otlp
from opentelemetry.proto.trace.v1.trace_pb2 import Status

_KINDS = {
    Otlp.SPAN_KIND_SERVER: "server",
    Otlp.SPAN_KIND_CLIENT: "client",
    Otlp.SPAN_KIND_PRODUCER: "producer",
    Otlp.SPAN_KIND_CONSUMER: "consumer",
}
_LONGEST = 2_000
"""Characters of a text; what is longer is cut, as a page is for reading."""


@dataclass(frozen=True, slots=True)
class Span:
    """ids are hex, parent is empty for a root; start and end are nanoseconds since 1970.

    kind is one of server, client, producer, consumer, internal. links are (trace, span).
    """

    trace: str
    id: str
    parent: str
    service: str
    name: str
    kind: str
    start: int
    end: int
    error: bool
    tenant: str
    attributes: dict[str, str]
    events: list[tuple[int, str]]
    links: list[tuple[str, str]]

    def row(self) -> tuple[Any, ...]:
        """In the order of the columns of the table of spans."""
        details = json.dumps([self.attributes, self.events, self.links])
        return (
            *(self.trace, self.id, self.parent, self.service, self.name, self.kind),
            *(self.start, self.end, self.error, self.tenant, details),
        )

    @classmethod
    def of_row(cls, row: tuple[Any, ...]) -> "Span":
        trace, id, parent, service, name, kind, start, end, error, tenant, details = row
        attributes, events, links = json.loads(details)
        return cls(
            *(trace, id, parent, service, name, kind, start, end, bool(error), tenant, attributes),
            events=[(at, name) for at, name in events],
            links=[(trace, span) for trace, span in links],
        )


def read(body: bytes) -> Iterator[Span]:
    """Every span of an OTLP export. Raises google.protobuf.message.DecodeError for rubbish."""
    export = ExportTraceServiceRequest()
    export.ParseFromString(body)  # type: ignore[no-untyped-call]
    for resource in export.resource_spans:
        about = _plain(resource.resource.attributes)
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield _span(span, about.get("service.name", "unknown"))


def _span(span: Otlp, service: str) -> Span:
    attributes = _plain(span.attributes)
    if span.status.message:
        attributes["status"] = span.status.message[:_LONGEST]
    return Span(
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        service=service[:_LONGEST],
        name=span.name[:_LONGEST],
        kind=_KINDS.get(span.kind, "internal"),
        start=span.start_time_unix_nano,
        end=max(span.start_time_unix_nano, span.end_time_unix_nano),
        error=span.status.code == Status.STATUS_CODE_ERROR,
        tenant=attributes.get("tenant.id", ""),
        attributes=attributes,
        events=[(event.time_unix_nano, event.name[:_LONGEST]) for event in span.events],
        links=[(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
    )


def _plain(attributes: Iterable[KeyValue]) -> dict[str, str]:
    return {item.key: _text(item.value)[:_LONGEST] for item in attributes}


def _text(value: AnyValue) -> str:
    kind = value.WhichOneof("value")
    if kind is None:
        return ""
    if kind == "array_value":
        return ", ".join(_text(each) for each in value.array_value.values)
    if kind == "kvlist_value":
        return json.dumps(_plain(value.kvlist_value.values))
    return str(getattr(value, kind))
