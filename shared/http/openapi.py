"""The OpenAPI 3.1 document of a service: what its rules mean for a caller, in every operation."""

from collections.abc import Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from shared.http.problems import MEDIA_TYPE

_WRITES = ("post", "put", "patch", "delete")

_MEANING = {
    "401": "No token, or one that is not valid here.",
    "403": "The caller may not do this.",
    "404": "No such tenant, address or thing for this caller.",
    "409": "The state of the thing does not allow it now.",
    "412": "If-Match names another version than the current one.",
    "413": "The body is too long.",
    "415": "The body is of another type, or encoded.",
    "422": "The request is not of the right form, or breaks a rule.",
    "428": "If-Match is missing.",
    "429": "Too much in too short a time; see Retry-After.",
    "503": "Something is away; see Retry-After.",
    "default": "Any other failure.",
}

_PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "Problem details (RFC 9457); code tells the cases apart.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference"},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "trace_id": {"type": ["string", "null"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "RFC 6901, into the body."},
                    "parameter": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}

_KEY_PARAMETER: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key and body get the first answer again.",
    "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$"},
}
_IF_MATCH: dict[str, Any] = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag the change is based on.",
    "schema": {"type": "string"},
}
_IF_NONE_MATCH: dict[str, Any] = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag the caller has; 304 when it is current.",
    "schema": {"type": "string"},
}


def document(title: str, routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """OpenAPI 3.1 with the problem schema, the bearer scheme and the headers the rules read."""
    made = get_openapi(title=title, version="1", openapi_version="3.1.0", routes=routes)
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation)
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM
    components["securitySchemes"] = {
        "Bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    return made


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    access = operation.setdefault("x-access", "person")
    operation["security"] = {"public": [{}, {"Bearer": []}], "any_host": []}.get(
        access, [{"Bearer": []}]
    )
    responses = operation["responses"]
    for status in _errors(access, method, bool(operation.get("x-conditional"))):
        responses[status] = {
            "description": _MEANING[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    parameters = operation.setdefault("parameters", [])
    if method == "get" and access != "any_host":
        responses["304"] = {"description": "The caller's copy is current."}
        parameters.append(_IF_NONE_MATCH)
    if method in _WRITES:
        parameters.append(_IF_MATCH)
    if method == "post" and access != "any_host" and not path.startswith("/v1/auth/"):
        required = bool(operation.get("x-idempotency-required"))
        parameters.append({**_KEY_PARAMETER, "required": required})


def _errors(access: str, method: str, conditional: bool) -> list[str]:
    statuses = ["422", "429", "503", "default"]
    if access != "any_host":
        statuses += ["401", "404"]
    if access not in ("public", "any_host"):
        statuses.append("403")
    if method in _WRITES:
        statuses += ["409", "412", "413", "415"]
    if conditional:
        statuses.append("428")
    return sorted(statuses)
