"""By hand: ``python -m tests.observability.bench_traces`` measures what traces cost.

One command (a helper changes their profile: checked, written, published, its outbox cleared) at the
same service twice in this process, once without traces and once with a share of them recorded and
exported to a trace page in a process of its own. One after the other in alternating rounds, told by
CPU time of this process, exporting threads included; the figures are medians over the rounds.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.broker import Broker
from deploy.local.database import Database
from deploy.local.ports import free_ports, listens
from deploy.local.programs import Child, Program
from services.profiles.app import create
from services.profiles.settings import Settings
from tests.harness import Harness
from tests.profiles.builders import a_body

ROUNDS = 15
COMMANDS = 80
"""In a round, one after the other."""

RATIOS = (0.1, 1.0)
"""Of traces that begin in a service (in containers), and of those from the gateway."""


@dataclass
class Side:
    """A service with one helper, whose profile is changed again and again."""

    harness: Harness
    headers: list[tuple[bytes, bytes]]
    version: int = 1

    async def round(self) -> float:
        """Seconds of CPU for all of them, until the last event is published and cleared."""
        began = time.process_time()
        for _ in range(COMMANDS):
            self.version = await self._change()
        await self.harness.eventually(lambda: not self.harness.runtime.outbox._work, 30)
        self.harness.runtime.provider.force_flush()
        return time.process_time() - began

    async def _change(self) -> int:
        body = json.dumps(a_body(headline=f"I mend Wi-Fi, {self.version}")).encode()
        match = (b"if-match", f'"{self.version}"'.encode())
        length = (b"content-length", str(len(body)).encode())
        status, _ = await ask(self.harness, body, [*self.headers, match, length])
        assert status == 200, status
        return self.version + 1


async def ask(harness: Harness, body: bytes, headers: list[tuple[bytes, bytes]]) -> tuple[int, Any]:
    """PUT /v1/helpers/me, straight to the application: a client would cost as much again."""
    parts: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        parts.append(message)

    path = "/v1/helpers/me"
    scope = {"type": "http", "http_version": "1.1", "method": "PUT", "path": path,
             "raw_path": path.encode(), "query_string": b"", "headers": headers}  # fmt: skip
    await harness.app(scope, receive, send)
    return parts[0]["status"], parts[1]["body"]


async def begun(harness: Harness) -> Side:
    person = await harness.person()
    token = harness.client(person).headers["Authorization"].encode()
    headers = [
        (b"host", b"vodafone.localhost"),
        (b"authorization", token),
        (b"content-type", b"application/json"),
    ]
    body = json.dumps(a_body()).encode()
    length = (b"content-length", str(len(body)).encode())
    status, said = await ask(harness, body, [*headers, (b"if-none-match", b"*"), length])
    assert status == 201, said
    return Side(harness, headers)


async def measure(broker: str, database: str, folder: Path, page: str, rounds: int) -> None:
    async with AsyncExitStack() as stack:

        async def side(name: str, **settings: Any) -> Side:
            home = folder / name
            home.mkdir()
            running = Harness.running(
                create,
                Settings,
                broker,
                database,
                home,
                role="api",
                file_secret="f" * 32,
                **settings,
            )
            return await begun(await stack.enter_async_context(running))

        off = await side("off", trace_ratio=0.0)
        sides = {
            ratio: await side(str(ratio), trace_ratio=ratio, otel_exporter_otlp_endpoint=page)
            for ratio in RATIOS
        }
        await _alternate([off, *sides.values()], 2)
        costs = await _alternate([off, *sides.values()], rounds)
        print(f"{'traces':>8}  {'ms of CPU a command':>20}  {'throughput':>10}")
        per = [statistics.median(each) / COMMANDS * 1000 for each in costs]
        print(f"{'off':>8}  {per[0]:>20.2f}  {1:>10.2f}")
        for ratio, cost, all_of_it in zip(RATIOS, per[1:], costs[1:], strict=True):
            pairs = [without / with_ for without, with_ in zip(costs[0], all_of_it, strict=True)]
            print(f"{ratio:>8.0%}  {cost:>20.2f}  {statistics.median(pairs):>10.2f}")


async def _alternate(sides: list[Side], rounds: int) -> list[list[float]]:
    costs: list[list[float]] = [[] for _ in sides]
    for number in range(rounds):
        turn = number % len(sides)
        for index in [*range(turn, len(sides)), *range(turn)]:
            costs[index].append(await sides[index].round())
    return costs


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    [port] = free_ports(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = (sys.executable, "-m", "deploy.local.traces", "--port", str(port))
        options = ("--file", str(folder / "spans"), "--prometheus", "http://127.0.0.1:1")
        page = Child(Program("traces", (*command, *options)), folder / "traces.log")
        page.start()
        try:
            page.wait_until(lambda: listens(port), 30)
            with (
                Broker(folder / "broker", definitions=Path("/nonexistent")) as broker,
                Database(folder / "database") as database,
            ):
                asyncio.run(
                    measure(
                        broker.amqp_url,
                        database.mongo_url,
                        folder,
                        f"http://127.0.0.1:{port}",
                        rounds,
                    )
                )
        finally:
            page.stop()


if __name__ == "__main__":
    main()
