"""What is known of the request being answered, filled step by step on its way in."""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from shared.contracts.identity import TenantFacts
from shared.http.tokens import Actor

_KEY = "helphood.exchange"


@dataclass(slots=True)
class Exchange:
    """One request and its answer to be.

    tenant is the host's, actor the token's. status is the answer's when all goes well. if_match:
    the version named by If-Match, see ``shared.edge``; require_match: it had to be named and is
    not; creates: ``If-None-Match: *`` was sent. act: the operation, where an office gives the right
    to change something. key is the Idempotency-Key where it has effect,
    content the body's bytes, headers are added to whatever answer is given.
    """

    request_id: str = ""
    method: str = ""
    path: str = ""
    tenant: TenantFacts | None = None
    actor: Actor | None = None
    status: int = 200
    if_match: int | None = None
    require_match: bool = False
    creates: bool = False
    act: str | None = None
    key: str | None = None
    content: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


def begin(scope: MutableMapping[str, Any], exchange: Exchange) -> None:
    """Attach the exchange to its ASGI scope."""
    scope[_KEY] = exchange


def exchange_of(scope: Mapping[str, Any]) -> Exchange:
    """The exchange of this ASGI scope."""
    exchange: Exchange = scope[_KEY]
    return exchange
