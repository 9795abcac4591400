"""Celery with every switch that makes it durable: quorum queue, confirms, acknowledged late.

``python -m tests.bench.peers.by_celery source`` or ``target``.
"""

import asyncio
import logging
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from celery import Celery, signals
from kombu.entity import Queue

from tests.bench.child import applied, begin, obey, reply
from tests.bench.peers.work import PREFETCH, amqp_url, blocking_rows, payload

QUEUE = "celery.follow"
SENDERS = 32

app = Celery("bench", broker=amqp_url())
app.conf.update(
    task_queues=[Queue(QUEUE, durable=True, queue_arguments={"x-queue-type": "quorum"})],
    task_default_queue=QUEUE,
    task_default_queue_type="quorum",
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    broker_transport_options={"confirm_publish": True},
    broker_pool_limit=SENDERS,
    worker_prefetch_multiplier=1,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
)


class Keeper:
    """Opened in the process that needs it."""

    def __init__(self) -> None:
        self.rows = blocking_rows()
        self.note = applied()


_keeper: list[Keeper] = []


@app.task(name="follow")
def follow(parcel: dict) -> None:
    keeper = _keeper[0]
    keeper.rows.insert_one(parcel)
    keeper.note(parcel["_id"])


async def source() -> None:
    pool, loop = ThreadPoolExecutor(SENDERS), asyncio.get_running_loop()

    async def publish(unit: str) -> int:
        await loop.run_in_executor(pool, follow.delay, payload(unit))
        return time.monotonic_ns()

    await obey({"publish": publish})


def target() -> None:
    _keeper.append(Keeper())
    signals.worker_ready.connect(lambda **_: reply("ready"), weak=False)
    signals.setup_logging.connect(lambda **_: logging.basicConfig(level="WARNING"), weak=False)
    options = ("--pool=threads", f"--concurrency={PREFETCH}", "--without-gossip")
    app.worker_main(["worker", *options, "--without-mingle", "--without-heartbeat"])


if __name__ == "__main__":
    begin()
    if sys.argv[1] == "source":
        asyncio.run(source())
    else:
        target()
