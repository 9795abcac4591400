"""The gateway's route table: of each operation only what the gateway must know."""

from typing import Any

from deploy.gateway.filters import MAX_BODY
from deploy.gateway.routing import Operation, Route, RouteTable
from deploy.openapi.merge import operations


def route_table(schemas: dict[str, dict[str, Any]]) -> RouteTable:
    """Service -> routes, sorted; attributes come from the operations' own markers.

    ``x-access``, ``x-max-bytes`` (where it is not the usual bound) and a streamed answer, which
    is known by its media type or by ``x-streaming``.
    """
    return {service: _routes(document) for service, document in sorted(schemas.items())}


def _routes(document: dict[str, Any]) -> list[Route]:
    methods: dict[str, dict[str, Operation]] = {}
    for path, method, operation in operations(document):
        methods.setdefault(path, {})[method.upper()] = _attributes(operation)
    return [{"path": path, "methods": found} for path, found in methods.items()]


def _attributes(operation: dict[str, Any]) -> Operation:
    attributes: Operation = {"access": operation.get("x-access", "person")}
    if (bound := operation.get("x-max-bytes", MAX_BODY)) != MAX_BODY:
        attributes["max_bytes"] = bound
    if operation.get("x-streaming") or _answers_with_events(operation):
        attributes["streaming"] = True
    return attributes


def _answers_with_events(operation: dict[str, Any]) -> bool:
    return any(
        "text/event-stream" in response.get("content", {})
        for response in operation.get("responses", {}).values()
    )
