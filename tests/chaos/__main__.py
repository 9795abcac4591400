"""``make chaos``: a run of minutes with a table of what it showed."""

import argparse
import logging
import shutil
import sys
import tempfile
import time
import warnings
from pathlib import Path
from random import SystemRandom

from rich.console import Console
from rich.table import Table

from deploy.local.programs import CannotRunError
from deploy.topology import SERVICES
from tests.chaos.checks import shortened
from tests.chaos.mutants import MUTANTS
from tests.chaos.run import Outcome, run

DURATION = 180.0
out = Console(highlight=False)


def main() -> None:
    """Ends with 1 when a check found something, and keeps the run's data for a closer look."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10_000))
    parser.add_argument("--duration", type=float, default=DURATION, help="seconds of faults")
    parser.add_argument("--mutant", choices=("", *MUTANTS), default="", help="must make it fail")
    chosen = parser.parse_args()
    mutants = dict.fromkeys(SERVICES, chosen.mutant) if chosen.mutant else {}
    # What the clients' libraries say of a broker that dies is no news here.
    logging.disable(logging.CRITICAL)
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
    home = Path(tempfile.mkdtemp(prefix="helphood-chaos-"))
    began = time.monotonic()

    def tell(text: str) -> None:
        out.print(f"{time.monotonic() - began:5.0f} s  {text}")

    try:
        outcome = run(home, chosen.seed, chosen.duration, mutants=mutants, tell=tell)
    except CannotRunError as error:
        sys.exit(f"error: {error}")
    show(outcome)
    if outcome.passed:
        shutil.rmtree(home)
    else:
        out.print(f"data and logs of the run are in {home}")
        sys.exit(1)


def show(outcome: Outcome) -> None:
    """The table at the end, and the findings if there are any."""
    title = f"seed {outcome.seed}, {outcome.duration:.0f} s" + (
        f", with {', '.join(sorted({*outcome.mutants.values()}))}" if outcome.mutants else ""
    )
    table = Table(title=title, title_justify="left")
    table.add_column("what")
    table.add_column("how many", justify="right")
    for kind, number in sorted(outcome.faults.items()):
        table.add_row(kind, str(number))
    table.add_row("faults", str(outcome.faults.total()), end_section=True)
    for name, value in outcome.numbers.items():
        table.add_row(name, f"{value:,.0f}")
    table.add_row("seconds to converge after calm", f"{outcome.converged:.1f}", end_section=True)
    for name, times in sorted(outcome.seen.items()):
        table.add_row(name, f"{times:,}")
    out.print(table)
    for check, findings in outcome.findings.items():
        out.print(f"[{'red' if findings else 'green'}]{check}: {len(findings)} findings")
        for finding in shortened(findings):
            out.print(f"  {finding}", markup=False)
    out.print("passed" if outcome.passed else "FAILED", style="bold")


if __name__ == "__main__":
    main()
