"""Asking the operator whether a line works: one protocol, and an adapter over HTTP.

Nothing here raises: a test that is slow, away or talks nonsense is an answer of its own, unknown.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Annotated, Literal, Protocol

import httpx
import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.jobs.model.line import LineState

log = structlog.get_logger()

TIMEOUT = 3.0
"""Seconds for an answer, all in all."""

FAILURES, REST = 3, 60.0
"""After so many failures in a row the test is not asked for so many seconds."""

MAX_BYTES = 64 * 1024


@dataclass(frozen=True)
class LineQuestion:
    """Whose line: the tenant, the customer's account, and where it ends."""

    tenant: str
    customer_id: str
    street: str
    postcode: str
    city: str


@dataclass(frozen=True)
class LineAnswer:
    state: LineState
    note: str = ""


UNKNOWN = LineAnswer(LineState.UNKNOWN)


class LineAdapter(Protocol):
    """May raise whatever it likes, and take its time: LineTest sees to that."""

    async def ask(self, question: LineQuestion) -> LineAnswer: ...


class LineTest:
    """A tenant's adapter behind a limit of time and a circuit; without one, unknown."""

    def __init__(
        self,
        adapters: Mapping[str, LineAdapter],
        *,
        timeout: float = TIMEOUT,
        rest: float = REST,
    ) -> None:
        self._adapters = dict(adapters)
        self._timeout, self._rest = timeout, rest
        self._failures: dict[str, int] = {}
        self._resting_until: dict[str, float] = {}

    def use(self, tenant: str, adapter: LineAdapter) -> None:
        """From now on for this tenant, with a clean circuit."""
        self._adapters[tenant] = adapter
        self._failures.pop(tenant, None)
        self._resting_until.pop(tenant, None)

    def knows(self, tenant: str) -> bool:
        """Whether there is anybody to ask."""
        return tenant in self._adapters

    async def ask(self, question: LineQuestion) -> LineAnswer:
        adapter = self._adapters.get(question.tenant)
        if adapter is None or monotonic() < self._resting_until.get(question.tenant, 0.0):
            return UNKNOWN
        try:
            async with asyncio.timeout(self._timeout):
                answer = await adapter.ask(question)
        except Exception as error:
            self._failed(question.tenant, error)
            return UNKNOWN
        self._failures.pop(question.tenant, None)
        return answer

    def _failed(self, tenant: str, error: Exception) -> None:
        failures = self._failures[tenant] = self._failures.get(tenant, 0) + 1
        log.warning("line_test.failed", tenant=tenant, error=type(error).__name__, times=failures)
        if failures >= FAILURES:
            # After the rest, one failure more opens the circuit again at once.
            self._resting_until[tenant] = monotonic() + self._rest


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    state: Literal["ok", "fault", "unknown"]
    note: Annotated[str, Field(max_length=300)] = ""


class HttpLineAdapter:
    """``POST url`` with the question as JSON; the answer is ``{"state": ..., "note": ...}``."""

    def __init__(self, url: str, token: str = "", client: httpx.AsyncClient | None = None) -> None:
        self._url, self._token = url, token
        self._client = client or httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False)

    async def ask(self, question: LineQuestion) -> LineAnswer:
        """httpx's errors, ValueError for an answer that is none."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        body = {
            "customer_id": question.customer_id,
            "address": {
                "street": question.street,
                "postcode": question.postcode,
                "city": question.city,
            },
        }
        request = self._client.build_request("POST", self._url, json=body, headers=headers)
        response = await self._client.send(request, stream=True)
        try:
            response.raise_for_status()
            content = b""
            async for piece in response.aiter_bytes():
                content += piece
                if len(content) > MAX_BYTES:
                    raise ValueError("the line test says too much")
        finally:
            await response.aclose()
        try:
            told = _Body.model_validate_json(content)
        except ValidationError:
            raise ValueError("the line test's answer is of another form") from None
        return LineAnswer(LineState(told.state), told.note)
