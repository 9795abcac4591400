"""By hand: ``python -m tests.observability.try_alerts`` causes the fault of every alert.

A stack of its own with a Prometheus that asks every two seconds and has our rules in force. Round
by round faults are made, held until each of their alerts fires (or is pending, where its rule waits
for longer than two minutes), and mended; what Prometheus says is noted all the time, so that an
alert that comes or stays for another reason is seen too. Ends by itself within a quarter of an
hour, and so does everything that it started, even when it is killed.
"""

import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.local.story import ZURICH
from tests.observability.faults import ROUNDS, Fault, Trial
from tests.observability.prometheus import Prometheus
from tests.platform import Platform, running

SCRAPED_EVERY = 2
LIMIT = 14 * 60
WORTH_WAITING = 120
"""Seconds that a rule's ``for`` may take to be waited for."""

PATIENCE = 240
"""Seconds for a round, and in the end for what goes by itself."""

STAYS = {
    "BudgetBurns": "30 min",
    "BudgetBurnsSlowly": "2 h",
    "BudgetBurnsSteadily": "6 h",
    "TimersFail": "15 min",
}
"""How far back the shortest window of an alert looks, where that is too long to wait for."""

SHOWN = 5
"""Of those that one alert was about."""

BEGAN = time.monotonic()

_GUARD = (
    "import shutil, sys; from pathlib import Path; from deploy.local.keeper import Keeper; "
    "sys.stdin.read(); Keeper(Path(sys.argv[1])).down(); shutil.rmtree(sys.argv[1], True)"
)


@dataclass
class Spell:
    """One time in which an alert's expression was true for somebody; moments are monotonic."""

    began: float
    fired: float | None = None
    ended: float | None = None
    whom: set[str] = field(default_factory=set)


class Notes(threading.Thread):
    """What Prometheus says of every alert, twice a second."""

    def __init__(self, prometheus: Prometheus) -> None:
        super().__init__(daemon=True)
        self.spells: defaultdict[str, list[Spell]] = defaultdict(list)
        self._prometheus = prometheus
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.5):
            self._note(self._prometheus.alerts(), time.monotonic())

    def end(self) -> None:
        self._over.set()
        self.join()

    def _note(self, active: list[dict[str, Any]], now: float) -> None:
        names = {each["labels"]["alertname"] for each in active}
        for name in names - set(self.now()):
            self.spells[name].append(Spell(now))
        for name, spell in self.now().items():
            if name not in names:
                spell.ended = now
        for each in active:
            spell = self.now()[each["labels"]["alertname"]]
            spell.whom.add(whom(each["labels"]))
            if each["state"] == "firing":
                spell.fired = spell.fired or now

    def now(self) -> dict[str, Spell]:
        """Alert -> the spell that has not ended."""
        last = {name: spells[-1] for name, spells in list(self.spells.items())}
        return {name: spell for name, spell in last.items() if spell.ended is None}


def whom(labels: dict[str, str]) -> str:
    """What tells two alerts of one name apart."""
    plain = ("alertname", "severity", "instance", "role")
    return " ".join(value for name, value in sorted(labels.items()) if name not in plain)


@dataclass(frozen=True)
class Tried:
    """One alert of a fault: when this was made and mended."""

    alert: str
    what: str
    made: float
    mended: float

    def meant(self, spells: list[Spell]) -> list[Spell]:
        """Those while the fault was there."""
        return [
            each
            for each in spells
            if each.began < self.mended and (each.ended or self.mended) >= self.made
        ]

    def row(self, spells: list[Spell], waits: float) -> tuple[str, ...]:
        mine = self.meant(spells)
        if not mine:
            return (self.alert, self.what, "never", "", "")
        before, first = mine[0].began < self.made, mine[0].began - self.made
        fired = next((each.fired for each in mine if each.fired), None)
        return (
            self.alert,
            self.what,
            "it was before" if before else f"{first:.0f} s",
            f"waits {waits:.0f} s" if fired is None else f"{max(0.0, fired - self.made):.0f} s",
            _after(self.alert, mine[-1].ended, self.mended),
        )


def _after(alert: str, ended: float | None, mended: float) -> str:
    if ended is None:
        return f"{STAYS[alert]} have to pass" if alert in STAYS else "still true"
    return f"{max(0.0, ended - mended):.0f} s"


class Course:
    """Round after round, with what is noted of it."""

    def __init__(self, trial: Trial, notes: Notes, waits: dict[str, float]) -> None:
        self.tried: list[Tried] = []
        self.waits = waits
        self._trial, self._notes = trial, notes

    def go(self, faults: tuple[Fault, ...]) -> None:
        """Make them, hold them until their alerts have come, mend them."""
        made: dict[str, float] = {}
        with ExitStack() as block:
            for fault in faults:
                say(f"made: {fault.what}")
                block.callback(self._note, fault, made)
                made[fault.what] = time.monotonic()
                block.enter_context(fault.made(self._trial))
            expected = [alert for fault in faults for alert in fault.alerts]
            until(lambda: all(map(self._has_come, expected)))
            say(f"there: {', '.join(each for each in expected if self._has_come(each))}")
        say("mended")
        # What Prometheus still sees of it is not to count as the next round's.
        time.sleep(3 * SCRAPED_EVERY)

    def _has_come(self, alert: str) -> bool:
        spell = self._notes.now().get(alert)
        firing = self.waits[alert] <= WORTH_WAITING
        return spell is not None and (spell.fired is not None or not firing)

    def _note(self, fault: Fault, made: dict[str, float]) -> None:
        now = time.monotonic()
        self.tried += [Tried(each, fault.what, made[fault.what], now) for each in fault.alerts]

    def calm_down(self) -> None:
        """Until only those are there that look back for longer than this lasts."""
        until(lambda: set(self._notes.now()) <= set(STAYS))


def until(holds: Callable[[], bool]) -> None:
    """Or as long as patience lasts: the table says what did not come."""
    deadline = time.monotonic() + PATIENCE
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.5)


def say(line: str) -> None:
    print(f"{time.monotonic() - BEGAN:4.0f} s  {line}", file=sys.stderr, flush=True)


def told(course: Course, notes: Notes) -> Iterator[str]:
    """The table, and what each alert was about, in order of time."""
    heads = ("alert", "fault", "true after", "fires after", "false again after")
    yield from (f"| {' | '.join(heads)} |", "|" + "---|" * len(heads))
    for each in sorted(course.tried, key=lambda tried: tried.made):
        yield f"| {' | '.join(each.row(notes.spells[each.alert], course.waits[each.alert]))} |"
    yield ""
    spells = [(each, name) for name, found in notes.spells.items() for each in found]
    for spell, name in sorted(spells, key=lambda pair: pair[0].began):
        end = "the end" if spell.ended is None else f"{spell.ended - BEGAN:.0f} s"
        fired = "pending" if spell.fired is None else "fired"
        some = sorted(spell.whom)
        about = ", ".join(some[:SHOWN]) + f" and {len(some) - SHOWN} more" * (len(some) > SHOWN)
        yield f"{spell.began - BEGAN:4.0f} s to {end}: {name} {fired}: {about}"


@contextmanager
def guarded(home: Path) -> Iterator[None]:
    """The stack under home ends in any case: its end hangs on a pipe that closes with us."""
    command = (sys.executable, "-c", _GUARD, str(home))
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):
        yield


def begun(platform: Platform) -> Trial:
    """A story told to its end, and two who will leave."""
    story = platform.story(ZURICH)
    story.tell()
    one, other = (platform.person(ZURICH.tenant, name).join() for name in ("Urs Weg", "Eva Fort"))
    return Trial(platform, story, (one, other))


def expire(*_: object) -> None:
    raise TimeoutError(f"not done after {LIMIT} s")


def main() -> None:
    signal.signal(signal.SIGALRM, expire)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    signal.alarm(LIMIT)
    with ExitStack() as block:
        home = Path(block.enter_context(tempfile.TemporaryDirectory())) / "stack"
        block.enter_context(guarded(home))
        platform = block.enter_context(running(home, own_traces=True))
        platform.stack.watch(SCRAPED_EVERY)
        trial = begun(platform)
        prometheus = Prometheus(platform.stack.ports.prometheus)
        waits = {
            each["name"]: each["duration"] for each in prometheus.rules() if "duration" in each
        }
        notes = Notes(prometheus)
        notes.start()
        course = Course(trial, notes, waits)
        try:
            time.sleep(5 * SCRAPED_EVERY)
            say(f"before any fault: {', '.join(notes.now()) or 'no alert'}")
            for faults in ROUNDS:
                course.go(faults)
            course.calm_down()
        finally:
            notes.end()
            print("\n".join(told(course, notes)))
    if silent := [each.alert for each in course.tried if not each.meant(notes.spells[each.alert])]:
        sys.exit(f"never true: {', '.join(silent)}")


if __name__ == "__main__":
    main()
