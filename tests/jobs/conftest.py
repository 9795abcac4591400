from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from services.jobs.app import create
from services.jobs.settings import Settings
from tests.harness import Harness


@pytest.fixture(scope="session")
async def running(
    broker_url: str, mongo_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Harness]:
    folder = tmp_path_factory.mktemp("jobs")
    async with Harness.running(
        create, Settings, broker_url, mongo_url, folder, file_secret="f" * 32
    ) as harness:
        yield harness


@pytest.fixture
def jobs(running: Harness) -> Iterator[Harness]:
    """The service at the present time; a test that travels is brought back."""
    yield running
    running.travel(timedelta(0))
