"""An engine and the images for it: found, or in CI installed; skipped with the reason elsewhere."""

import os
from collections.abc import Iterator

import pytest

from deploy.images import recipes
from deploy.images.engine import Daemon, Engine, find, install

_NONE = "no container engine answers (python -m deploy.images engine installs and starts one)"


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """With every image of ours; one that we start ourselves ends with the session."""
    found = find()
    if found is None and os.environ.get("CI") != "true":
        pytest.skip(_NONE)
    daemon = None
    if found is None:
        install()
        found = find()
    if found is None:
        daemon = Daemon()
        daemon.start()
        found = daemon.engine
    try:
        recipes.build(found)
        yield found
    finally:
        if daemon is not None:
            daemon.stop()
