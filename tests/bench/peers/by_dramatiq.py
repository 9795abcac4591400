"""Dramatiq with confirmed delivery and a quorum queue; it acknowledges after the work anyway.

``python -m tests.bench.peers.by_dramatiq source`` or ``target``.
"""

import asyncio
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from tests.bench.child import applied, begin, obey, reply
from tests.bench.peers.work import PREFETCH, amqp_url, blocking_rows, payload

SENDERS = 32


class QuorumBroker(RabbitmqBroker):
    """The library declares classic queues; nothing in it stands against quorum queues."""

    def _build_queue_arguments(self, queue_name: str) -> dict[str, Any]:
        arguments: dict[str, Any] = super()._build_queue_arguments(queue_name)
        return arguments | {"x-queue-type": "quorum"}


broker = QuorumBroker(url=amqp_url() + "?heartbeat=0", confirm_delivery=True)
dramatiq.set_broker(broker)
_kept: list[Any] = []


@dramatiq.actor(queue_name="dramatiq_follow")
def follow(parcel: dict) -> None:
    rows, note = _kept
    rows.insert_one(parcel)
    note(parcel["_id"])


async def source() -> None:
    pool, loop = ThreadPoolExecutor(SENDERS), asyncio.get_running_loop()

    async def publish(unit: str) -> int:
        await loop.run_in_executor(pool, follow.send, payload(unit))
        return time.monotonic_ns()

    await obey({"publish": publish})


def target() -> None:
    _kept.extend((blocking_rows(), applied()))
    worker = dramatiq.Worker(broker, worker_threads=PREFETCH)
    worker.start()
    time.sleep(2)  # Its consumers declare their queues on threads of their own.
    reply("ready")
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    worker.stop()


if __name__ == "__main__":
    begin()
    if sys.argv[1] == "source":
        asyncio.run(source())
    else:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
        target()
