"""The gateway's own refusals, in the same problem form (RFC 9457) as the services'."""

from dataclasses import dataclass
from typing import Any

TRACE_NOTE = "x-internal-trace-id"
"""Request header in which the filter chain notes the trace for refusals further on."""
REQUEST_ID = ("size(value) <= 64", "value.matches('^[A-Za-z0-9._-]+$')")
"""What a caller's request id must be to stay; CEL, in steps as Envoy refuses larger ones."""


@dataclass(frozen=True)
class Answer:
    """One kind of refusal; code is stable, detail is for a person and names no internals."""

    status: int
    code: str
    detail: str
    headers: tuple[tuple[str, str], ...] = ()


def _retry_after(seconds: int) -> tuple[tuple[str, str], ...]:
    return (("retry-after", str(seconds)),)


ANSWERS = (
    Answer(400, "bad_request", "the request or its path is malformed"),
    Answer(
        401,
        "invalid_token",
        "the access token is not valid here",
        (("www-authenticate", 'Bearer error="invalid_token"'),),
    ),
    Answer(404, "not_found", "there is nothing at this address"),
    Answer(408, "request_timeout", "the request came too slowly"),
    Answer(413, "body_too_large", "the body is too long"),
    Answer(426, "upgrade_required", "HTTP/1.1 or later is needed"),
    Answer(429, "rate_limited", "too many requests in too short a time", _retry_after(1)),
    Answer(431, "headers_too_large", "the headers are too long"),
    Answer(502, "bad_gateway", "the service gave no understandable answer", _retry_after(2)),
    Answer(503, "unavailable", "the service cannot be reached just now", _retry_after(2)),
    Answer(504, "timeout", "the service did not answer in time", _retry_after(2)),
)
UNAVAILABLE = next(answer for answer in ANSWERS if answer.status == 503)
ANYTHING_ELSE = Answer(400, "refused", "the gateway could not serve this request")


def local_replies() -> dict[str, Any]:
    """Envoy's local_reply_config; the first mapper that fits is taken."""
    return {
        "mappers": [
            _keys_unknown(),
            *(_mapper(answer, _status("EQ", answer.status)) for answer in ANSWERS),
            _mapper(ANYTHING_ELSE, _status("GE", ANYTHING_ELSE.status)),
        ]
    }


def _keys_unknown() -> dict[str, Any]:
    """A token that cannot be checked, as identity's keys were never seen, is not a bad token."""
    expression = "response.code_details.contains('Jwks_remote_fetch_is_failed')"
    condition = {
        "extension_filter": {
            "name": "envoy.access_loggers.extension_filters.cel",
            "typed_config": {
                "@type": "type.googleapis.com/"
                "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
                "expression": expression,
            },
        }
    }
    return {**_mapper(UNAVAILABLE, condition), "status_code": UNAVAILABLE.status}


def _mapper(answer: Answer, condition: dict[str, Any]) -> dict[str, Any]:
    headers = [
        set_header("cache-control", "no-store"),
        # Malformed requests are refused before their id was looked at: a new one stays where
        # the second line is empty.
        set_header("x-request-id", "%UNIQUE_ID%"),
        set_header("x-request-id", if_fits("x-request-id", REQUEST_ID)),
    ]
    return {
        "filter": condition,
        "headers_to_add": headers + [set_header(*pair) for pair in answer.headers],
        "body_format_override": {
            "content_type": "application/problem+json",
            "json_format": {
                "type": f"urn:helphood:problem:{answer.code}",
                "title": answer.code.replace("_", " ").capitalize(),
                "status": "%RESPONSE_CODE%",
                "detail": answer.detail,
                "code": answer.code,
                "instance": "%PATH(NQ)%",
                "request_id": "%RESP(X-REQUEST-ID)%",
                "trace_id": f"%REQ({TRACE_NOTE})%",
            },
        },
    }


def _status(operator: str, status: int) -> dict[str, Any]:
    value = {"default_value": status, "runtime_key": "gateway.problem_status"}
    return {"status_code_filter": {"comparison": {"op": operator, "value": value}}}


def set_header(name: str, value: str, action: str = "OVERWRITE_IF_EXISTS_OR_ADD") -> dict[str, Any]:
    """Envoy's HeaderValueOption."""
    return {"header": {"key": name, "value": value}, "append_action": action}


def if_fits(name: str, conditions: tuple[str, ...]) -> str:
    """A format string: the request header's value if it meets the conditions, else nothing."""
    value = f"request.headers['{name}']"
    tests = [f"'{name}' in request.headers", *(c.replace("value", value) for c in conditions)]
    return f"%CEL({' && '.join(tests)} ? {value} : '')%"
