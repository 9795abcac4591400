"""Figures of a thousand open live streams: ``python -m tests.messaging.bench_stream``.

Of fewer, and of more messages in each: ``python -m tests.messaging.bench_stream 200 4``.

Broker, database and service are started anew; the readers are a process of their own, so that the
memory is the service's. Time is from the moment a message is taken in to its event at the reader.
"""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.broker import Broker
from deploy.local.database import Database
from services.messaging.app import create
from services.messaging.settings import Settings
from tests.harness import Harness
from tests.messaging.builders import Talk, a_talk
from tests.messaging.live import served

STREAMS = 1_000
ROUNDS = 2
PACE = 0.1
"""Seconds between two messages, each of which is told in two streams."""


async def read_all(port: int, tokens: list[str]) -> None:
    """The readers' process: says ``open`` when all are, then a line for each event."""
    began = asyncio.Semaphore(0)
    waiting = [asyncio.create_task(_read(port, token, began)) for token in tokens]
    for _ in tokens:
        await began.acquire()
    print("open", flush=True)
    await asyncio.gather(*waiting)


async def _read(port: int, token: str, began: asyncio.Semaphore) -> None:
    incoming, outgoing = await asyncio.open_connection("127.0.0.1", port)
    request = (
        "GET /v1/stream HTTP/1.1\r\nHost: vodafone.localhost\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    )
    outgoing.write(request.encode())
    while line := await incoming.readline():
        if line == b"event: ready\n":
            began.release()
        elif line.startswith(b'data: {"conversation_id'):
            sent = datetime.fromisoformat(json.loads(line[6:])["message"]["sent_at"])
            print(time.time() - sent.timestamp(), flush=True)


def resident() -> int:
    """Bytes of this process's memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def measure(folder: Path, broker_url: str, mongo_url: str, streams: int, rounds: int) -> None:
    async with (
        Harness.running(create, Settings, broker_url, mongo_url, folder) as messaging,
        served(messaging.app) as base,
    ):
        talks = [await a_talk(messaging) for _ in range(streams // 2)]
        people = [person for talk in talks for person in (talk.customer, talk.helper)]
        await asyncio.sleep(2)
        before = resident()
        tokens = [messaging._tokens.token(person, "vodafone") for person in people]
        readers = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.messaging.bench_stream", "read"),
            str(urlsplit(base).port),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert readers.stdin
        assert readers.stdout
        readers.stdin.write(("\n".join(tokens) + "\n").encode())
        readers.stdin.close()
        assert await readers.stdout.readline() == b"open\n"
        added = resident() - before
        each = added / len(people) / 1024
        print(f"{len(people)} streams: {added / 2**20:.0f} MiB added, {each:.0f} KiB each")
        expected = len(people) * rounds
        hearing = asyncio.create_task(_heard(readers.stdout, expected))
        await _talk(talks, rounds)
        taken = sorted(await hearing)
        readers.kill()
        await readers.wait()
    quantiles = statistics.quantiles(taken, n=100)
    print(
        f"{len(taken)} of {expected} events, sent to received: "
        f"p50 {quantiles[49] * 1000:.0f} ms, p95 {quantiles[94] * 1000:.0f} ms, "
        f"most {taken[-1] * 1000:.0f} ms"
    )


async def _talk(talks: list[Talk], rounds: int) -> None:
    for number in range(rounds):
        for talk in talks:
            begun = time.monotonic()
            await talk.say(talk.customer if number % 2 else talk.helper, "Is it working now?")
            await asyncio.sleep(max(0.0, PACE - (time.monotonic() - begun)))


async def _heard(lines: asyncio.StreamReader, expected: int) -> list[float]:
    """What the readers print, until all is there or nothing comes for ten seconds."""
    taken: list[float] = []
    while len(taken) < expected:
        try:
            async with asyncio.timeout(10):
                taken.append(float(await lines.readline()))
        except TimeoutError:
            break
    return taken


def main() -> None:
    if sys.argv[1:2] == ["read"]:
        asyncio.run(read_all(int(sys.argv[2]), sys.stdin.read().split()))
        return
    streams, rounds = map(int, sys.argv[1:] or (STREAMS, ROUNDS))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        database = Database(place / "database")
        with Broker(place / "broker", definitions=Path("/nonexistent")) as broker:
            database.start()
            try:
                (place / "service").mkdir()
                urls = broker.amqp_url, database.mongo_url
                asyncio.run(measure(place / "service", *urls, streams, rounds))
            finally:
                database.stop()


if __name__ == "__main__":
    main()
