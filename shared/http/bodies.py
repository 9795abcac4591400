"""Bodies and query strings read strictly, before any type looks at them."""

import json
import re
from collections.abc import AsyncGenerator
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.requests import Request

from shared.http.access import JSON, Rules
from shared.http.problems import BadMedia, TooLarge
from shared.kernel.errors import Invalid

MAX_DEPTH = 32

_MAYBE_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class CheckedRequest(Request):
    """A request whose body has been read and, where it is JSON, parsed."""

    content: bytes = b""
    document: Any = None

    async def body(self) -> bytes:
        return self.content

    async def json(self) -> Any:
        return self.document

    async def stream(self) -> AsyncGenerator[bytes, None]:
        yield self.content
        yield b""


async def read_body(request: CheckedRequest, rules: Rules) -> None:
    """Read what the route reads. BadMedia, TooLarge, Invalid (malformed_body)."""
    headers = request.headers
    declared = headers.get("content-length")
    announced = "content-type" in headers or "content-encoding" in headers
    if announced and rules.media_types:
        _check_media(headers, rules)
    if declared == "0" or (declared is None and "transfer-encoding" not in headers):
        content = b""
    else:
        content = await _bounded(request, declared, rules.max_bytes)
    if content and not (announced and rules.media_types):
        _check_media(headers, rules)
    if not rules.media_types:
        for name in parse_object(content) if content else ():
            raise Invalid("no body is expected here", pointer=f"/{name}", code="invalid_request")
        return
    request.content = content
    is_json = JSON in rules.media_types and _media_type(headers) in (JSON, "")
    if is_json and (content or rules.body_required):
        request.document = parse_object(content)
    elif not content and rules.body_required:
        raise _malformed("the body is empty")


def _check_media(headers: Headers, rules: Rules) -> None:
    if "content-encoding" in headers:
        raise BadMedia("encoded bodies are not read; send it as it is")
    if len(headers.getlist("content-type")) > 1:
        raise BadMedia("there is more than one Content-Type")
    readable = rules.media_types or {JSON}
    media_type = _media_type(headers)
    if media_type not in readable or not _is_utf8(headers, media_type):
        raise BadMedia("this route reads " + ", ".join(sorted(readable)))


def _media_type(headers: Headers) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _is_utf8(headers: Headers, media_type: str) -> bool:
    """JSON between systems is UTF-8 (RFC 8259); a parameter that says otherwise is refused."""
    _, _, parameters = headers.get("content-type", "").partition(";")
    name, _, value = parameters.partition("=")
    if media_type != JSON or name.strip().lower() != "charset":
        return True
    return value.strip().strip('"').lower() in ("utf-8", "utf8", "us-ascii")


async def _bounded(request: Request, declared: str | None, limit: int) -> bytes:
    if declared is not None and declared.isdecimal() and int(declared) > limit:
        raise TooLarge(f"a body here has at most {limit} bytes")
    chunks: list[bytes] = []
    size = 0
    async for chunk in Request.stream(request):
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"a body here has at most {limit} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def parse_object(content: bytes) -> dict[str, Any]:
    """A JSON object as RFC 8259 and RFC 7493 want it. Invalid (malformed_body) otherwise."""
    try:
        document = _DECODER.decode(content.decode())
        if not isinstance(document, dict):
            raise _malformed("the body must be a JSON object")
        if content.count(b"{") + content.count(b"[") > MAX_DEPTH:
            _check_depth(document, MAX_DEPTH)
        if _MAYBE_SURROGATE.search(content):
            json.dumps(document, ensure_ascii=False).encode()
    except UnicodeError:
        raise _malformed("the body must be text in UTF-8, without lone surrogates") from None
    except RecursionError:
        raise _malformed(f"the body is nested more than {MAX_DEPTH} levels deep") from None
    except ValueError as error:
        hint = str(error) if isinstance(error, _StrictError) else "the body must be JSON"
        raise _malformed(hint) from None
    return document


class _StrictError(ValueError):
    """Something that many parsers let pass and no standard does."""


def _malformed(detail: str) -> Invalid:
    return Invalid(detail, pointer="", code="malformed_body")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise _StrictError("a name stands twice in one object")
    return document


def _no_constant(name: str) -> NoReturn:
    raise _StrictError(f"{name} is not a JSON value")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise _StrictError("a number is too large")
    return number


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite
)


def _check_depth(value: Any, left: int) -> None:
    if left == 0 and isinstance(value, dict | list):
        raise _StrictError(f"the body is nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return
    for item in value:
        _check_depth(item, left - 1)


def check_query(query: bytes, known: frozenset[str]) -> None:
    """Invalid for a parameter that is unknown, empty or there twice."""
    seen: set[str] = set()
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name not in known:
            raise _bad_parameter(name, "this parameter is unknown here")
        if name in seen:
            raise _bad_parameter(name, "this parameter is there more than once")
        if not value:
            raise _bad_parameter(name, "this parameter is empty")
        seen.add(name)


def _bad_parameter(name: str, detail: str) -> Invalid:
    return Invalid(detail, parameter=name, code="invalid_request")
