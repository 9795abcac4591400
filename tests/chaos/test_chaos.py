"""A short run that must pass, and the same run with each guarantee taken out, which must not."""

from collections import Counter
from pathlib import Path

import pytest

from deploy.topology import SERVICES
from tests.chaos import nemesis
from tests.chaos.__main__ import show
from tests.chaos.mutants import MUTANTS
from tests.chaos.run import run

SEED = 4
SHORT = 45.0
MUTANTS_RUN = 45.0
MUTANTS_SEED = 138
"""Each service with a defect is killed or told old events more than once."""


def test_a_run_of_three_minutes_has_faults_enough() -> None:
    for seed in range(50):
        faults = nemesis.plan(seed, 180, list(SERVICES))
        kinds = Counter(fault.kind for fault in faults)
        assert len(faults) >= 60
        assert kinds[nemesis.KILL_BROKER] >= 5
        assert kinds[nemesis.KILL_DATABASE] >= 4
        assert {
            *nemesis.SHARES,
            nemesis.KILL_GATEWAY,
            nemesis.ALARM,
            nemesis.CUT,
            nemesis.POISON,
        } <= kinds.keys()


def test_the_seed_decides_the_plan() -> None:
    services = list(SERVICES)
    assert nemesis.plan(7, 45, services) == nemesis.plan(7, 45, services)
    assert nemesis.plan(7, 45, services) != nemesis.plan(8, 45, services)


@pytest.mark.timeout(400)
def test_nothing_is_lost_and_nothing_done_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = run(tmp_path, SEED, SHORT)
    with capsys.disabled():
        show(outcome)
    assert outcome.passed, outcome.findings


@pytest.mark.timeout(400)
def test_a_platform_without_its_guarantees_is_found_out(tmp_path: Path) -> None:
    """Each guarantee is missing in other services, so that one run convicts them all."""
    without = {
        "identity": "clear_without_version",
        "profiles": "guard_off",
        "jobs": "clear_before_confirm",
        "messaging": "clear_before_confirm",
        "reviews": "ack_before_write",
    }
    assert {*without.values()} == MUTANTS.keys()
    found = run(tmp_path, MUTANTS_SEED, MUTANTS_RUN, mutants=without, customers=6).findings
    traces = {
        "identity": [each for each in found["events"] if each.startswith("identity ")],
        "profiles": [each for each in found["projections"] if each.startswith("profiles.")],
        "jobs, messaging": [
            each for each in found["events"] if each.startswith(("jobs ", "messaging "))
        ],
        "reviews": [each for each in found["projections"] if each.startswith("reviews.")],
    }
    assert all(traces.values()), {name: len(each) for name, each in traces.items()}
