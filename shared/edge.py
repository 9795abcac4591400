"""What a request asks of the store besides its command: the version it saw, the key it repeats,
the office by which it changes something."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.contracts.audit import LookEvent

NEVER = -1
"""As if_match: the caller named something that is no version of ours, so that none can match."""


@dataclass(frozen=True)
class Edge:
    """If-Match and Idempotency-Key of one request, free of HTTP.

    if_match is the version the caller saw, None when any will do. require_match: the caller had
    to name a version and did not; the thing itself, once found, is then refused with Precondition
    (code ``precondition_required``). key identifies tenant, person, method, path and
    Idempotency-Key (32 hex digits), None when nothing is to be remembered; body_hash tells the
    same request from another one with the same key. answer renders the aggregate after the change
    as the caller is going to see it, status is the answer's.
    """

    if_match: int | None
    require_match: bool
    key: str | None
    body_hash: str
    at: datetime
    answer: Callable[[Any], bytes]
    status: int


@dataclass(frozen=True)
class Acting:
    """Somebody who changes what is not theirs: role gives the right, kind is the operation.

    event is the AccessAudited of the service in which it happens.
    """

    actor_id: str
    role: str
    kind: str
    event: type[LookEvent]


class Replay(Exception):
    """This very request was carried out before; here is what it was answered then.

    etag is the version in that answer, None when it had none.
    """

    def __init__(self, status: int, body: bytes, etag: int | None) -> None:
        super().__init__("this request was answered before")
        self.status = status
        self.body = body
        self.etag = etag
