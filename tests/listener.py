"""A small server in a thread of the test's own process, as long as a block lasts."""

import threading
import time
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from deploy.local.ports import free_ports


class Listener(ABC):
    """Listens on a free port of loopback while it is used as a context manager."""

    def __init__(self) -> None:
        [self._port] = free_ports(1)
        config = uvicorn.Config(
            self._serve,
            port=self._port,
            log_level="error",
            interface="asgi3",
            lifespan="off",
            ws="none",
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @abstractmethod
    async def answer(self, request: Request) -> Response:
        """Runs in the server's thread."""

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self.answer(Request(scope, receive))
        await response(scope, receive, send)

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
