"""Workers that die, brokers that die, processes that end: nothing is lost, innocents pass."""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from deploy.local.broker import Broker
from shared.contracts.base import Delivered
from shared.kernel.errors import Unavailable
from shared.rabbit.delivery import Outlived
from shared.scope import Scope
from tests.shared.rabbit.trial import (
    Trial,
    a_message,
    an_event,
    channel_to,
    depth,
    empty,
    eventually,
    put,
    running,
)

pytestmark = [pytest.mark.timeout(180)]

PROJECT = Path(__file__).resolve().parents[3]


async def test_a_message_that_kills_its_worker_is_parked_and_innocents_pass(
    url: str, tmp_path: Path
) -> None:
    trial, report = Trial(url), tmp_path / "report"
    async with running(trial):
        pass  # declares the queues
    await put(url, trial.queue, *(a_message(s) for s in ("one", "two", "deadly", "three", "four")))

    def told() -> list[list[str]]:
        return [json.loads(line) for line in report.read_text().splitlines()]

    report.touch()
    command = (sys.executable, "-m", "tests.shared.rabbit.worker", url, trial.name, str(report))
    end = time.monotonic() + 90
    worker = subprocess.Popen(command, cwd=PROJECT)
    try:
        while len({line[1] for line in told() if line[0] in ("applied", "parked")}) < 5:
            assert time.monotonic() < end, told()
            if worker.poll() is not None:
                worker = subprocess.Popen(command, cwd=PROJECT)
            await asyncio.sleep(0.05)
        await empty(trial)
    finally:
        worker.kill()
        worker.wait()
    outcomes = Counter(tuple(line) for line in told())
    assert outcomes["killed", "deadly"] == 5  # twice among others, three times alone
    assert [line for line in told() if line[0] == "parked"] == [
        ["parked", "deadly", "kills_worker"]
    ]
    for innocent in ("one", "two", "three", "four"):
        assert outcomes["applied", innocent] >= 1


async def test_a_suspect_that_is_innocent_is_applied(url: str) -> None:
    trial = Trial(url)
    async with running(trial):
        pass
    await put(url, trial.queue, a_message("suspect"), a_message("bystander"))
    for _ in range(3):  # a consumer that loses its connection with both in hand
        async with channel_to(url) as channel:
            queue = await channel.declare_queue(trial.queue, passive=True)
            for _ in range(2):
                assert await queue.get(timeout=5) is not None
        await asyncio.sleep(0.1)
    async with running(trial):
        await eventually(lambda: len(trial.applied) == 2)
        await empty(trial)
    assert sorted(trial.applied) == ["bystander", "suspect"]
    assert trial.parked == []


async def test_lost_connections_make_no_suspects_of_what_a_process_outlives(
    own_broker: Broker,
) -> None:
    """The same four times over, as when the message kills its worker."""
    trial, may_end = Trial(own_broker.amqp_url), asyncio.Event()
    taken: list[str] = []

    async def handle(delivered: Delivered[Any], scope: Scope) -> None:
        taken.append(delivered.subject)
        await may_end.wait()
        await trial.note(delivered, scope)

    async with running(trial, handle):
        await put(own_broker.amqp_url, trial.queue, a_message("innocent"))
        for _ in range(4):
            await eventually(lambda: taken)
            taken.clear()
            await asyncio.to_thread(own_broker.control, "close_all_connections", "a test")
        await eventually(lambda: taken)
        may_end.set()
        await empty(trial)
    spans = [span for span in trial.spans.get_finished_spans() if span.name.startswith("process")]
    assert {(span.attributes or {})["messaging.destination.name"] for span in spans} == {
        trial.queue
    }
    assert trial.parked == []


def test_only_deliveries_that_a_process_outlived_itself_are_no_losses() -> None:
    outlived = Outlived()
    assert outlived.losses("of others", 2) == 2
    assert outlived.losses("of others", 3) == 2
    assert [outlived.losses("ours", deliveries) for deliveries in range(4)] == [0, 0, 0, 0]
    assert outlived.losses("ours", 0) == 0  # a copy, which the broker counts anew
    assert outlived.losses("ours", 3) == 2


async def test_a_suspect_that_is_retried_comes_back_to_be_tried_alone(url: str) -> None:
    trial = Trial(url)
    attempts = 0

    async def handle(delivered: Delivered[Any], scope: Scope) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise KeyError("once")
        await trial.note(delivered, scope)

    message = a_message("suspect")
    message.headers["helphood-suspect"] = 1
    async with running(trial, handle):
        await put(url, trial.queue, message)
        await eventually(lambda: trial.applied)
        await empty(trial)
    spans = [span for span in trial.spans.get_finished_spans() if span.name.startswith("process")]
    assert [(span.attributes or {})["messaging.destination.name"] for span in spans] == [
        f"{trial.name}.suspect"
    ] * 2


async def test_through_crashes_of_the_broker_every_confirmed_event_is_applied(
    own_broker: Broker,
) -> None:
    trial = Trial(own_broker.amqp_url)
    confirmed: list[str] = []

    async def publish() -> None:
        number = 0
        while not done.is_set():
            number += 1
            try:
                await trial.publisher.publish(an_event(f"rating_{number}"))
                confirmed.append(f"rating_{number}")
                await asyncio.sleep(0.002)
            except Unavailable:
                await asyncio.sleep(0.1)

    done = asyncio.Event()
    async with running(trial):
        publishing = asyncio.create_task(publish())
        await asyncio.sleep(1)
        own_broker.kill()
        await eventually(lambda: not trial.consuming.connected)
        assert not trial.consuming.healthy
        await asyncio.to_thread(own_broker.start_again)
        await eventually(lambda: trial.consuming.healthy and trial.publisher.connected, 30)
        await asyncio.sleep(1)
        done.set()
        await publishing
        await eventually(lambda: set(confirmed) <= set(trial.applied), 30)
    assert len(confirmed) > 100
    assert trial.parked == []
    assert trial.lost == []


async def test_a_service_starts_before_its_broker(own_broker: Broker) -> None:
    trial = Trial(own_broker.amqp_url)
    own_broker.kill()
    try:
        entering = asyncio.create_task(_run_briefly(trial))
        await asyncio.sleep(3)
        assert not entering.done()
        assert not trial.consuming.healthy
        assert trial.lost == []
    finally:
        await asyncio.to_thread(own_broker.start_again)
    await asyncio.wait_for(entering, 40)
    assert trial.applied == ["rating_1"]


async def _run_briefly(trial: Trial) -> None:
    async with running(trial, lost_after=1.0):
        await trial.publisher.publish(an_event("rating_1"))
        await eventually(lambda: trial.applied)


async def test_at_the_end_what_runs_is_finished_and_nothing_counts_as_failed(url: str) -> None:
    trial = Trial(url)

    async def handle(delivered: Delivered[Any], scope: Scope) -> None:
        await asyncio.sleep(1)
        await trial.note(delivered, scope)

    async with running(trial, handle, prefetch=10):
        await asyncio.gather(*(trial.publisher.publish(an_event()) for _ in range(25)))
        await asyncio.sleep(0.3)
        began = time.monotonic()
        await trial.consuming.stop()
        assert 0.3 < time.monotonic() - began < 3
        assert len(trial.applied) == 10
        assert not trial.consuming.connected
    async with channel_to(url) as channel:
        queue = await channel.declare_queue(trial.queue, passive=True)
        for _ in range(15):
            message = await queue.get(timeout=5)
            assert message is not None
            assert not message.headers.get("x-delivery-count")
            await message.ack()


async def test_at_the_end_what_waits_for_the_database_goes_back_uncounted(url: str) -> None:
    trial = Trial(url)
    async with running(trial):
        trial.database_up = False
        await asyncio.gather(*(trial.publisher.publish(an_event()) for _ in range(10)))
        await asyncio.sleep(1)
        began = time.monotonic()
        await trial.consuming.stop()
        assert time.monotonic() - began < 3
        await asyncio.sleep(0.5)
        assert await depth(url, trial.queue) == 10
    async with channel_to(url) as channel:
        queue = await channel.declare_queue(trial.queue, passive=True)
        for _ in range(10):
            message = await queue.get(timeout=5)
            assert message is not None
            assert not message.headers.get("x-delivery-count")
            await message.ack()


async def test_a_handler_that_does_not_end_delays_the_end_only_so_long(url: str) -> None:
    trial = Trial(url)

    async def handle(delivered: Delivered[Any], scope: Scope) -> None:
        await asyncio.sleep(3600)

    async with running(trial, handle, drain_seconds=0.5):
        await trial.publisher.publish(an_event())
        await asyncio.sleep(0.3)
        began = time.monotonic()
        await trial.consuming.stop()
        assert time.monotonic() - began < 6
        await asyncio.sleep(0.3)
        assert await depth(url, trial.queue) == 1


async def test_consumers_that_stay_away_while_the_broker_is_there_end_the_process(url: str) -> None:
    trial = Trial(url)
    async with running(trial, lost_after=2.0):
        async with channel_to(url) as channel:
            await channel.queue_delete(trial.queue)
        await eventually(lambda: not trial.consuming.healthy)
        await eventually(lambda: trial.lost, 10)
    (reason,) = trial.lost
    assert "away" in reason


async def test_a_queue_with_other_arguments_ends_the_process_and_not_in_silence(
    own_broker: Broker,
) -> None:
    trial = Trial(own_broker.amqp_url)
    async with channel_to(own_broker.amqp_url) as channel:
        await channel.declare_queue(trial.queue, durable=True)
    with pytest.raises(AssertionError, match="did not happen"):
        async with running(trial, lost_after=2.0, begin_within=6.0):
            pass
    assert len(trial.lost) == 1
    async with channel_to(own_broker.amqp_url) as channel:
        await channel.queue_delete(trial.queue)


async def test_queues_lost_with_the_broker_come_back_with_the_connection(
    own_broker: Broker,
) -> None:
    trial = Trial(own_broker.amqp_url)
    async with running(trial):
        async with channel_to(own_broker.amqp_url) as channel:
            for suffix in ("", ".retry", ".parked"):
                await channel.queue_delete(trial.queue + suffix)
            await channel.queue_delete(f"{trial.name}.suspect")
            await channel.exchange_delete("events")
        own_broker.kill()
        await asyncio.to_thread(own_broker.start_again)
        await eventually(lambda: trial.publisher.connected and trial.consuming.healthy, 30)
        await trial.publisher.publish(an_event("rating_1"))
        await eventually(lambda: trial.applied == ["rating_1"])
    assert trial.lost == []
