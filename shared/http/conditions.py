"""Conditional requests (RFC 9110, section 13) and Idempotency-Key, read from headers."""

import re

from starlette.datastructures import Headers

from shared.edge import NEVER
from shared.http.access import Rules
from shared.http.exchange import Exchange
from shared.kernel.errors import Invalid

KEY_HEADER = "Idempotency-Key"

_VERSION = re.compile(r'"([1-9][0-9]{0,15})"', re.ASCII)
_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


def etag_of(version: int) -> str:
    """The strong ETag of an aggregate's version."""
    return f'"{version}"'


def version_in(if_match: str) -> int | None:
    """The version a caller names in If-Match; None for ``*`` (any that exists).

    Whatever cannot be one of our strong ETags (weak ones, lists, other text) is NEVER: it matches
    nothing, so that the change is refused with 412 as the RFC wants it.
    """
    if if_match.strip() == "*":
        return None
    found = _VERSION.fullmatch(if_match.strip())
    return int(found[1]) if found else NEVER


def unchanged(if_none_match: str, etag: str) -> bool:
    """Whether the caller's copy is current, by weak comparison."""
    if if_none_match.strip() == "*":
        return True
    known = (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
    return etag.removeprefix("W/") in known


def read_conditions(exchange: Exchange, headers: Headers, rules: Rules) -> None:
    """Fill in if_match, require_match and creates; a change that names nothing is told later,
    when its thing is found: 404 and 403 come first."""
    named = headers.getlist("if-match")
    exchange.creates = headers.get("if-none-match", "").strip() == "*"
    if named:
        exchange.if_match = version_in(named[0]) if len(named) == 1 else NEVER
    else:
        exchange.require_match = rules.conditional and not exchange.creates


def read_key(exchange: Exchange, headers: Headers, rules: Rules) -> None:
    """Fill in key where it has effect: a POST with a token. Invalid when it is bad or missing."""
    if not rules.keyed or exchange.actor is None:
        return
    keys = headers.getlist(KEY_HEADER)
    if not keys:
        if rules.key_required:
            raise Invalid(
                "this request needs an Idempotency-Key, so that it can be repeated safely",
                parameter=KEY_HEADER,
                code="idempotency_key_required",
            )
        return
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise Invalid(
            "must be there once, with 1 to 255 visible ASCII characters",
            parameter=KEY_HEADER,
            code="invalid_request",
        )
    exchange.key = keys[0]
