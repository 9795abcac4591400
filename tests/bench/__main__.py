"""``make bench``: measures every row, shows the table and writes docs/performance.md."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.local.programs import PROJECT, CannotRunError
from tests.bench import hop, report, web
from tests.bench.ground import Ground
from tests.bench.measure import Row, WrongResultError
from tests.bench.peers import row as peers
from tests.bench.platform import Footprint, footprint

LEAST, USUAL, MOST = 5, 9, 15
"""Rounds. With five, a database that is lucky in some of them moves a ratio by a third."""

WEB = {"read": web.read, "gateway": web.gateway, "search": web.search, "command": web.command}
STEPS = {"read": 2, "gateway": 2, "search": 4, "command": 4, "hop": 2, "peers": 5}
"""Sides to be measured in each round."""

NAMES = ("platform", *STEPS)

Step = Callable[[], None]
out = Console()


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", choices=NAMES, action="append", help="one row; may be repeated")
    parser.add_argument("--rounds", type=int, default=USUAL, help=f"{LEAST} to {MOST}")
    parser.add_argument(
        "--memory", action="store_true", help="data in memory: shows the software without the disk"
    )
    parser.add_argument("--docs", type=Path, default=PROJECT / "docs")
    arguments = parser.parse_args()
    if not LEAST <= arguments.rounds <= MOST:
        parser.error(f"--rounds must lie between {LEAST} and {MOST}, not be {arguments.rounds}")
    wanted = arguments.only or list(NAMES)
    base = "/dev/shm" if arguments.memory else None  # noqa: S108 - a random folder is made in it
    try:
        rows, found = _measured(wanted, arguments.rounds, base)
    except (CannotRunError, WrongResultError) as error:
        sys.exit(f"error: {error}")
    _show(rows, found)
    if not arguments.only:
        report.write(rows, found, arguments.docs, arguments.rounds, _place(arguments.memory))
        out.print(f"written to {arguments.docs / 'performance.md'}")


def _measured(
    wanted: list[str], rounds: int, base: str | None
) -> tuple[list[Row], Footprint | None]:
    rows: list[Row] = []
    found = None
    steps = sum(STEPS[name] * rounds for name in wanted if name in STEPS)
    columns = TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn()
    with (
        tempfile.TemporaryDirectory(dir=base, prefix="bench-", ignore_cleanup_errors=True) as name,
        Progress(*columns, TimeElapsedColumn(), console=out) as progress,
    ):
        task = progress.add_task("", total=steps + 2 * ("platform" in wanted))

        def step() -> None:
            progress.advance(task)

        folder = Path(name)
        if "platform" in wanted:
            progress.update(task, description="platform")
            found = footprint(folder, step)
        if steps:
            with Ground(folder) as ground:
                bench = Bench(ground, rounds, step)
                for part in (each for each in STEPS if each in wanted):
                    progress.update(task, description=part)
                    for row in bench.rows(part):
                        rows.append(row)
                        progress.console.print(
                            report.details(row), markup=False, highlight=False, soft_wrap=True
                        )
    return rows, found


class Bench:
    """Every row by its name; what several rows need is started once, when first needed."""

    def __init__(self, ground: Ground, rounds: int, step: Step) -> None:
        self._ground, self._rounds, self._step = ground, rounds, step
        self._house = web.House(ground)

    def rows(self, name: str) -> Iterator[Row]:
        """Each as soon as it is complete."""
        if name in WEB:
            return WEB[name](self._house, self._rounds, self._step)
        part = hop.measure if name == "hop" else peers.measure
        return part(self._ground, self._pairs, self._rounds, self._step)

    @cached_property
    def _pairs(self) -> dict[str, hop.Pair]:
        return hop.pairs(self._ground)


def _place(memory: bool) -> str:
    where = "lie in memory, where syncing costs nothing" if memory else "lie on the disk"
    return f"Broker and database sync every write; their files {where}."


def _show(rows: list[Row], found: Footprint | None) -> None:
    table = Table(title="measured side by side", title_justify="left")
    for column in ("work", "measured", "goal", "holds"):
        table.add_column(column)
    for line in report.overview_rows(rows, found):
        table.add_row(*line)
    out.print(table)


if __name__ == "__main__":
    main()
