"""One gateway for all tests that change nothing about it."""

from collections.abc import Iterator

import pytest

from tests.gateway.envoy import Door, running


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with running(tmp_path_factory.mktemp("gateway")) as door:
        yield door


@pytest.fixture(autouse=True)
def _forget(request: pytest.FixtureRequest) -> None:
    """Each test sees only the requests that it made itself."""
    if "gateway" in request.fixturenames:
        door: Door = request.getfixturevalue("gateway")
        for one in door.services.values():
            one.seen.clear()
            one.go_on.clear()
