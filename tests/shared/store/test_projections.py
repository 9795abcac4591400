"""Projections: the newest facts win, however they come."""

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contracts.base import Delivered
from shared.kernel.clock import utc_now
from shared.kernel.errors import NotFound
from shared.kernel.ids import new_id
from tests.shared.store.conftest import (
    Bench,
    BoxFacts,
    BoxPainted,
    BoxSnapshot,
    Row,
    Rows,
)
from tests.tenants import SWISSCOM


def delivered(id: str, sequence: int, *, snapshot: bool = False) -> Delivered[Any]:
    kind = BoxSnapshot if snapshot else BoxPainted
    event = kind(BoxFacts(colour=str(sequence)))
    return Delivered(new_id("evt"), "vodafone", id, sequence, utc_now(), event)


async def put(rows: Rows, id: str, sequence: int, *, snapshot: bool = False, **row: Any) -> bool:
    fields = {"colour": str(sequence)} | row
    return await rows.put(Row(id=id, **fields), delivered(id, sequence, snapshot=snapshot))


@pytest.mark.parametrize("order", list(itertools.permutations([1, 2, 3])))
async def test_the_newest_wins_in_every_order(bench: Bench, order: tuple[int, ...]):
    rows, id = bench.scope().store(Rows), new_id("box")
    for sequence in order:
        await put(rows, id, sequence)
    assert (await rows.get(id)).colour == "3"


async def test_an_overtaken_event_is_old_news_and_a_repeated_one_is_not(bench: Bench):
    rows, id = bench.scope().store(Rows), new_id("box")
    assert await put(rows, id, 1) is True
    assert await put(rows, id, 1) is True
    assert await put(rows, id, 2) is True
    assert await put(rows, id, 1) is False


async def test_a_snapshot_mends_a_row_of_its_own_sequence_but_no_newer_one(bench: Bench):
    rows, id = bench.scope().store(Rows), new_id("box")
    await put(rows, id, 2, colour="wrong")
    assert await put(rows, id, 2, snapshot=True) is True
    assert (await rows.get(id)).colour == "2"
    assert await put(rows, id, 1, snapshot=True) is False


async def test_a_field_that_became_none_is_gone(bench: Bench):
    rows, id = bench.scope().store(Rows), new_id("box")
    await put(rows, id, 1, note="hello")
    await put(rows, id, 2)
    assert (await rows.get(id)).note is None


async def test_another_tenants_row_does_not_exist(bench: Bench):
    rows, id = bench.scope().store(Rows), new_id("box")
    await put(rows, id, 1)
    with pytest.raises(NotFound):
        await bench.scope(SWISSCOM).store(Rows).get(id)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=12))
async def test_any_mixture_of_copies_ends_with_the_newest(bench: Bench, sequences: list[int]):
    rows, id = bench.scope().store(Rows), new_id("box")
    applied = [await put(rows, id, sequence) for sequence in sequences]
    assert (await rows.get(id)).colour == str(max(sequences))
    assert sum(applied) == sum(
        sequence >= max(sequences[:place], default=0) for place, sequence in enumerate(sequences)
    )
