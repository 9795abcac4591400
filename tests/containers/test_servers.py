"""The backbone's own tests once more: on RabbitMQ 4 and on a database that wants passwords."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import aiormq
import pytest
from testcontainers.community.mongodb import MongoDbContainer
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from deploy.images import recipes
from deploy.images.engine import Engine
from deploy.local.broker import amqp_answers
from deploy.local.database import mongo_answers
from deploy.local.programs import PROJECT

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]

PARTS = {
    "bus": ("tests/shared/rabbit", "tests/shared/service/test_roles.py"),
    "store": tuple(
        f"tests/shared/store/test_{name}.py"
        for name in ("store", "outbox", "projections", "explain")
    ),
}
"""What runs at the same time: the parts share neither queues nor databases."""
_START = 90.0


def wait_for(ready: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _START
    while not ready():
        assert time.monotonic() < deadline, f"{what} is not ready after {_START:.0f} s"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def reachable(engine: Engine) -> Iterator[None]:
    """The containers' library is told which engine there is, and needs no image of its own."""
    with pytest.MonkeyPatch.context() as patch:
        if engine.host:
            patch.setenv("DOCKER_HOST", engine.host)
        patch.setattr(testcontainers_config, "ryuk_disabled", True)
        patch.setattr(testcontainers_config, "tc_host_override", "127.0.0.1")
        yield


@pytest.fixture(scope="module")
def amqp_url(reachable: None) -> Iterator[str]:
    image = os.environ.get("RABBITMQ_IMAGE", recipes.tag("rabbitmq"))
    with DockerContainer(image).with_exposed_ports(5672) as container:
        port = container.get_exposed_port(5672)
        url = f"amqp://guest:guest@127.0.0.1:{port}/"
        wait_for(lambda: amqp_answers(url), image)
        yield url


@pytest.fixture(scope="module")
def mongo_url(reachable: None) -> Iterator[str]:
    image = os.environ.get("MONGO_IMAGE", recipes.tag("database"))
    with MongoDbContainer(image) as container:
        url = f"{container.get_connection_url()}/?directConnection=true"
        wait_for(lambda: mongo_answers(url), image)
        yield url


async def test_the_broker_is_rabbitmq_4(amqp_url: str):
    connection = await aiormq.connect(amqp_url)
    try:
        assert str(connection.server_properties["version"]).startswith("4.")
    finally:
        await connection.close()


def test_bus_store_and_relay_keep_their_promises_there(amqp_url: str, mongo_url: str):
    servers = {"AMQP_URL": amqp_url, "MONGO_URL": mongo_url}
    running = {name: begin(paths, servers) for name, paths in PARTS.items()}
    said = {name: process.communicate()[0] for name, process in running.items()}
    for name, process in running.items():
        assert process.returncode == 0, f"{name}:\n{said[name][-8000:]}"
        assert re.search(r"\d\d+ passed", said[name]), said[name][-2000:]
        assert "skipped" not in said[name], said[name][-2000:]


def begin(paths: tuple[str, ...], servers: dict[str, str]) -> subprocess.Popen[str]:
    options = ("-q", "-p", "no:cacheprovider", "--tb=short")
    return subprocess.Popen(
        (sys.executable, "-m", "tests.containers.again", *paths, *options),
        cwd=PROJECT,
        env=os.environ | servers,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
