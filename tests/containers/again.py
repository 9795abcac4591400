"""Runs tests in a process of its own on the servers that AMQP_URL and MONGO_URL name."""

import sys

import pytest


class GivenServers:
    """Leaves out what kills and freezes a node: that is done to nodes of the tests' own."""

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        own = [item for item in items if "own_broker" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=own)
        items[:] = [item for item in items if item not in own]


if __name__ == "__main__":
    sys.exit(pytest.main(sys.argv[1:], plugins=[GivenServers()]))
