"""Lists page by page, with cursors that only we can make and only their owner can use."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar
from urllib.parse import quote, urlencode

from fastapi import Depends, Query
from pydantic import BaseModel, BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import Response

from shared.http.exchange import exchange_of
from shared.http.fields import Page
from shared.kernel.errors import Invalid

DEFAULT_LIMIT = 20
MAX_LIMIT = 100

Scalar = str | int | float | bool | datetime | None

_SIGNATURE = 16
"""Bytes of HMAC-SHA-256 kept (RFC 2104 allows half)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

V = TypeVar("V", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page is asked for: at most limit items behind the position after (None: from the top).

    after is what the previous page gave to ``page_response``: the sort key's values, ties included.
    """

    limit: int
    after: list[Any] | None
    path: str
    filters: tuple[tuple[str, str], ...]
    context: bytes
    secret: bytes

    def cursor(self, position: Sequence[Scalar]) -> str:
        """The position as an opaque text; datetimes must be whole milliseconds."""
        payload = json.dumps([_packed(value) for value in position], separators=(",", ":")).encode()
        signature = _signature(self.secret, self.context, payload)
        return base64.urlsafe_b64encode(signature + payload).rstrip(b"=").decode()


def page_response(paging: Paging, views: Sequence[V], next: Sequence[Scalar] | None) -> Response:
    """``{data, next_cursor}`` and the Link to the next page.

    next is the position of the last of these views when there are more behind it, else None.
    """
    cursor = None if next is None else paging.cursor(next)
    page = Page[Any](data=list(views), next_cursor=cursor)
    headers = {}
    if cursor is not None:
        query = urlencode([*paging.filters, ("limit", str(paging.limit)), ("cursor", cursor)])
        headers["Link"] = f'<{quote(paging.path)}?{query}>; rel="next"'
    return Response(page.model_dump_json().encode(), 200, headers, "application/json")


def _digits(value: Any) -> Any:
    if isinstance(value, str) and not (value.isascii() and value.isdigit() and len(value) < 10):
        raise ValueError("must be a whole number")
    return value


async def _paging(
    request: Request,
    limit: Annotated[
        int,
        Field(ge=1, le=MAX_LIMIT),
        BeforeValidator(_digits),
        Query(description="How many items at most."),
    ] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None, Query(description="next_cursor of the page before, with the same filters.")
    ] = None,
) -> Paging:
    exchange = exchange_of(request.scope)
    filters = tuple(
        sorted(
            (name, value)
            for name, value in request.query_params.multi_items()
            if name not in ("limit", "cursor")
        )
    )
    tenant = exchange.tenant.slug if exchange.tenant else ""
    person = exchange.actor.id if exchange.actor else ""
    route = f"{exchange.method} {exchange.path}"
    context = json.dumps([tenant, person, route, filters]).encode()
    secret: bytes = request.app.state.cursor_secret
    after = None if cursor is None else _position(cursor, context, secret)
    return Paging(limit, after, exchange.path, filters, context, secret)


PagingDep = Annotated[Paging, Depends(_paging)]
"""As a route's parameter: limit and cursor of the query."""


def _position(cursor: str, context: bytes, secret: bytes) -> list[Any]:
    """What ``Paging.cursor`` packed. Invalid (invalid_cursor) for anything else."""
    refusal = Invalid(
        "this cursor is not from the page before", parameter="cursor", code="invalid_cursor"
    )
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise refusal from None
    signature, payload = packed[:_SIGNATURE], packed[_SIGNATURE:]
    if not hmac.compare_digest(signature, _signature(secret, context, payload)):
        raise refusal
    return [_unpacked(value) for value in json.loads(payload)]


def _signature(secret: bytes, context: bytes, payload: bytes) -> bytes:
    digest = hmac.digest(secret, len(context).to_bytes(4) + context + payload, hashlib.sha256)
    return digest[:_SIGNATURE]


def _packed(value: Scalar) -> Any:
    if isinstance(value, datetime):
        return {"ms": (value - _EPOCH) // _MILLISECOND}
    return value


def _unpacked(value: Any) -> Any:
    return _EPOCH + value["ms"] * _MILLISECOND if isinstance(value, dict) else value
