"""A broker of its own: services of other suites would take the messages from these queues."""

from collections.abc import AsyncIterator, Iterator

import pytest

from deploy.local.broker import Broker
from tests.republish.world import World, a_world


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its queues are there before the first event, as everywhere that services run."""
    with Broker(tmp_path_factory.mktemp("broker"), report=lambda _: None) as broker:
        yield broker.amqp_url


@pytest.fixture(scope="module")
async def world(
    own_broker: str, mongo_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    async with a_world(own_broker, mongo_url, tmp_path_factory.mktemp("world")) as made:
        yield made
