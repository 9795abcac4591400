import asyncio
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import aio_pika
import pytest

from deploy.local.broker import Broker
from deploy.local.ports import free_ports, listens
from deploy.local.programs import CannotRunError
from deploy.local.rabbitmq import RabbitMQ, provide, slim_home

NAME = "reviews.invite_parties"
QUEUE = {
    "name": NAME,
    "vhost": "/",
    "durable": True,
    "auto_delete": False,
    "arguments": {"x-queue-type": "quorum"},
}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    folder = tmp_path_factory.mktemp("node")
    definitions = folder / "topology.json"
    definitions.write_text(json.dumps({"queues": [QUEUE]}))
    with Broker(folder, definitions=definitions) as broker:
        yield broker


async def _send(broker: Broker, body: bytes) -> None:
    async with await aio_pika.connect(broker.amqp_url) as connection:
        channel = await connection.channel()
        message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, NAME)


async def _receive(broker: Broker) -> bytes:
    async with await aio_pika.connect(broker.amqp_url) as connection:
        queue = await (await connection.channel()).get_queue(NAME)
        message = await queue.get(timeout=10)
        await message.ack()
        return message.body


async def test_queues_exist_as_soon_as_the_node_is_ready(broker: Broker) -> None:
    await _send(broker, b"hello")
    assert await _receive(broker) == b"hello"


async def test_a_confirmed_message_survives_a_crash_of_the_node(broker: Broker) -> None:
    await _send(broker, b"kept")
    await asyncio.sleep(2)  # until the queue itself is on disk, see Broker.kill
    broker.kill()
    assert not broker.ready()
    broker.start_again()
    assert await _receive(broker) == b"kept"


async def test_a_wrong_password_is_not_let_in(broker: Broker) -> None:
    other = broker.amqp_url.replace(":local@", ":wrong@")
    with pytest.raises(aio_pika.exceptions.AMQPException):
        await aio_pika.connect(other)


def test_the_node_can_be_asked_by_rabbitmqctl(broker: Broker) -> None:
    assert NAME in broker.control("list_queues", "--quiet", "name")


def test_the_node_listens_on_loopback_only(broker: Broker) -> None:
    own = {broker.port, broker.distribution_port, broker.epmd_port}
    addresses = {
        line.split()[1].split(":")[0]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and int(line.split()[1].split(":")[1], 16) in own
    }
    assert addresses == {"0100007F"}


def test_two_nodes_live_side_by_side_and_leave_nothing(broker: Broker, tmp_path: Path) -> None:
    second = Broker(tmp_path / "second", definitions=tmp_path / "none.json")
    second.start()
    pids = second.pids
    assert broker.ready()
    began = time.monotonic()
    second.stop()
    assert time.monotonic() - began < 5
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)
    assert not any(map(listens, (second.port, second.distribution_port, second.epmd_port)))
    assert broker.ready()


def test_a_node_that_cannot_start_says_why(tmp_path: Path, broker: Broker) -> None:
    distribution, epmd = free_ports(2)
    node = Broker(tmp_path / "node", (broker.port, distribution, epmd), "other")
    with pytest.raises(CannotRunError, match=r"broker ended at its start; its log .* ends with"):
        node.__enter__()
    assert broker.ready()


def test_an_unusual_installation_is_used_as_it_is(tmp_path: Path) -> None:
    home = tmp_path / "rabbitmq"
    (home / "plugins").mkdir(parents=True)
    (home / "plugins" / "rabbit-9.9.9.ez").touch()
    assert slim_home(RabbitMQ(home), tmp_path / "slim") == home


def test_the_slim_home_keeps_no_plugin_that_the_node_does_not_need(tmp_path: Path) -> None:
    home = slim_home(provide(tmp_path), tmp_path / "slim")
    names = {path.name.rpartition("-")[0] for path in (home / "plugins").iterdir()}
    assert {"rabbit", "rabbit_common", "ra", "rabbitmq_prelaunch"} <= names
    assert not {"rabbitmq_management", "rabbitmq_mqtt", "cowboy"} & names
