"""Live streams as a browser reads them: over a socket, from a server of their own."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self

import httpx
import uvicorn
from fastapi import FastAPI

PATIENCE = 15.0
"""Seconds a test waits for an event on a busy machine."""


class _Server(uvicorn.Server):
    """One that leaves the test's signals alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The address of an application whose life the caller keeps."""
    config = uvicorn.Config(app, port=0, lifespan="off", log_level="error", access_log=False)
    server = _Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = server.force_exit = True
        await serving


@dataclass(frozen=True)
class Told:
    """One event of a stream."""

    name: str
    id: int
    data: dict[str, Any]


class Reader:
    """Reads one stream in the background until it ends; told holds its events in order."""

    def __init__(self, base: str, tenant: str, **request: Any) -> None:
        self.told: list[Told] = []
        self.status = 0
        self.problem: dict[str, Any] = {}
        self.comments = 0
        self._base = base
        self._request = request
        self._host = f"{tenant}.localhost"
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._reading = asyncio.create_task(self._read())
        await self.until(lambda: self.status)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._reading is not None
        self._reading.cancel()
        with suppress(asyncio.CancelledError, httpx.HTTPError):
            await self._reading

    @property
    def ended(self) -> bool:
        return self._reading is not None and self._reading.done()

    @property
    def position(self) -> int:
        return self.told[-1].id

    def named(self, name: str) -> list[Told]:
        return [each for each in self.told if each.name == name]

    async def until(self, look: Any) -> Any:
        async with asyncio.timeout(PATIENCE):
            while not (found := look()):
                await asyncio.sleep(0.01)
        return found

    async def until_named(self, name: str, count: int = 1) -> None:
        await self.until(lambda: len(self.named(name)) >= count)

    async def _read(self) -> None:
        headers = {"Host": self._host, **self._request.pop("headers", {})}
        timeout = httpx.Timeout(10, read=None)
        async with (
            httpx.AsyncClient(base_url=self._base, timeout=timeout) as client,
            client.stream("GET", "/v1/stream", headers=headers, **self._request) as response,
        ):
            if response.status_code != 200:
                self.problem = json.loads(await response.aread())
                self.status = response.status_code
                return
            self.status = 200
            await self._take(response)

    async def _take(self, response: httpx.Response) -> None:
        event: dict[str, str] = {}
        async for line in response.aiter_lines():
            if line.startswith(":"):
                self.comments += 1
            elif line:
                name, _, value = line.partition(": ")
                event[name] = value
            elif event:
                told = Told(event["event"], int(event["id"]), json.loads(event["data"]))
                self.told.append(told)
                event = {}
