"""Stands in for a service where a test is about the stack: ready at once, shows what it knows."""

import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]


def create() -> Callable[..., Awaitable[None]]:
    """An ASGI application that answers every path with its environment as JSON."""

    async def answer(scope: Message, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": f"{message['type']}.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        body = json.dumps(dict(os.environ)).encode()
        await send({"type": "http.response.body", "body": body})

    return answer


def fail() -> None:
    """A service that cannot be built."""
    raise RuntimeError("the teapot is empty")
