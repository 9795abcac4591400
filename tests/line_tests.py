"""The line tests of operators, as a platform asks them: what they find is up to the test."""

import asyncio
import threading
import time
from collections import Counter, defaultdict
from types import TracebackType
from typing import Self

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from deploy.local.ports import free_ports

SLOW = 6.0
"""Seconds of silence, twice what anybody waits for a line test."""


class Operators:
    """Listens on a free port of loopback while it is used as a context manager.

    finds: tenant -> ok, fault, unknown, or one of slow (no word for a while) and broken (500).
    """

    def __init__(self) -> None:
        self.finds: defaultdict[str, str] = defaultdict(lambda: "unknown")
        self.asked: Counter[str] = Counter()
        """How often, by tenant."""
        [self._port] = free_ports(1)
        config = uvicorn.Config(
            self._test, port=self._port, log_level="error", interface="asgi3", lifespan="off"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def address(self, tenant: str) -> str:
        return f"http://127.0.0.1:{self._port}/{tenant}"

    async def _test(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        tenant = request.url.path.strip("/")
        self.asked[tenant] += 1
        found = self.finds[tenant]
        if found == "slow":
            await asyncio.sleep(SLOW)
        answer = Response(status_code=500) if found == "broken" else JSONResponse({"state": found})
        await answer(scope, receive, send)

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join(5)
