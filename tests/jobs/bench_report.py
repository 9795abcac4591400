"""Memory of the yearly report: ``python -m tests.jobs.bench_report`` files papers and reads them.

Broker, database and service are started anew. The papers are filed by a process of its own, so
that the memory is the service's; the file is read over a socket and thrown away as it comes.
"""

import asyncio
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from pymongo import MongoClient

from deploy.local.broker import Broker
from deploy.local.database import Database
from services.jobs.app import create
from services.jobs.settings import Settings
from services.jobs.store import HelperRows, ReceiptStore
from shared.kernel.ids import new_id
from shared.store.codec import codec_for
from tests.harness import Harness
from tests.jobs.test_compensations import configure
from tests.jobs.test_reports import a_paper
from tests.messaging.live import served
from tests.tenants import VODAFONE

YEARS = {2021: 1_000, 2022: 10_000, 2023: 100_000}
"""Receipts to file in each year; the first is read to have everything loaded."""

EACH = 5
"""Receipts of one helper."""

BATCH = 1_000
FORMATS = ("csv", "xml")


def file_papers(mongo_url: str, database: str) -> None:
    """In a process of its own: straight into the collection."""
    client: MongoClient[Any] = MongoClient(mongo_url)
    receipts = client[database][ReceiptStore.collection]
    helpers = client[database][HelperRows.collection]
    for year, number in YEARS.items():
        batch: list[Any] = []
        for document in _documents(year, number):
            batch.append(document)
            if len(batch) == BATCH:
                receipts.insert_many(batch)
                ids = {each["helper_id"] for each in batch}
                helpers.insert_many([{"_id": id, "tenant": "vodafone"} for id in ids])
                batch = []
    client.close()


def _documents(year: int, number: int) -> Iterator[Any]:
    codec = codec_for(ReceiptStore.kind)
    for place in range(number):
        if place % EACH == 0:
            helper = new_id("acc")
        at = datetime(year, 1 + place % 12, 15, 12, tzinfo=UTC)
        paper = a_paper(helper, at, 1000 + place % 97, year=year)
        yield codec.encode(paper) | {"tenant": "vodafone", "version": 1, "sequence": 1}


def resident() -> int:
    """Bytes of this process's memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class Highest:
    """The most memory that was in use meanwhile, looked at every 20 ms."""

    def __init__(self) -> None:
        self.bytes = resident()

    async def watch(self) -> None:
        while True:
            self.bytes = max(self.bytes, resident())
            await asyncio.sleep(0.02)


async def read(base: str, token: str, year: int, format: str) -> tuple[int, float]:
    """Bytes of the whole file, and seconds to its first byte."""
    headers = {"Authorization": f"Bearer {token}", "Host": "vodafone.localhost"}
    size, first, began = 0, 0.0, time.monotonic()
    async with (
        httpx.AsyncClient(base_url=base, headers=headers, timeout=600) as client,
        client.stream(
            "GET", "/v1/reports/income", params={"year": year, "format": format}
        ) as answer,
    ):
        assert answer.status_code == 200, await answer.aread()
        async for chunk in answer.aiter_raw():
            first = first or time.monotonic() - began
            size += len(chunk)
    return size, first


async def measure(folder: Path, broker_url: str, mongo_url: str) -> None:
    async with (
        Harness.running(
            create, Settings, broker_url, mongo_url, folder, file_secret="f" * 32
        ) as jobs,
        served(jobs.app) as base,
    ):
        filing = multiprocessing.get_context("spawn").Process(
            target=file_papers, args=(mongo_url, jobs.runtime.database.name)
        )
        filing.start()
        await asyncio.to_thread(filing.join)
        assert filing.exitcode == 0
        await configure(jobs, VODAFONE.model_copy(update={"tax_number": "DE123456788"}))
        token = jobs._tokens.token(new_id("acc"), "vodafone", roles=("tenant_admin",))
        for year, number in YEARS.items():
            for format in FORMATS:
                before, highest, began = resident(), Highest(), time.monotonic()
                watching = asyncio.create_task(highest.watch())
                size, first = await read(base, token, year, format)
                watching.cancel()
                print(
                    f"{number:>7} receipts as {format}: {size / 2**20:5.1f} MiB "
                    f"in {time.monotonic() - began:5.1f} s, first byte after {first:.2f} s, "
                    f"{(highest.bytes - before) / 2**20:.1f} MiB of memory more"
                )


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            Broker(folder / "broker", definitions=Path("/nonexistent")) as broker,
            Database(folder / "database") as database,
        ):
            asyncio.run(measure(folder, broker.amqp_url, database.mongo_url))


if __name__ == "__main__":
    main()
