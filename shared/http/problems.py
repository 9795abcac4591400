"""Refusals and failures as problem details (RFC 9457), the one form of every error.

``type`` is ``urn:helphood:problem:<code>``: a stable name, not an address to be opened. Callers
act on ``code``, which says the same without the prefix; ``title`` is the code in words, ``detail``
is for a person and may change.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import orjson
import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shared.edge import Replay
from shared.http.exchange import exchange_of
from shared.http.fields import rfc3339
from shared.kernel.errors import (
    Conflict,
    Forbidden,
    Invalid,
    Limited,
    NotFound,
    Precondition,
    Refusal,
    Unauthenticated,
    Unavailable,
)
from shared.telemetry import current_trace_id

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"


class BadMedia(Refusal):
    """The body is of a type or in an encoding that this route does not read."""

    code = "unsupported_media_type"


class TooLarge(Refusal):
    """The body is longer than this route reads."""

    code = "body_too_large"


_STATUS: dict[type[Refusal], int] = {
    Invalid: 422,
    NotFound: 404,
    Forbidden: 403,
    Conflict: 409,
    Unavailable: 503,
    Unauthenticated: 401,
    Limited: 429,
    Precondition: 412,
    BadMedia: 415,
    TooLarge: 413,
}

_BY_STATUS = {
    400: (422, "malformed_body", "the body cannot be read"),
    404: (404, "not_found", "there is nothing at this address"),
    405: (405, "method_not_allowed", "this address does not know that method"),
    413: (413, TooLarge.code, "the body is too long"),
}
"""What the framework itself refuses: its status -> ours, code, detail."""


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal; 500 for one of no known kind."""
    if refusal.reason == "precondition_required":
        return 428
    return next((_STATUS[kind] for kind in type(refusal).__mro__ if kind in _STATUS), 500)


def problem(
    scope: Mapping[str, Any],
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[Mapping[str, str]] = (),
    members: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem as the answer to the request of this ASGI scope; members are added at the top."""
    exchange = exchange_of(scope)
    content: dict[str, Any] = dict(members or {})
    content |= {
        "type": f"urn:helphood:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "instance": quote(scope["path"], errors="replace"),
        "code": code,
        "request_id": exchange.request_id,
        "trace_id": current_trace_id(),
    }
    if errors:
        content["errors"] = list(errors)
    options = orjson.OPT_PASSTHROUGH_DATETIME
    body = orjson.dumps(content, default=_plain, option=options)
    return Response(body, status, dict(headers or {}), MEDIA_TYPE)


async def answer_refusal(request: Request, error: Exception) -> Response:
    """A rule's no, by its kind."""
    assert isinstance(error, Refusal)
    status = status_of(error)
    if status == 500:
        return internal_error(request.scope, error)
    headers: dict[str, str] = {}
    if isinstance(error, Unauthenticated):
        fault = ' error="invalid_token"' if error.reason == "invalid_token" else ""
        headers["WWW-Authenticate"] = "Bearer" + fault
    elif isinstance(error, Unavailable | Limited):
        headers["Retry-After"] = str(error.retry_after)
    errors: Sequence[Mapping[str, str]] = getattr(error, "errors", ())
    if error.reason == "idempotency_key_reused":
        errors = ()
    return problem(
        request.scope,
        status,
        error.reason,
        error.detail,
        errors=errors,
        members=error.members,
        headers=headers,
    )


async def answer_invalid_request(request: Request, error: Exception) -> Response:
    """What the declared types of body, query, path and headers refuse."""
    assert isinstance(error, RequestValidationError)
    errors = [_fault(fault, error.body) for fault in error.errors()]
    return problem(
        request.scope, 422, "invalid_request", "the request is not of the right form", errors=errors
    )


async def answer_http_exception(request: Request, error: Exception) -> Response:
    """What the framework refuses: no such path, no such method, an unreadable form."""
    assert isinstance(error, HTTPException)
    name = HTTPStatus(error.status_code).phrase
    fallback = (error.status_code, name.lower().replace(" ", "_").replace("-", "_"), name)
    status, code, detail = _BY_STATUS.get(error.status_code, fallback)
    exchange = exchange_of(request.scope)
    if status in (404, 405) and exchange.tenant is None:
        status, code, detail = 404, "unknown_tenant", "no tenant is served at this host"
    errors = [{"pointer": "", "detail": detail}] if status == 422 else ()
    allow = error.headers if status != 404 else None
    return problem(request.scope, status, code, detail, errors=errors, headers=allow)


async def answer_replay(_: Request, error: Exception) -> Response:
    """The stored answer of a request that is repeated with its Idempotency-Key."""
    assert isinstance(error, Replay)
    headers = {"Idempotent-Replayed": "true"}
    if error.etag is not None:
        headers["ETag"] = f'"{error.etag}"'
    media_type = "application/json" if error.status < 400 else MEDIA_TYPE
    return Response(error.body, error.status, headers, media_type if error.body else None)


def internal_error(scope: Mapping[str, Any], error: Exception) -> Response:
    """A fault of ours: the caller learns nothing but where to find it, the log has all."""
    log.error("request.failed", error=type(error).__name__, exc_info=error)
    return problem(scope, 500, "internal_error", "something went wrong on our side")


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return rfc3339(value)
    return str(value)


def _fault(fault: Mapping[str, Any], body: Any) -> dict[str, str]:
    """One entry of ``errors``, without the refused value: it may be a secret."""
    where, *path = fault["loc"]
    detail = str(fault["msg"]).removeprefix("Value error, ")
    if where != "body":
        return {"parameter": str(path[0] if path else where), "detail": detail}
    return {"pointer": _pointer(path, body, fault["type"] == "missing"), "detail": detail}


def _pointer(path: Sequence[str | int], body: Any, missing: bool) -> str:
    """RFC 6901, without the steps that only name a branch of a union or a validator."""
    steps: list[str] = []
    here = body
    for place, step in enumerate(path):
        in_object = isinstance(here, Mapping) and step in here
        in_list = isinstance(here, list) and isinstance(step, int) and step < len(here)
        if in_object or in_list:
            here = here[step]
        elif not (missing and place == len(path) - 1):
            continue
        steps.append(str(step).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{step}" for step in steps)
