"""A RabbitMQ node for the tests of the bus, or the one that AMQP_URL names."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.broker import Broker


@pytest.fixture(scope="session")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A node that a test may freeze, kill and look into; empty at first."""
    folder = tmp_path_factory.mktemp("broker")
    with Broker(folder, definitions=Path("/nonexistent"), report=lambda _: None) as broker:
        yield broker


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    given = os.environ.get("AMQP_URL")
    if given:
        return given
    broker: Broker = request.getfixturevalue("own_broker")
    return broker.amqp_url
