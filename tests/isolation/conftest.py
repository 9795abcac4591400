"""The people whose things the sweep tries to reach, and the events that tell of them."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import aio_pika
import pytest
from aio_pika.abc import AbstractIncomingMessage

from deploy import topology
from shared.kernel.ids import new_id
from tests.isolation.operations import all_operations
from tests.isolation.world import World, a_world
from tests.platform import Platform

Observed = dict[str, tuple[int, str | None, str]]

_KEPT_MS = 600_000


@dataclass
class Recorder:
    """A queue of its own that hears every event since it was made."""

    url: str
    queue: str = field(default_factory=lambda: new_id("recorded"))
    _heard: list[AbstractIncomingMessage] = field(default_factory=list)

    @property
    def work_queues(self) -> list[str]:
        """The services' queues, but for those in which messages are left to wait."""
        names = [queue["name"] for queue in json.loads(topology.exported())["queues"]]
        return [name for name in names if not name.endswith((".retry", ".parked", ".unrouted"))]

    async def begin(self) -> None:
        """Non-durable, and gone by itself when nobody asks for it any more."""
        async with await aio_pika.connect(self.url) as connection:
            channel = await connection.channel()
            queue = await channel.declare_queue(self.queue, arguments={"x-expires": _KEPT_MS})
            await queue.bind("events", "#")

    async def end(self) -> None:
        async with await aio_pika.connect(self.url) as connection:
            await (await connection.channel()).queue_delete(self.queue)

    async def latest_of(self, tenant: str) -> list[AbstractIncomingMessage]:
        """The newest event of each kind about each subject of a tenant, in order of arrival."""
        async with await aio_pika.connect(self.url) as connection:
            queue = await (await connection.channel()).get_queue(self.queue)
            while (message := await queue.get(no_ack=True, fail=False)) is not None:
                self._heard.append(message)
        newest = {
            (message.type, message.headers["cloudEvents_subject"]): message
            for message in self._heard
            if message.headers["cloudEvents_tenantid"] == tenant
        }
        return list(newest.values())


@pytest.fixture(scope="session")
def recorder(platform: Platform) -> Iterator[Recorder]:
    made = Recorder(platform.stack.broker_url)
    asyncio.run(made.begin())
    yield made
    asyncio.run(made.end())


@pytest.fixture(scope="session")
def world(platform: Platform, recorder: Recorder) -> Iterator[World]:
    with a_world(platform) as made:
        yield made


@pytest.fixture(scope="session")
def before(world: World) -> Observed:
    """What the owners saw of their things before anybody tried anything."""
    readings = [each for each in all_operations() if each.method == "GET" and each.path_parameters]
    return world.observed(readings)
