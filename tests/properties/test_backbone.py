"""Events are published in order and none is lost, whatever goes wrong between whom.

The real store, outbox, relay and inbox patterns run on the real database; every call to it, and
every message, waits for the machine to decide its fate. 30 examples of at most 40 steps, always the
same; 2,000 new ones of 60: HYPOTHESIS_PROFILE=long pytest tests/properties -k backbone --timeout=0
"""

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from prometheus_client import REGISTRY as METRICS

from tests.properties.effort import effort, until_it_breaks
from tests.properties.errands import ErrandRows, ErrandStore
from tests.properties.laws import Broken
from tests.properties.machine import Backbone, Ground
from tests.properties.mutants import MUTANTS
from tests.properties.process import Parts

ROWS, ERRANDS = ErrandRows.collection, ErrandStore.collection


def try_out(on: Ground, of: Parts, how: settings) -> None:
    class Trial(Backbone):
        ground, parts = on, of

    run_state_machine_as_test(Trial, settings=how)


@pytest.mark.timeout(600)  # A failure is made small before it is shown.
def test_nothing_is_lost_doubled_or_overtaken_on_the_backbone(ground: Ground) -> None:
    ground.seen.clear()
    before = duplicates(), conflicts()
    try_out(ground, Parts(), effort())
    assert duplicates() > before[0]
    assert conflicts() > before[1]
    for trouble in ("published again", "database_unavailable", "outbox_full"):
        assert ground.seen[trouble], f"{trouble} never happened, so nothing was proved"


def duplicates() -> float:
    """Deliveries that were old news to the projection."""
    return METRICS.get_sample_value("consumer_duplicates_total", {"consumer": ROWS}) or 0.0


def conflicts() -> float:
    """Decisions taken again, as another writer was faster."""
    return METRICS.get_sample_value("store_version_conflicts_total", {"collection": ERRANDS}) or 0.0


@pytest.mark.parametrize("name", MUTANTS)
def test_the_machine_fails_without(name: str, ground: Ground) -> None:
    mutant, broken_law = MUTANTS[name]
    with pytest.raises(Broken, match=broken_law):
        try_out(ground, mutant, until_it_breaks())
