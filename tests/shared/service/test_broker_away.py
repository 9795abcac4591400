"""Without a broker commands succeed; as soon as it is back, what they told is published."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from deploy.local.broker import Broker
from services.identity.app import create
from services.identity.settings import Settings
from services.identity.store import AccountStore
from shared.replicas import People
from shared.store.outboxes import Outboxes
from tests.harness import Harness
from tests.identity.builders import registered

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    folder = tmp_path_factory.mktemp("broker")
    with Broker(folder, definitions=Path("/nonexistent"), report=lambda _: None) as broker:
        yield broker


@pytest.fixture(scope="module")
async def lonely(
    own_broker: Broker, mongo_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Harness]:
    settings = {"key_secret": "k" * 32, "password_memory_kib": 64}
    folder = tmp_path_factory.mktemp("identity")
    async with Harness.running(
        create, Settings, own_broker.amqp_url, mongo_url, folder, **settings
    ) as harness:
        # A node that is killed right after declaring a queue may lose it for good.
        await asyncio.sleep(2)
        yield harness


async def waiting(harness: Harness) -> int:
    return (await Outboxes(harness.runtime.database, AccountStore.collection).backlog())[0]


async def heard_of(harness: Harness, *accounts: str) -> None:
    """By its own queue, on the way over the broker."""

    async def here() -> bool:
        people = harness.scope().store(People)
        found = [await people.find(account) for account in accounts]
        return None not in found and not await waiting(harness)

    await harness.eventually(here, 60)


async def test_a_broker_that_hangs_keeps_no_command_waiting_and_no_event(
    lonely: Harness, own_broker: Broker
):
    os.kill(own_broker.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        first = (await registered(lonely))["id"]
        assert time.monotonic() - began < 3
        # The relay waits for its confirmation; five seconds later it must have given up.
        await lonely.eventually(lambda: not lonely.runtime.outbox._work, 25)
        second = (await registered(lonely))["id"]
        assert await waiting(lonely) == 2
    finally:
        os.kill(own_broker.pid, signal.SIGCONT)
    await heard_of(lonely, first, second)


async def test_what_was_accepted_without_a_broker_is_published_once_it_is_back(
    lonely: Harness, own_broker: Broker
):
    own_broker.kill()
    await lonely.eventually(lambda: not lonely.runtime.publisher.connected)
    accounts = [(await registered(lonely))["id"] for _ in range(3)]
    await asyncio.sleep(2.5)
    assert await waiting(lonely) == 3
    await asyncio.to_thread(own_broker.start_again)
    await lonely.eventually(lambda: lonely.runtime.publisher.connected, 30)
    connected = time.monotonic()
    while await waiting(lonely):
        await asyncio.sleep(0.01)
    assert time.monotonic() - connected < 2
    await heard_of(lonely, *accounts)
