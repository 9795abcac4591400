"""Everything about HTTP that all services share: callers, checks, bodies, answers, errors."""

from shared.http.app import make_http_app
from shared.http.call import Call, CallDep, answer
from shared.http.paging import Paging, PagingDep, page_response
from shared.http.routes import (
    ALSO_PLATFORM,
    ANY_HOST,
    CONDITIONAL,
    IDEMPOTENCY_REQUIRED,
    OR_TICKET,
    PERSON,
    PLATFORM,
    PUBLIC,
    Router,
    body,
    roles,
    scopes,
)
from shared.http.tokens import Actor, TokenVerifier

__all__ = [
    "ALSO_PLATFORM",
    "ANY_HOST",
    "CONDITIONAL",
    "IDEMPOTENCY_REQUIRED",
    "OR_TICKET",
    "PERSON",
    "PLATFORM",
    "PUBLIC",
    "Actor",
    "Call",
    "CallDep",
    "Paging",
    "PagingDep",
    "Router",
    "TokenVerifier",
    "answer",
    "body",
    "make_http_app",
    "page_response",
    "roles",
    "scopes",
]
