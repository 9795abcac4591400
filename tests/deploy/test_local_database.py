import os
import time
from pathlib import Path
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient

from deploy.local.database import Database


async def _count_after_insert(url: str, key: str) -> int:
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(url)
    try:
        things = client["shop"]["things"]
        await things.insert_one({"_id": key})
        return await things.count_documents({})
    finally:
        client.close()


async def test_an_acknowledged_write_survives_a_crash(tmp_path: Path) -> None:
    with Database(tmp_path) as database:
        assert await _count_after_insert(database.mongo_url, "one") == 1
        database.kill()
        assert not database.ready()
        database.start()
        assert await _count_after_insert(database.mongo_url, "two") == 2


def test_a_stopped_database_leaves_no_process(tmp_path: Path) -> None:
    with Database(tmp_path) as database:
        pid = database.pid
        assert os.path.exists(f"/proc/{pid}")
        began = time.monotonic()
    assert time.monotonic() - began < 20, "neither ended nor killed when its grace was over"
    assert not os.path.exists(f"/proc/{pid}")
