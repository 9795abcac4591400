"""Broker and database for the suites that need them: given by the environment, or our own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.broker import Broker
from deploy.local.database import Database as EmbeddedDatabase
from tests.platform import Platform, running


@pytest.fixture(scope="session")
def broker_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """AMQP_URL, or a RabbitMQ node of this test session alone."""
    if given := os.environ.get("AMQP_URL"):
        yield given
        return
    with Broker(tmp_path_factory.mktemp("broker"), definitions=Path("/nonexistent")) as broker:
        yield broker.amqp_url


@pytest.fixture(scope="session")
def mongo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """MONGO_URL, or an embedded database of this test session alone."""
    if given := os.environ.get("MONGO_URL"):
        yield given
        return
    database = EmbeddedDatabase(tmp_path_factory.mktemp("database"))
    database.start()
    try:
        yield database.mongo_url
    finally:
        database.stop()


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """All services as processes behind the gateway, with both tenants."""
    with running(tmp_path_factory.mktemp("platform")) as whole:
        yield whole
