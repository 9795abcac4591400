"""A service's stand-in behind the gateway: answers by path and remembers what reached it."""

import asyncio
import json
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import uvicorn

KEYS_PATH = "/.well-known/jwks.json"


@dataclass(frozen=True)
class Seen:
    """One request as the service got it; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Upstream:
    """A server on its own port and thread; it can go down and come back at the same address."""

    name: str
    port: int
    keys: dict[str, Any] = field(default_factory=lambda: {"keys": []})
    ready: bool = True
    seen: list[Seen] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)
    """Set: the live stream sends its second message."""
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = None

    def start(self) -> None:
        config = uvicorn.Config(
            self._answer,
            host="127.0.0.1",
            port=self.port,
            interface="asgi3",
            lifespan="off",
            log_level="error",
        )
        server = self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=server.run, daemon=True)
        self._thread.start()
        wait_until(lambda: server.started)

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.force_exit = self._server.should_exit = True
            self._thread.join(timeout=10)
            self._server = self._thread = None

    def last(self) -> Seen:
        """What came last, health checks and fetches of keys apart."""
        return self.requests()[-1]

    def requests(self) -> list[Seen]:
        return [one for one in self.seen if one.path not in ("/readyz", KEYS_PATH)]

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        seen = await _read(scope, receive)
        self.seen.append(seen)
        path = seen.path.partition("?")[0]
        if path == "/readyz":
            await _reply(send, 200 if self.ready else 503, {"ready": self.ready})
        elif path == KEYS_PATH:
            await _reply(send, 200, self.keys)
        elif path == "/v1/stream":
            await self._stream(send)
        else:
            answer = {"service": self.name, "path": seen.path, "bytes": len(seen.body)}
            await _reply(send, 200, answer)

    async def _stream(self, send: Any) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        while not self.go_on.is_set():
            await asyncio.sleep(0.01)
        await send({"type": "http.response.body", "body": b"data: 2\n\n", "more_body": False})


class Breaking:
    """Takes every request and hangs up without an answer, counting them."""

    def __init__(self, port: int) -> None:
        self.requests: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", port))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        # Closing alone would not wake the thread that waits for the next connection.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                line = connection.recv(65_536).split(b"\r\n")[0].decode()
                if line and "/readyz" not in line:
                    self.requests.append(line)


async def _read(scope: Any, receive: Any) -> Seen:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    path = scope["raw_path"].decode()
    if scope["query_string"]:
        path += "?" + scope["query_string"].decode()
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    return Seen(scope["method"], path, headers, body)


async def _reply(send: Any, status: int, answer: dict[str, Any]) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"x-powered-by", b"curiosity"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


def wait_until(condition: Any, seconds: float = 10.0) -> None:
    """Return as soon as the condition holds; AssertionError when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
