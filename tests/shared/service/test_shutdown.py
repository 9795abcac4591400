"""A process that is told to end under load hands nothing back that it had begun."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider

from deploy.local.ports import free_ports
from deploy.local.programs import Child, Program
from shared.contracts.base import Delivered
from shared.contracts.identity import TenantConfigured
from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id
from shared.rabbit import Publisher
from shared.replicas import TenantReplica, TenantRow
from shared.store import Database
from tests.harness import forget
from tests.shared.rabbit.trial import an_event, eventually
from tests.shared.service.slow import REPORT, consumers
from tests.shared.tokens import TokenMaker
from tests.tenants import VODAFONE

LOAD = 200


@asynccontextmanager
async def a_tenants_database(mongo_url: str) -> AsyncIterator[str]:
    database = Database(mongo_url, f"test_{new_id('db')}")
    slug = VODAFONE.slug
    event = Delivered(new_id("evt"), slug, slug, 1, utc_now(), TenantConfigured(VODAFONE))
    await TenantReplica(database, slug).put(TenantRow(slug, VODAFONE), event)
    yield database.name
    await forget(database)
    database.close()


@pytest.fixture
async def program(broker_url: str, mongo_url: str, tmp_path: Path) -> AsyncIterator[Program]:
    TokenMaker().write_jwks(tmp_path / "jwks.json")
    async with a_tenants_database(mongo_url) as name:
        environment = {
            "AMQP_URL": broker_url,
            "MONGO_URL": mongo_url,
            "MONGO_DATABASE": name,
            "ROLE": "worker",
            "JWKS_URL": f"file://{tmp_path / 'jwks.json'}",
            "CURSOR_SECRET": "c" * 32,
            REPORT: str(tmp_path / "report"),
        }
        uvicorn = (sys.executable, "-m", "uvicorn", "--factory", "tests.shared.service.slow:create")
        command = (*uvicorn, "--port", str(free_ports(1)[0]))
        (tmp_path / "report").touch()
        yield Program("slow", command, environment)


@pytest.fixture
async def publisher(broker_url: str) -> AsyncIterator[Publisher]:
    publisher = Publisher(broker_url, TracerProvider())
    publisher.keep_declared(consumers.subscriptions)
    await publisher.start()
    await eventually(lambda: publisher.connected)
    yield publisher
    await publisher.stop()


@pytest.fixture
def worker(program: Program, tmp_path: Path) -> Iterator[Child]:
    child = Child(program, tmp_path / "slow.log")
    child.start()
    yield child
    child.stop()


async def test_a_terminated_worker_leaves_no_delivery_to_be_made_again(
    worker: Child, publisher: Publisher, tmp_path: Path
):
    def told(word: str) -> list[str]:
        lines = (line.split() for line in (tmp_path / "report").read_text().splitlines())
        return [id for what, id in lines if what == word]

    ids = [new_id("evt") for _ in range(LOAD)]
    await asyncio.gather(*(publisher.publish(an_event(id=id)) for id in ids))
    await eventually(lambda: len(told("applied")) >= 10, 30)
    await asyncio.to_thread(worker.stop)
    assert "service.stopped" in worker.log.read_text(), "it was cut off"
    begun, applied = told("given"), told("applied")
    assert sorted(begun) == sorted(applied), "what was begun was finished"
    assert len(applied) < LOAD, "there was no load any more"
    worker.start()
    await eventually(lambda: len(told("applied")) >= LOAD, 60)
    assert told("again") == []
    assert sorted(told("applied")) == sorted(ids)
