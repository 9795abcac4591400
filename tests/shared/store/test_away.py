"""A database that is known to be away is not waited for."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.database import Database as EmbeddedDatabase
from shared.kernel.errors import Unavailable
from shared.store import Database

QUICK = 0.2
"""Seconds; asking the driver takes two."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedDatabase]:
    server = EmbeddedDatabase(tmp_path)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def using(url: str) -> Iterator[Database]:
    database = Database(url, "away")
    try:
        yield database
    finally:
        database.close()


async def until(database: Database, *, lost: bool, seconds: float = 15) -> None:
    """Asks for it over and over, as every service does."""
    end = time.monotonic() + seconds
    while (await refused(database) is not None) is not lost:
        assert time.monotonic() < end
        await database.ping()


async def refused(database: Database) -> float | None:
    """Seconds to a refusal; None if there was none."""
    began = time.monotonic()
    try:
        database.collection("things")
    except Unavailable:
        return time.monotonic() - began
    return None


async def test_after_a_crash_refusals_are_quick_until_it_is_back(server: EmbeddedDatabase) -> None:
    with using(server.mongo_url) as database:
        assert await database.ping()
        server.kill()
        await until(database, lost=True)
        spent = await refused(database)
        assert spent is not None
        assert spent < QUICK
        server.start()
        await until(database, lost=False)


async def test_a_server_that_hangs_is_noticed_within_seconds(server: EmbeddedDatabase) -> None:
    with using(server.mongo_url) as database:
        assert await database.ping()
        os.kill(server.pid, signal.SIGSTOP)
        try:
            await until(database, lost=True, seconds=10)
        finally:
            os.kill(server.pid, signal.SIGCONT)
        await until(database, lost=False)


async def test_a_server_that_was_never_there_is_waited_for() -> None:
    with using("mongodb://127.0.0.1:1/?directConnection=true") as database:
        assert not await database.ping()
        assert await refused(database) is None
