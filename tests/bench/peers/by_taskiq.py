"""taskiq on aio-pika with a quorum queue, acknowledged when the task has been executed.

``python -m tests.bench.peers.by_taskiq source`` or ``target``.
"""

import asyncio
import sys
import time
from typing import Any

import uvloop
from taskiq.acks import AcknowledgeType
from taskiq.receiver import Receiver
from taskiq_aio_pika import AioPikaBroker, Queue, QueueType

from tests.bench.child import applied, begin, obey, reply
from tests.bench.peers.work import PREFETCH, amqp_url, payload, rows

broker = AioPikaBroker(
    amqp_url(), qos=PREFETCH, task_queues=[Queue(name="taskiq.follow", type=QueueType.QUORUM)]
)
_kept: list[Any] = []


@broker.task
async def follow(parcel: dict) -> None:
    kept, note = _kept
    await kept.insert_one(parcel)
    note(parcel["_id"])


async def source() -> None:
    await broker.startup()

    async def publish(unit: str) -> int:
        await follow.kiq(payload(unit))
        return time.monotonic_ns()

    await obey({"publish": publish})


async def target() -> None:
    _kept.extend((rows(), applied()))
    broker.is_worker_process = True
    await broker.startup()
    receiver = Receiver(
        broker,
        max_async_tasks=PREFETCH,
        ack_type=AcknowledgeType.WHEN_EXECUTED,
        run_startup=False,
    )
    reply("ready")
    await receiver.listen(asyncio.Event())


if __name__ == "__main__":
    begin()
    uvloop.run(source() if sys.argv[1] == "source" else target())
