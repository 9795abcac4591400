"""``make growth``: fills the platform, measures at each size, and writes docs/growth.md."""

import argparse
import signal
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from pymongo.errors import PyMongoError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.local.people import UnexpectedAnswerError
from deploy.local.programs import PROJECT, CannotRunError
from tests.bench.growth import memory, report
from tests.bench.growth.costs import Costs, Units
from tests.bench.growth.crowd import Crowd
from tests.bench.growth.platform import running
from tests.bench.measure import WrongResultError

SIZES = (100, 1_000, 10_000, 100_000)
out = Console(highlight=False)


@dataclass(frozen=True)
class Plan:
    """sizes from small to large; patience bounds each filling, seconds the telling of stories.

    wave stories lie between two looks at memory, of which there are at least so many.
    """

    sizes: tuple[int, ...] = SIZES
    rounds: int = 3
    patience: float = 900.0
    seconds: float = 600.0
    wave: int = 6
    looks: int = 6
    units: Units = field(default_factory=Units)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make growth", description=__doc__)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="helpers, and jobs")
    parser.add_argument("--rounds", type=int, default=Plan.rounds)
    parser.add_argument("--patience", type=float, default=Plan.patience, help="s for a filling")
    parser.add_argument("--seconds", type=float, default=Plan.seconds, help="of stories")
    parser.add_argument("--docs", type=Path, default=PROJECT / "docs")
    given = parser.parse_args()
    sizes = tuple(int(each) for each in given.sizes.split(","))
    if list(sizes) != sorted(set(sizes)) or sizes[0] < 100 or len(sizes) < 2:
        parser.error("--sizes must be two or more rising numbers, 100 or more each")
    plan = Plan(sizes, given.rounds, given.patience, given.seconds)
    # So that whoever ends a run of minutes leaves no process behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("error: ended before its time"))
    try:
        found = measured(plan)
    except (CannotRunError, WrongResultError, UnexpectedAnswerError, PyMongoError) as error:
        sys.exit(f"error: {error}")
    report.write(found, given.docs)
    out.print(report.overview(found), markup=False, soft_wrap=True)
    out.print(f"written to {given.docs / 'growth.md'}")


def measured(plan: Plan) -> report.Found:
    """Everything of one run, on a platform of its own that is gone afterwards."""
    columns = TextColumn("{task.description:<40}"), BarColumn(), TimeElapsedColumn()
    with (
        tempfile.TemporaryDirectory(prefix="growth-", ignore_cleanup_errors=True) as name,
        Progress(*columns, console=out) as progress,
    ):
        task = progress.add_task("the platform starts", total=None)
        with running(Path(name)) as platform:
            crowd = Crowd(platform)
            costs, fillings = Costs(platform, crowd, plan.units), []
            for size in plan.sizes:
                progress.reset(
                    task, description=f"{size:,} helpers and jobs move in", total=2 * size
                )
                filling = crowd.grow(size, plan.patience, lambda more: progress.advance(task, more))
                fillings.append(filling)
                if filling.size in costs.scored:
                    break
                steps = plan.rounds + plan.units.stories
                progress.reset(task, description=f"measuring with {size:,}", total=steps)
                costs.measure(filling.size, plan.rounds, lambda: progress.advance(task))
                if not filling.complete:
                    break
            progress.reset(task, description="stories, for memory", total=plan.seconds)

            def passed(seconds: float) -> None:
                progress.advance(task, seconds)

            held = memory.watch(platform, plan.seconds, plan.wave, plan.looks, passed)
    return report.Found(fillings, costs.works, costs.scored, held)


if __name__ == "__main__":
    main()
