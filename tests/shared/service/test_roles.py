"""One service as two processes: requests here, consumers and timers there."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.broker import Broker
from services.identity.app import create
from services.identity.settings import Settings
from shared.contracts.identity import AccountRegistered
from shared.kernel.ids import new_id
from shared.replicas import People
from tests.harness import Harness
from tests.identity.builders import a_registration

Pair = tuple[Harness, Harness]


@pytest.fixture(scope="module")
async def pair(mongo_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    """The api and the worker of identity, alone on a broker, with one database."""
    shared = {
        "mongo_database": f"test_{new_id('db')}",
        "key_secret": "k" * 32,
        "password_memory_kib": 64,
    }
    folders = [tmp_path_factory.mktemp(name) for name in ("broker", "worker", "api")]
    with Broker(folders[0], definitions=Path("/nonexistent")) as broker:
        async with (
            Harness.running(
                create, Settings, broker.amqp_url, mongo_url, folders[1], role="worker", **shared
            ) as worker,
            Harness.running(
                create, Settings, broker.amqp_url, mongo_url, folders[2], role="api", **shared
            ) as api,
        ):
            yield api, worker


async def test_what_the_api_accepts_the_worker_hears(pair: Pair):
    api, worker = pair
    assert api.runtime.consuming is None
    async with api.client() as client:
        answer = await client.post("/v1/accounts", json=a_registration())
    assert answer.status_code == 201
    id = answer.json()["id"]
    assert (await api.published(AccountRegistered, subject=id)).sequence == 1

    async def heard() -> bool:
        return await worker.scope().store(People).find(id) is not None

    assert await worker.eventually(heard)


async def test_each_is_ready_by_what_it_needs(pair: Pair):
    api, worker = pair
    for harness, consumes in ((api, False), (worker, True)):
        async with harness.client() as client:
            answer = await client.get("/readyz")
        assert answer.status_code == 200
        assert ("consumers" in answer.json()) is consumes
