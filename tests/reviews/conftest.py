from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from services.reviews.app import create
from services.reviews.settings import Settings
from tests.harness import Harness


@pytest.fixture(scope="session")
async def running(
    broker_url: str, mongo_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Harness]:
    folder = tmp_path_factory.mktemp("reviews")
    async with Harness.running(create, Settings, broker_url, mongo_url, folder) as harness:
        yield harness


@pytest.fixture
def reviews(running: Harness) -> Iterator[Harness]:
    """The service at the present time; a test that travels is brought back."""
    yield running
    running.travel(timedelta(0))
