"""The order in which every request is checked, before its route sees it.

Tenant of the host (404, 503), token (401), role (403), media type and length of the body (415,
413), form of body, query and Idempotency-Key (422); then the declared types (422). What needs the
thing itself (404, 403, 428, 412, 409) is the business of the route and its store.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from shared.contracts.identity import TenantFacts
from shared.http.access import (
    ALSO_PLATFORM,
    ANY_HOST,
    CONDITIONAL,
    IDEMPOTENCY_REQUIRED,
    OR_TICKET,
    PERSON,
    PLATFORM,
    PUBLIC,
    WITH_BODY,
    Rules,
    body,
    roles,
    rules_of,
    scopes,
)
from shared.http.bodies import CheckedRequest, check_query, read_body
from shared.http.conditions import read_conditions, read_key, unchanged
from shared.http.exchange import Exchange, exchange_of
from shared.http.tokens import Actor, TokenVerifier, invalid_token
from shared.kernel.errors import Forbidden, NotFound, Unauthenticated, Unavailable

__all__ = [
    "ALSO_PLATFORM",
    "ANY_HOST",
    "CONDITIONAL",
    "IDEMPOTENCY_REQUIRED",
    "OR_TICKET",
    "PERSON",
    "PLATFORM",
    "PLATFORM_SLUG",
    "PUBLIC",
    "CheckedRoute",
    "Revocations",
    "Router",
    "Tenants",
    "body",
    "roles",
    "scopes",
]

PLATFORM_SLUG = "platform"
"""The pseudo-tenant of the platform's own host."""


class Tenants(Protocol):
    """Who is served where. ready: at least one tenant is known by now.

    fresh is awaited before anything is asked.
    """

    async def fresh(self) -> None: ...

    @property
    def ready(self) -> bool: ...

    def by_host(self, host: str) -> TenantFacts | None: ...


class Revocations(Protocol):
    """Whose tokens are refused before they expire; fresh is awaited before it is asked."""

    async def fresh(self) -> None: ...

    def refuses(self, actor: Actor) -> bool: ...


class CheckedRoute(APIRoute):
    """A route that is reached only by requests which passed its rules."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self._beginning = path.partition("{")[0]
        self._depth = path.count("/") if ":path}" not in path else None

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As the framework does; most routes are told apart without a regular expression."""
        path: str = scope["path"]
        if not scope.get("root_path") and (
            not path.startswith(self._beginning) or self._depth not in (None, path.count("/"))
        ):
            return Match.NONE, {}
        return super().matches(scope)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        rules = rules_of(self)
        writes = (self.methods or set()) <= WITH_BODY
        act = self.operation_id if rules.by_role and writes else None

        async def checked(request: Request) -> Response:
            exchange = exchange_of(request.scope)
            exchange.status, exchange.act = rules.status, act
            read = CheckedRequest(request.scope, request.receive)
            await _check(read, exchange, rules)
            response = await handle(read)
            return _fresh(response, read)

        return checked


class Router(APIRouter):
    """An APIRouter whose routes are checked."""

    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=CheckedRoute, **options)


async def _check(request: CheckedRequest, exchange: Exchange, rules: Rules) -> None:
    state = request.app.state
    if not rules.any_host:
        tenant = _served(exchange.tenant, state.tenants, rules)
        exchange.actor = await _caller(request, tenant, state.verifier, state.revocations, rules)
        if not (rules.let_in(exchange.actor) or _by_ticket(request, exchange.actor, rules)):
            raise Forbidden("this needs another role")
    if exchange.method in WITH_BODY:
        await read_body(request, rules)
        exchange.content = request.content
        read_conditions(exchange, request.headers, rules)
        read_key(exchange, request.headers, rules)
    if query := request.scope["query_string"]:
        check_query(query, rules.query)


def _served(tenant: TenantFacts | None, tenants: Tenants, rules: Rules) -> TenantFacts:
    """The host's tenant, if it is served and this route exists for it."""
    if tenant is None and not tenants.ready:
        raise Unavailable("no tenant is known here yet")
    if tenant is None or tenant.status == "offboarded":
        raise NotFound("no tenant is served at this host", code="unknown_tenant")
    if tenant.slug == PLATFORM_SLUG:
        if not (rules.platform_only or rules.also_platform):
            raise NotFound("no tenant is served at this host", code="unknown_tenant")
    elif rules.platform_only:
        raise NotFound("there is nothing at this address")
    if tenant.status == "suspended":
        raise Unavailable("this tenant is suspended", code="tenant_suspended", retry_after=300)
    return tenant


async def _caller(
    request: Request,
    tenant: TenantFacts,
    verifier: TokenVerifier,
    revocations: Revocations,
    rules: Rules,
) -> Actor | None:
    """The token's holder; None only where a public route is called without a token."""
    credentials = request.headers.getlist("authorization")
    scheme, _, token = credentials[0].partition(" ") if credentials else ("", "", "")
    if len(credentials) > 1:
        raise invalid_token()
    if scheme.lower() != "bearer":
        if rules.public or _by_ticket(request, None, rules):
            return None
        raise Unauthenticated("this needs an access token")
    actor = await verifier.verify(token.strip())
    await revocations.fresh()
    if actor.tenant != tenant.slug or revocations.refuses(actor):
        raise invalid_token()
    return actor


def _by_ticket(request: Request, actor: Actor | None, rules: Rules) -> bool:
    """Whether nobody signed in, but a ticket was sent where the route takes one."""
    return actor is None and rules.or_ticket and bool(request.query_params.get("ticket"))


def _fresh(response: Response, request: Request) -> Response:
    """304 instead of what the caller has already."""
    if request.method != "GET" or response.status_code != 200:
        return response
    known = request.headers.get("if-none-match")
    if known is None:
        return response
    etag = response.headers.get("etag")
    if etag is None or not unchanged(known, etag):
        return response
    kept = ("etag", "cache-control", "content-location", "vary", "link")
    headers = {name: response.headers[name] for name in kept if name in response.headers}
    return Response(status_code=304, headers=headers, background=response.background)
