"""Profiles in this process, with question banks for both tenants."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from services.profiles.app import create
from services.profiles.settings import Settings
from tests.harness import Harness
from tests.profiles.builders import put_bank


@pytest.fixture(scope="session")
async def profiles(
    broker_url: str, mongo_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Harness]:
    folder = tmp_path_factory.mktemp("profiles")
    async with Harness.running(
        create, Settings, broker_url, mongo_url, folder, file_secret="f" * 32
    ) as harness:
        for tenant in ("vodafone", "swisscom"):
            for skill in ("wifi", "tv"):
                assert (await put_bank(harness, tenant, skill)).status_code == 201
        yield harness


@pytest.fixture
def clock(profiles: Harness) -> Iterator[Harness]:
    """The harness, back in the present after the test."""
    yield profiles
    profiles.travel(timedelta(0))
