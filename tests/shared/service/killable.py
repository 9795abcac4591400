"""An application that can be told to kill its own process; served by shared.server in a test."""

import os
import signal

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


def create() -> Starlette:
    def who(_: Request) -> Response:
        return JSONResponse({"pid": os.getpid(), "parent": os.getppid()})

    def die(_: Request) -> Response:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("still alive")

    return Starlette(routes=[Route("/", who), Route("/die", die, methods=["POST"])])


def refuse() -> Starlette:
    """As a service does whose settings are wrong."""
    raise SystemExit(2)
