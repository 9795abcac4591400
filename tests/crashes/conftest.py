"""A broker of its own, with a virtual host for each of the trials that run at once."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from deploy.local.broker import USER, Broker
from tests.crashes.points import Point
from tests.crashes.trial import Lane, Outcome

LANES = [f"lane{number}" for number in range(4)]

Trials = dict[Point, asyncio.Task[Outcome]]


def _asked_for(request: pytest.FixtureRequest) -> list[Point]:
    """The points of this module's tests that are going to run."""
    tests = [item for item in request.session.items if isinstance(item, pytest.Function)]
    given = [vars(test).get("callspec") for test in tests if test.module is request.module]
    return [each.params["point"] for each in given if each is not None]


@pytest.fixture(scope="session")
def lane_urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    folder = tmp_path_factory.mktemp("crashes")
    with Broker(folder, definitions=Path("/nonexistent"), report=lambda _: None) as broker:
        grants = {"user": USER, "configure": ".*", "write": ".*", "read": ".*"}
        file = folder / "lanes.json"
        file.write_text(
            json.dumps(
                {
                    "vhosts": [{"name": lane} for lane in LANES],
                    "permissions": [{**grants, "vhost": lane} for lane in LANES],
                }
            )
        )
        broker.control("import_definitions", str(file))
        yield [f"{broker.amqp_url}{lane}" for lane in LANES]


@pytest.fixture(scope="module")
async def trials(
    request: pytest.FixtureRequest,
    lane_urls: list[str],
    mongo_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Trials]:
    """The trial of every point that was asked for, begun at once, a few at a time."""
    logs, free = tmp_path_factory.mktemp("logs"), asyncio.Queue[Lane]()

    async def run(point: Point) -> Outcome:
        lane = await free.get()
        try:
            return await lane.run(point, mongo_url, logs / f"{point}.log")
        finally:
            free.put_nowait(lane)

    async with AsyncExitStack() as stack:
        for url in lane_urls:
            free.put_nowait(await stack.enter_async_context(Lane.open(url)))
        tasks = {point: asyncio.create_task(run(point)) for point in _asked_for(request)}
        yield tasks
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
