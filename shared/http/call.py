"""What a route works with: the tenant's scope, the caller, and how to answer."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol, Self, TypeVar

from fastapi import Depends
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from shared.contracts.audit import AUDITED
from shared.contracts.identity import TenantFacts
from shared.edge import Acting, Edge
from shared.http.conditions import etag_of
from shared.http.exchange import Exchange, exchange_of
from shared.http.tokens import Actor
from shared.kernel import ids
from shared.kernel.clock import utc_now
from shared.kernel.errors import Unauthenticated
from shared.scope import Scope

ScopeOf = Callable[[TenantFacts], Scope]


class AnsweringStores(Protocol):
    """Stores that heed If-Match and remember what an Idempotency-Key was answered."""

    @classmethod
    def open(cls, scope: Scope, edge: Edge | None = None) -> Self: ...


S = TypeVar("S", bound=AnsweringStores)


@dataclass(frozen=True)
class Call(Scope):
    """One request of one caller; actor is None where a public route was called without a token."""

    actor: Actor | None = None
    exchange: Exchange = field(default_factory=Exchange)

    @property
    def person(self) -> Actor:
        """The caller. Unauthenticated when nobody is; never on routes that need a token."""
        if self.actor is None:
            raise Unauthenticated("this needs an access token")
        return self.actor

    @property
    def creates(self) -> bool:
        """Whether ``If-None-Match: *`` was sent: the change must bring the thing into being."""
        return self.exchange.creates

    def answering(
        self, kind: type[S], view: Callable[[Any], BaseModel], *, status: int | None = None
    ) -> S:
        """A store for the one change this request is about.

        It refuses a version that is not the caller's (If-Match) and remembers the answer under
        the Idempotency-Key. view shows the aggregate after the change exactly as the route is
        going to; status is the answer's, the route's own by default.
        """
        exchange = self.exchange
        keyed = exchange.key is not None
        edge = Edge(
            if_match=exchange.if_match,
            require_match=exchange.require_match,
            key=_hash("\x1f".join(self._request_parts()).encode()) if keyed else None,
            body_hash=_hash(exchange.content) if keyed else "",
            at=utc_now(),
            answer=lambda aggregate: view(aggregate).model_dump_json().encode(),
            status=status or exchange.status,
        )
        return kind.open(self, edge)

    def derived_id(self, prefix: str) -> str:
        """The id of what this request creates: the same when it is repeated with its key."""
        if self.exchange.key is None:
            return ids.new_id(prefix)
        return ids.derived_id(prefix, *self._request_parts())

    def report_limit(
        self, policy: str, *, quota: int, window_s: int, remaining: int, reset_s: int
    ) -> None:
        """RateLimit and RateLimit-Policy headers (IETF draft) of a limit that was looked at."""
        headers = self.exchange.headers
        headers.append((b"ratelimit-policy", f'"{policy}";q={quota};w={window_s}'.encode()))
        headers.append((b"ratelimit", f'"{policy}";r={max(remaining, 0)};t={reset_s}'.encode()))

    def _request_parts(self) -> tuple[str, ...]:
        """What an Idempotency-Key is unique within (tenant, person, route), and the key."""
        exchange = self.exchange
        route = f"{exchange.method} {exchange.path}"
        return self.tenant.slug, self.person.id, route, exchange.key or ""


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


async def _call_of(request: Request) -> Call:
    exchange = exchange_of(request.scope)
    assert exchange.tenant is not None, "an ANY_HOST route has no Call"
    scope_of: ScopeOf = request.app.state.scope_of
    scope = scope_of(exchange.tenant)
    return Call(
        tenant=scope.tenant,
        now=scope.now,
        database=scope.database,
        outbox=scope.outbox,
        resources=scope.resources,
        acting=_acting(exchange),
        actor=exchange.actor,
        exchange=exchange,
    )


def _acting(exchange: Exchange) -> Acting | None:
    """Who changes something by their office; a service without audited events has no offices."""
    if exchange.act is None or exchange.actor is None:
        return None
    event = AUDITED.get(exchange.act.partition("_")[0])
    if event is None:
        return None
    return Acting(exchange.actor.id, exchange.actor.office, exchange.act, event)


CallDep = Annotated[Call, Depends(_call_of)]
"""As a route's parameter: ``async def accept(call: CallDep, ...)``."""


def answer(
    call: Call,
    view: BaseModel,
    *,
    status: int | None = None,
    etag: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The view as JSON; etag is the version it shows, status the route's own by default."""
    all_headers = dict(headers or {})
    if etag is not None:
        all_headers["ETag"] = etag_of(etag)
    body = view.model_dump_json().encode()
    return Response(body, status or call.exchange.status, all_headers, "application/json")
