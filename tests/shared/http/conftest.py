"""One shop per test; the application itself is cheap to make."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.shared.http.shop import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Log lines are caught, not printed: expected crashes would fill the screen."""
    with capture_logs():
        yield
