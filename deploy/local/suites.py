"""Runs the tests, all or the fast ones, and says suite by suite how they went."""

import argparse
import json
import os
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from deploy.local import lanes

_NEEDS_A_SERVER = frozenset({"broker", "broker_url", "mongo_url"})
_STARTS_PROCESSES = (
    *("tests/bench/", "tests/browser/", "tests/chaos/", "tests/containers/", "tests/deploy/"),
    *("tests/fuzz/", "tests/gateway/", "tests/isolation/", "tests/journeys/"),
    *("tests/crashes/", "tests/pressure/", "tests/shared/rabbit/", "tests/shared/service/"),
    "tests/shared/store/test_away.py",
)

_TOLD = 600
"""Characters of a failure that stand in the summary."""


class Suites:
    """A pytest plug-in; a suite is a folder of tests/."""

    def __init__(self, *, fast: bool, skipping_fails: bool) -> None:
        self._fast = fast
        self._skipping_fails = skipping_fails
        self._outcomes: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._reasons: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._failures: defaultdict[str, list[str]] = defaultdict(list)

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        if not self._fast:
            return
        slow = [item for item in items if _is_slow(item)]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        suite = _suite(report.nodeid)
        self._seconds[suite] += report.duration
        if report.when == "call" or report.outcome != "passed":
            self._outcomes[suite][report.outcome] += 1
        if report.skipped:
            self._reasons[suite][_reason(report)] += 1
        if report.failed:
            self._failures[suite].append(_failure(report))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that is skipped or broken as a whole never becomes a test."""
        if report.outcome != "passed":
            suite = _suite(report.nodeid)
            self._outcomes[suite][report.outcome] += 1
            if report.skipped:
                self._reasons[suite][_reason(report)] += 1
            else:
                self._failures[suite].append(_failure(report))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("suites")
        for line in self.lines():
            terminalreporter.line(line)
        if self._reasons and self._skipping_fails:
            terminalreporter.line("CI=true: a skipped test fails the run", red=True)

    def lines(self) -> list[str]:
        """One for each suite, each reason why some of it was skipped, and each failure."""
        lines = []
        for suite, outcomes in sorted(self._outcomes.items()):
            counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
            lines.append(f"{suite:<14} {self._seconds[suite]:7.1f} s  {counts}")
            for reason, count in self._reasons.get(suite, {}).items():
                lines.append(f"{'':<14} {count} skipped: {reason}")
            lines += [f"{'':<14} {failure}" for failure in self._failures.get(suite, [])]
        return lines

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._reasons and self._skipping_fails and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _suite(nodeid: str) -> str:
    parts = nodeid.split("::")[0].split("/")
    return parts[1] if len(parts) > 1 else parts[0]


def _is_slow(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(fixtures & _NEEDS_A_SERVER) or item.nodeid.startswith(_STARTS_PROCESSES)


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def _failure(report: pytest.TestReport | pytest.CollectReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = " ".join((crash.message if crash else str(report.longrepr)).split())
    return f"{report.nodeid}: {text[:_TOLD]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fast", action="store_true", help="no broker, database or processes")
    parser.add_argument("--tally", type=Path, help="write the summary's lines to this file as JSON")
    arguments, rest = parser.parse_known_args()
    if not arguments.fast and not rest:
        sys.exit(lanes.run(Path("tests"), Path(".local/tests")))
    suites = Suites(fast=arguments.fast, skipping_fails=os.environ.get("CI") == "true")
    code = pytest.main(rest, plugins=[suites])
    if arguments.tally:
        arguments.tally.write_text(json.dumps(suites.lines()))
    sys.exit(code)


if __name__ == "__main__":
    main()
