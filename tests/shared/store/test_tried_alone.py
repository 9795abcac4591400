"""Whose end a message may have been."""

from shared.tried_alone import TriedAlone
from tests.shared.store.conftest import Bench

KEY = "tests.boxes|evt_1"


async def test_an_attempt_of_a_process_that_lives_was_not_its_end(bench: Bench):
    worker, successor = TriedAlone(bench.database), TriedAlone(bench.database)
    await worker.begin(KEY, 1)
    assert await worker.begun(KEY) == 0
    assert await successor.begun(KEY) == 1


async def test_attempts_of_workers_that_ended_add_up(bench: Bench):
    for times in (1, 2, 3):
        await TriedAlone(bench.database).begin(KEY, times)
    assert await TriedAlone(bench.database).begun(KEY) == 3


async def test_an_outcome_clears_the_message(bench: Bench):
    worker = TriedAlone(bench.database)
    await worker.begin(KEY, 3)
    await worker.end(KEY)
    assert await TriedAlone(bench.database).begun(KEY) == 0


async def test_an_attempt_noted_twice_is_one(bench: Bench):
    worker = TriedAlone(bench.database)
    await worker.begin(KEY, 1)
    await worker.begin(KEY, 1)
    assert await TriedAlone(bench.database).begun(KEY) == 1
