"""Runs every suite in a process of its own, two at a time, and says how each went.

A suite has a broker and a database of its own: what an earlier one left there cannot slow it.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

AT_ONCE = 2
"""As many as the smallest machine we care for has cores."""

ALONE = ("chaos", "crashes", "pressure", "shared")
"""These measure times, or end processes at moments that must come; company would blur both."""

_SHOWN = 300
"""Lines of a failed suite's output; the rest is in its file."""


@dataclass(frozen=True)
class Outcome:
    """lines are the suite's part of the summary; log is where its whole output is."""

    suite: str
    passed: bool
    lines: list[str]
    log: Path


def run(tests: Path, logs: Path) -> int:
    """All suites below tests; returns 1 when one of them failed. The output goes to logs."""
    began = time.monotonic()
    logs.mkdir(parents=True, exist_ok=True)
    suites = _largest_first(tests)
    outcomes: list[Outcome] = []
    crowd = [suite for suite in suites if suite.name not in ALONE]
    alone = [suite for suite in suites if suite.name in ALONE]
    for each in chain(_side_by_side(crowd, logs), (_one(suite, logs) for suite in alone)):
        outcomes.append(each)
        print(f"{len(outcomes):>2} of {len(suites)}  {each.lines[0]}", flush=True)
        if not each.passed:
            print("\n".join(["", *_last_words(each.log), ""]), flush=True)
    return _summary(outcomes, time.monotonic() - began)


def _largest_first(tests: Path) -> list[Path]:
    """So that no long one is left to run by itself at the end."""
    sizes = {
        folder: sum(file.stat().st_size for file in folder.rglob("test_*.py"))
        for folder in tests.iterdir()
        if folder.is_dir()
    }
    return sorted((folder for folder in sizes if sizes[folder]), key=lambda each: -sizes[each])


def _side_by_side(suites: list[Path], logs: Path) -> Iterable[Outcome]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(_one, suite, logs) for suite in suites]
        for done in as_completed(running):
            yield done.result()


def _one(suite: Path, logs: Path) -> Outcome:
    log, tally = logs / f"{suite.name}.log", logs / f"{suite.name}.json"
    tally.unlink(missing_ok=True)
    command = (sys.executable, "-m", "deploy.local.suites", str(suite), "--tally", str(tally))
    with log.open("wb") as output:
        code = subprocess.call(command, stdout=output, stderr=subprocess.STDOUT)
    lines = json.loads(tally.read_text()) if tally.exists() else []
    return Outcome(suite.name, code == 0, lines or [f"{suite.name:<14} ended with {code}"], log)


def _last_words(log: Path) -> list[str]:
    lines = log.read_text(errors="replace").splitlines()
    if len(lines) <= _SHOWN:
        return lines
    return [f"... all {len(lines)} lines are in {log}", *lines[-_SHOWN:]]


def _summary(outcomes: list[Outcome], seconds: float) -> int:
    failed = [each.suite for each in outcomes if not each.passed]
    print("\nsuites")
    for each in sorted(outcomes, key=lambda each: each.suite):
        print("\n".join(each.lines))
    verdict = f"failed: {', '.join(failed)}" if failed else "all passed"
    print(f"{len(outcomes)} suites in {seconds:.0f} s, {verdict}")
    return int(bool(failed))
