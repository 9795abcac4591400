"""What a route declares about its callers and bodies, visible in its OpenAPI operation.

Each marker is a dictionary for ``openapi_extra``; several are joined with ``|``::

    @router.post("/v1/jobs", openapi_extra=PERSON | IDEMPOTENCY_REQUIRED, ...)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute

from shared.http.tokens import Actor

Marker = dict[str, Any]

PUBLIC: Marker = {"x-access": "public"}
"""No token is needed; one that is sent must be valid all the same."""

PERSON: Marker = {"x-access": "person"}
"""A valid token of this tenant. Without any marker this holds."""

PLATFORM: Marker = {"x-access": "platform", "x-roles": ["platform_admin"]}
"""The platform's own administrators, at the platform's host only."""

OR_TICKET: Marker = {"x-ticket": True}
"""Where browsers cannot send a token: ``?ticket=`` does instead, and the route checks it."""

ANY_HOST: Marker = {"x-access": "any_host"}
"""Neither tenant nor token: public keys, documents. Such a route gets no Call."""

ALSO_PLATFORM: Marker = {"x-platform": True}
"""The route is served at the platform's host too."""

CONDITIONAL: Marker = {"x-conditional": True}
"""A change that must name the version it saw (If-Match), else 428; creation: If-None-Match: *."""

IDEMPOTENCY_REQUIRED: Marker = {"x-idempotency-required": True}
"""A POST that must carry an Idempotency-Key, else 422."""

JSON = "application/json"
MAX_BYTES = 256 * 1024

WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""Methods whose bodies are read; those of others mean nothing (RFC 9110)."""

_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_ACCESS = frozenset({"public", "person", "roles", "scopes", "platform", "any_host"})


def roles(*names: str) -> Marker:
    """A valid token with at least one of these roles, else 403."""
    if not names:
        raise ValueError("at least one role is needed")
    return {"x-access": "roles", "x-roles": list(names)}


def scopes(*names: str) -> Marker:
    """A partner's machine that was given all of these scopes, else 403.

    People are refused, unless roles stand before: ``roles("support") | scopes("events:read")``.
    Where no scopes are named no machine is let in, but for public routes.
    """
    if not names:
        raise ValueError("at least one scope is needed")
    return {"x-access": "scopes", "x-scopes": list(names)}


def body(content_types: Sequence[str], max_bytes: int = MAX_BYTES) -> Marker:
    """A body other than JSON: its media types and its length at most.

    A form's fields are declared by the route's parameters; other types reach the route as bytes
    (``await request.body()``) and are documented here.
    """
    marker: Marker = {"x-body": list(content_types), "x-max-bytes": max_bytes}
    raw = [name for name in content_types if name not in _FORMS and name != JSON]
    if raw:
        schema = {"type": "string", "format": "binary"}
        content = {name: {"schema": schema} for name in raw}
        marker["requestBody"] = {"required": True, "content": content}
    return marker


@dataclass(frozen=True, slots=True)
class Rules:
    """A route's markers, read once when the route is made.

    media_types is empty where no body is expected; query holds the known parameter names.
    """

    access: str
    roles: frozenset[str]
    scopes: frozenset[str]
    also_platform: bool
    conditional: bool
    key_required: bool
    keyed: bool
    media_types: frozenset[str]
    body_required: bool
    max_bytes: int
    query: frozenset[str]
    status: int
    or_ticket: bool = False

    def let_in(self, actor: Actor | None) -> bool:
        """Whether this caller may use the route at all, as far as the token says."""
        if self.public or self.any_host:
            return True
        if actor is None:
            return False
        if actor.is_machine:
            return bool(self.scopes) and self.scopes <= actor.scopes
        if self.access == "person":
            return True
        return actor.has(*self.roles)

    @property
    def any_host(self) -> bool:
        return self.access == "any_host"

    @property
    def by_role(self) -> bool:
        """Whether it takes an office to use this route."""
        return self.access in ("roles", "platform")

    @property
    def public(self) -> bool:
        return self.access == "public"

    @property
    def platform_only(self) -> bool:
        return self.access == "platform"


def rules_of(route: APIRoute) -> Rules:
    """ValueError for a marker that nobody would obey."""
    extra = route.openapi_extra or {}
    access = extra.get("x-access", "person")
    methods = route.methods or set()
    writes = methods <= WITH_BODY
    required = bool(extra.get("x-idempotency-required"))
    if access not in _ACCESS:
        raise ValueError(f"{route.path}: x-access {access!r} is unknown")
    if extra.get("x-conditional") and not writes:
        raise ValueError(f"{route.path}: a read cannot be CONDITIONAL")
    keyed = "POST" in methods and not route.path.startswith("/v1/auth/")
    if required and not keyed:
        raise ValueError(f"{route.path}: only a POST outside /v1/auth/ remembers keys")
    media_types = extra.get("x-body") or ([JSON] if route.body_field else [])
    field = route.body_field
    return Rules(
        access=access,
        roles=frozenset(extra.get("x-roles", ())),
        scopes=frozenset(extra.get("x-scopes", ())),
        also_platform=bool(extra.get("x-platform")),
        conditional=bool(extra.get("x-conditional")),
        key_required=required,
        keyed=keyed,
        media_types=frozenset(media_types) if writes else frozenset(),
        body_required=bool(field and field.field_info.is_required()) or "x-body" in extra,
        max_bytes=extra.get("x-max-bytes", MAX_BYTES),
        query=frozenset(
            known.alias
            for known in get_flat_params(route.dependant)
            if isinstance(known.field_info, params.Query)
        ),
        status=route.status_code or 200,
        or_ticket=bool(extra.get("x-ticket")),
    )
