"""One platform for all trials of this suite, and one table of what they measured."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.pressure.gauges import Table
from tests.pressure.world import SECONDS, WARM_UP, World, running

_TABLE = Table()


@pytest.fixture(scope="package")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Everything runs, everybody lives there."""
    with running(tmp_path_factory.mktemp("pressure"), _TABLE) as world:
        yield world


@pytest.fixture(scope="package")
async def world(settled: World) -> World:
    """Warm: measured against what a first request costs, trouble would look cheap."""
    await settled.consuming()
    await settled.open_conversations()
    async with settled.load():
        await asyncio.sleep(WARM_UP)
    await settled.truth.settled(60)
    return settled


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _TABLE.rows:
        terminalreporter.section(f"pressure of {SECONDS:.0f} s each")
        for line in _TABLE.lines():
            terminalreporter.line(line)
