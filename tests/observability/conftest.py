"""A whole platform with a real Prometheus beside it, after a story in each tenant."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from deploy.local import prometheus
from deploy.local.broker import Broker
from deploy.local.mishaps import StoryWithMishaps
from deploy.local.programs import CannotRunError
from deploy.local.story import CASTS, Story
from tests.observability.prometheus import Prometheus
from tests.platform import Platform, running

SCRAPED_EVERY = 1


@dataclass(frozen=True)
class Watched:
    """page is the trace page's address; stories are told, the last one while all was watched."""

    platform: Platform
    prometheus: Prometheus
    page: httpx.Client
    stories: list[StoryWithMishaps]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever comes first waits for the platform and two stories."""
    for item in items:
        if "watched" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One that sends its spans where ``make demo`` does."""
    with running(tmp_path_factory.mktemp("platform"), own_traces=True) as whole:
        yield whole


def close(story: Story) -> None:
    """The connections of everybody in it."""
    for somebody in (story.customer, story.helper, story.support, story.stranger):
        somebody.close()


@pytest.fixture(scope="session")
def broker(platform: Platform) -> Broker:
    """The platform's own: one that was given tells its metrics nobody knows where."""
    if platform.stack.amqp_url:
        pytest.skip("AMQP_URL is given, and where that broker's metrics are is not known")
    return platform.stack.broker()


@pytest.fixture(scope="session")
def watched(platform: Platform, broker: Broker) -> Iterator[Watched]:
    """As ``make demo`` leaves it, but asked every second."""
    try:
        prometheus.provide()
    except CannotRunError as error:
        pytest.skip(f"no Prometheus here: {error}")
    stack = platform.stack
    first, second = (platform.story(cast) for cast in CASTS)
    first.tell()
    stack.watch(SCRAPED_EVERY)
    asked = Prometheus(stack.ports.prometheus)
    page = httpx.Client(base_url=f"http://127.0.0.1:{stack.ports.traces}", timeout=30)
    try:
        asked.until("up", lambda found: len(found) >= 8 and all(each.value for each in found))
        # A rate takes two looks, the second of them after the story.
        second.tell()
        asked.until(f"changes(process_cpu_seconds_total[{20 * SCRAPED_EVERY}s]) > 2")
        yield Watched(platform, asked, page, [first, second])
    finally:
        asked.close()
        page.close()
        for story in (first, second):
            close(story)
