"""People who do not give up: each command is repeated with its key until it has an answer."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from shared.kernel.ids import new_id
from tests.chaos.ledger import ACKNOWLEDGED, IN_DOUBT, REFUSED, Ledger, Line

AWAY = frozenset({502, 503, 504})
"""Answers that say: not now."""

TOO_FAST = 429
PATIENCE = 60.0
"""Seconds until a command without an answer counts as in doubt."""

_PAUSE = 0.3


@dataclass
class Street:
    """The way to the gateway that all people share, and what was seen on it."""

    gateway: str
    port: int
    ledger: Ledger
    seen: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    client: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=32)
        self.client = httpx.AsyncClient(base_url=self.gateway, timeout=12, limits=limits)


@dataclass(frozen=True)
class Answer:
    """status 0: there was none in time."""

    status: int
    body: Any = None
    etag: str = ""

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True)
class Person:
    """Somebody of one tenant with an access token."""

    street: Street
    tenant: str
    id: str
    token: str

    async def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Until there is an answer other than "not now"; status 0 after PATIENCE seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while loop.time() < deadline:
            response = await self._once(method, path, body, headers or {})
            if response is None or response.status_code in AWAY:
                self.street.seen["attempts without an answer"] += 1
                await asyncio.sleep(_PAUSE)
                continue
            if response.status_code >= 500:
                self.street.faults.append(f"{method} {path}: {response.status_code}")
            is_json = "json" in response.headers.get("content-type", "")
            return Answer(
                response.status_code,
                response.json() if is_json and response.content else None,
                response.headers.get("etag", ""),
            )
        return Answer(0)

    async def command(
        self,
        kind: str,
        subject: str,
        name: str,
        path: str,
        body: Any = None,
        *,
        method: str = "POST",
        subject_from: str = "",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """A change, under one Idempotency-Key, written to the ledger with its outcome.

        subject_from is the name of the answer's field that tells what was made.
        """
        keyed = {"Idempotency-Key": new_id("key"), **(headers or {})}
        answer = await self.ask(method, path, body, keyed)
        if answer.good:
            outcome = ACKNOWLEDGED
            subject = answer.body[subject_from] if subject_from else subject
        else:
            outcome = REFUSED if answer.status else IN_DOUBT
            problem = (answer.body or {}).get("code", "") if answer.status else "no answer"
            what = name if kind == "job" else kind
            self.street.seen[f"{what}: {answer.status} {problem}".strip()] += 1
        self.note(kind, subject, name, outcome)
        return answer

    def note(self, kind: str, subject: str, name: str, outcome: str = ACKNOWLEDGED) -> None:
        """What became of a command, into the ledger."""
        self.street.ledger.write(Line(self.tenant, kind, subject, name, self.id, outcome))

    async def _once(
        self, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> httpx.Response | None:
        self.street.seen["requests"] += 1
        sent = {"Host": f"{self.tenant}.localhost:{self.street.port}", **headers}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        content = {} if body is None else {"json": body}
        try:
            return await self.street.client.request(method, path, headers=sent, **content)
        except httpx.TransportError:
            return None
