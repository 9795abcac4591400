"""The measurement of growth measures what it says: sizes, units, lines."""

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.programs import PROJECT
from deploy.local.stack import SERVICES
from tests.bench.growth import report
from tests.bench.growth.__main__ import Plan, measured
from tests.bench.growth.costs import COMMANDS, IDLE, LIST, SEARCH, STORY, Units, Work
from tests.bench.growth.memory import Memory, fitted
from tests.bench.measure import Round

QUICK = Plan(
    sizes=(100, 250),
    rounds=1,
    seconds=0.0,
    units=Units(search=3, list=3, commands=4, idle=0.5, stories=1),
    wave=1,
    looks=2,
)


def a_work(*costs: float) -> Work:
    """Sizes 1, 2, ... at these milliseconds of a service."""
    rounds = {
        size: [Round(1, 1.0, 1.0, 1.0, {"jobs": each, "database": 1.0, "broker": 1.0}, {})]
        for size, each in enumerate(costs, 1)
    }
    return Work("trial", "jobs", rounds)


def test_a_service_that_takes_more_than_twice_as_much_is_called_out():
    assert report.verdict(a_work(1.0, 1.0, 1.9)) == "level"
    assert report.verdict(a_work(1.0, 1.0, 2.1)) == "**rises**"


def test_it_is_said_when_the_database_alone_takes_more():
    work = a_work(1.0, 1.0)
    dear = replace(work.rounds[2][0], cpu={"jobs": 1.0, "database": 3.0, "broker": 1.0})
    work.rounds[2] = [dear]
    assert report.verdict(work) == "the stand-in rises"


def test_a_line_rises_when_it_does_so_beyond_its_unrest():
    stories = [10, 20, 30, 40, 50, 60]
    assert fitted(stories, [5 + 3 * each for each in stories]).slope == pytest.approx(3)
    assert fitted(stories, [5 + 3 * each for each in stories]).rises
    assert not fitted(stories, [100, 101, 100, 101, 100, 101]).rises


def test_the_line_leaves_out_what_was_at_first():
    memory = Memory(stories=[10, 20, 30, 40, 50, 60])
    assert memory.line([0, 50, 90, 100, 100, 100]).slope == 0


@pytest.mark.timeout(300)
def test_every_unit_is_done_on_a_platform_of_that_size(tmp_path: Path):
    found = measured(QUICK)
    assert [(each.helpers, each.jobs) for each in found.fillings] == [(100, 100), (250, 250)]
    units = {SEARCH: 3, LIST: 3, STORY: 1, IDLE: 1} | dict.fromkeys(COMMANDS, 4)
    for name, work in found.works.items():
        assert work.sizes == [100, 250]
        assert all(
            [each.units for each in work.rounds[size]] == [units[name]] for size in (100, 250)
        )
    assert found.scored[250] > found.scored[100] > 1
    assert found.held.stories == [1, 2]
    assert set(found.held.blocks) == set(SERVICES)
    report.write(found, tmp_path)
    text = (tmp_path / "growth.md").read_text()
    assert "| a search | " in text
    assert "50,000 stories would have taken" in " ".join(text.split())
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")


def test_the_committed_figures_are_of_every_size():
    text = (PROJECT / "docs" / "growth.md").read_text()
    for what in (
        "| 100 |",
        "| 1,000 |",
        "| 10,000 |",
        "| 100,000 |",
        "a search",
        "a whole story",
        "**not** driven",
    ):
        assert what in text
