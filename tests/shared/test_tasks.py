"""Tasks end although a library loses a cancellation; one that never does is given up."""

import asyncio
import time

import pytest
from structlog.testing import capture_logs

from shared import tasks
from shared.tasks import end


async def deaf(times: int) -> None:
    """Loses so many cancellations, then heeds one."""
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            if not times:
                raise
            times -= 1


async def begun(times: int) -> asyncio.Task[None]:
    task = asyncio.create_task(deaf(times), name=f"deaf-{times}")
    await asyncio.sleep(0)
    return task


async def test_what_loses_a_cancellation_is_cancelled_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tasks, "AGAIN", 0.01)
    running = [await begun(times) for times in (0, 1, 3)]
    await end(running)
    assert all(task.cancelled() for task in running)


async def test_what_has_ended_or_fails_meanwhile_is_no_trouble():
    async def failing() -> None:
        raise ValueError("lost")

    over = asyncio.create_task(asyncio.sleep(0))
    failed = asyncio.create_task(failing())
    await asyncio.sleep(0.01)
    await end([over, failed])
    await end([])


async def test_what_never_ends_is_given_up_and_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tasks, "AGAIN", 0.01)
    task = await begun(1_000)
    began = time.monotonic()
    try:
        with capture_logs() as told:
            await end([task], patience=0.05)
        assert time.monotonic() - began < 2
        assert not task.done()
        assert [(each["event"], each["tasks"]) for each in told] == [
            ("tasks.abandoned", ["deaf-1000"])
        ]
    finally:
        while not task.done():
            task.cancel()
            await asyncio.sleep(0)
