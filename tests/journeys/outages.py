"""A program of the platform is away for a while."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.platform import Platform

SOON = 60.0
"""Seconds for a process to come back and for everybody to have noticed, on a busy machine."""


@contextmanager
def without(platform: Platform, program: str) -> Iterator[None]:
    """The program is stopped meanwhile; afterwards every service is ready again."""
    keeper = platform.stack.keeper
    keeper.stop(program)
    try:
        yield
    finally:
        keeper.start(program)
        deadline = time.monotonic() + SOON
        names = [name for name in platform.stack.services if not _fully_ready(platform, name)]
        while names and time.monotonic() < deadline:
            time.sleep(0.2)
            names = [name for name in names if not _fully_ready(platform, name)]
        assert not names, f"{names} did not recover"


def readiness(platform: Platform, service: str) -> httpx.Response:
    return httpx.get(f"{platform.stack.service_address(service)}/readyz", timeout=10)


def _fully_ready(platform: Platform, service: str) -> bool:
    try:
        state = readiness(platform, service).json()
    except httpx.HTTPError:
        return False
    return bool(state["ready"] and state["broker"] and state["consumers"])
