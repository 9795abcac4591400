"""Which service answers a path, and under which terms: bounds, time, retries."""

import re
from typing import Any, TypedDict

LIVE, READY = "/healthz", "/readyz"
HIDDEN = ("/internal", "/metrics")
DOCUMENTS = ("/openapi.json", "/asyncapi.json", "/docs", "/.well-known")
DOCUMENTS_SERVICE = "identity"
PORTAL = "portal"
"""The web page: answers what is no API, on deployments that have it."""

COMMAND_RETRIES = "connect-failure,refused-stream"
"""A command is sent again only where it certainly never began."""
READ_RETRIES = "connect-failure,refused-stream,reset,gateway-error"
"""Reads change nothing, so one that was cut off may be asked again as well."""

_PARAMETER = re.compile(r"\{[^{}]+\}")


class Operation(TypedDict, total=False):
    """access: who may call (for readers; the service decides). max_bytes: bound of the body,
    only where the usual one does not fit. streaming: the answer has no end."""

    access: str
    max_bytes: int
    streaming: bool


class Route(TypedDict):
    """A path template and its operations by method in capitals."""

    path: str
    methods: dict[str, Operation]


RouteTable = dict[str, list[Route]]
"""Service -> its routes."""


def services_of(routes: RouteTable) -> set[str]:
    """The services that the gateway must reach for this table."""
    return {DOCUMENTS_SERVICE, *routes}


def streaming_services(routes: RouteTable) -> set[str]:
    """The services that have at least one live stream."""
    return {name for name, found in routes.items() if any(_is_stream(route) for route in found)}


def stream_cluster(service: str) -> str:
    """The name of the cluster that carries a service's live streams."""
    return f"{service}_stream"


def virtual_host(routes: RouteTable, services: set[str]) -> dict[str, Any]:
    """All hosts alike: the tenant behind a host is the services' knowledge."""
    table = sorted(
        ((route, service) for service, found in routes.items() for route in found),
        key=lambda pair: specificity(pair[0]["path"]),
    )
    return {
        "name": "everybody",
        "domains": ["*"],
        "routes": [
            _alive(),
            *(_not_found({"path_separated_prefix": path}) for path in HIDDEN),
            *(entry for route, service in table for entry in _entries(route, service)),
            *(_document(path) for path in DOCUMENTS),
            *_rest(services),
        ],
    }


def specificity(path: str) -> list[tuple[bool, str]]:
    """Sorts `/helpers/me` before `/helpers/{id}`: Envoy takes the first route that fits."""
    return [
        (bool(_PARAMETER.search(segment)), _PARAMETER.sub("{}", segment))
        for segment in path.split("/")
    ]


def path_match(path: str) -> dict[str, Any]:
    """Exact for a plain path; for a template a regular expression, a parameter being a segment."""
    if not _PARAMETER.search(path):
        return {"path": path}
    literals = [re.escape(part).replace(r"\-", "-") for part in _PARAMETER.split(path)]
    return {"safe_regex": {"regex": "[^/]+".join(literals)}}


def _is_stream(route: Route) -> bool:
    return route["methods"].get("GET", {}).get("streaming", False)


def _entries(route: Route, service: str) -> list[dict[str, Any]]:
    """Reads first; then one for all other methods, also those that the service will refuse."""
    match, methods = path_match(route["path"]), route["methods"]
    commands = {method: op for method, op in methods.items() if method != "GET"}
    entries = [_command(route["path"], match, service, commands)]
    if "GET" in methods:
        only_get = {**match, "headers": [_method("GET")]}
        read = _stream if _is_stream(route) else _read
        entries.insert(0, read(route["path"], only_get, service))
    return entries


def _read(name: str, match: dict[str, Any], service: str) -> dict[str, Any]:
    action = {"cluster": service, "timeout": "15s", "retry_policy": _retries(READ_RETRIES, 2)}
    return {"name": name, "match": match, "route": action}


def _command(
    name: str, match: dict[str, Any], service: str, operations: dict[str, Operation]
) -> dict[str, Any]:
    bounds = [op["max_bytes"] for op in operations.values() if "max_bytes" in op]
    action = {
        "cluster": service,
        "timeout": "60s" if bounds else "15s",
        "retry_policy": _retries(COMMAND_RETRIES, 1),
    }
    bound = _body({"buffer": {"max_request_bytes": max(bounds)}}) if bounds else {}
    return {"name": name, "match": match, "route": action, **bound}


def _stream(name: str, match: dict[str, Any], service: str) -> dict[str, Any]:
    action = {"cluster": stream_cluster(service), "timeout": "0s", "idle_timeout": "900s"}
    return {"name": name, "match": match, "route": action, **_body({"disabled": True})}


def _body(terms: dict[str, Any]) -> dict[str, Any]:
    """Other terms than the usual ones for the body on this route."""
    kind = "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.BufferPerRoute"
    return {"typed_per_filter_config": {"envoy.filters.http.buffer": {"@type": kind, **terms}}}


def _retries(on: str, times: int) -> dict[str, Any]:
    return {
        "retry_on": on,
        "num_retries": times,
        "retry_back_off": {"base_interval": "0.05s", "max_interval": "0.5s"},
    }


def _method(name: str) -> dict[str, Any]:
    return {"name": ":method", "string_match": {"exact": name}}


def _alive() -> dict[str, Any]:
    return {
        "name": LIVE,
        "match": {"path": LIVE},
        "direct_response": {"status": 200, "body": {"inline_string": '{"status":"ok"}'}},
        "response_headers_to_add": [
            {
                "header": {"key": "content-type", "value": "application/json"},
                "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
            }
        ],
    }


def _document(path: str) -> dict[str, Any]:
    return _read(path, {"path_separated_prefix": path}, DOCUMENTS_SERVICE)


def _rest(services: set[str]) -> list[dict[str, Any]]:
    everything = {"prefix": "/"}
    if PORTAL not in services:
        return [_not_found(everything)]
    page = _command(PORTAL, everything, PORTAL, {})
    return [
        _not_found({"path_separated_prefix": "/v1"}),
        _read(PORTAL, {**everything, "headers": [_method("GET")]}, PORTAL),
        page,
    ]


def _not_found(match: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "nowhere",
        "match": match,
        "direct_response": {"status": 404},
    }
