"""docs/growth.md and its plot, from one run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deploy.local.stack import SERVICES
from tests.bench.growth.apps import FEW, STRINGS
from tests.bench.growth.costs import IDLE, SEARCH, STORY, Work
from tests.bench.growth.crowd import EACH, OWN, Filling
from tests.bench.growth.memory import AT_ONCE, ENOUGH, Memory
from tests.bench.report import machine, table, today

MOST = 2.0
"""A service's CPU for the same work must not grow by more than this."""

FAR = 50_000
"""Stories to which memory is extrapolated."""

_HEAD = """\
# Growth

Written by `make growth`: the local stack (`deploy/local/stack.py`: all five services, gateway,
broker and the database stand-in, no tracing) is filled step by step, and at each size the same
work is done, one unit after the other: {rounds} rounds of searches, pages and commands, then
{stories} whole stories. After each round it is checked that every answer is right and that every
command was applied, once, its events everywhere. {machine}, {day}.

CPU is milliseconds for a unit: of the service that is asked (of all five for a story and for
idling), of the database stand-in, and of everybody else, which for commands includes the services
that apply the events. Of a story's CPU that of the idle platform in the same time is taken off. A
figure is the median of its rounds; a p95 of few stories is about their slowest.

![growth](growth.png)
"""

_CROWD = """\
Helpers are those of one city, 27 by 27 km, all listed; the more there are, the denser they live.
Jobs are closed ones of {each} each for a customer and a helper, {own} of them the reader's whose
list is asked for. Both are put straight into the collections of profiles and jobs, as their
services would have written them. The replicas in the other services are not filled; of helpers
they look up one by its `_id`.

A search reads cells of five square kilometres outward until 200 helpers match, and at most 1,000 in
one step (`services/profiles/model/cells.py`). Where few live it scores fewer than that; where a
hundred thousand live in one city a single cell holds more.
"""

_MEMORY = """\
{told} stories in {seconds:.0f} s, {at_once} at a time ({rate:.2f} a second), in a platform that
is filled as above. After each {wave} the platform comes to rest and is looked at. Lines are
fitted over the second half of the looks; ± is two standard errors. {far:,} stories would have
taken {hours:.0f} hours and were **not** driven: the column for them extrapolates the line, and
what the line's unrest allows with it.

Resident memory wavers by more than some hundred stories could leave behind. So services also tell
how many blocks of memory their interpreter has in use once nothing is left to be collected (a
block is an object of at most 512 bytes): a single object kept for each story would show as a
slope of 1 or more.

What a process remembers on purpose has an end, but a far one: 20,000 verified tokens, 2,000
messages of each queue, and {strings:,} short strings that pydantic has read from JSON. Here the
first two are {few} and the third is full from the start (`tests/bench/growth/apps.py`), so that
what would go on for ever is not hidden behind them.
"""


@dataclass(frozen=True)
class Found:
    """All of one run; works by name, scored by size."""

    fillings: Sequence[Filling]
    works: Mapping[str, Work]
    scored: Mapping[int, float]
    held: Memory


def write(found: Found, folder: Path) -> None:
    """growth.md and growth.png in folder."""
    idle, story = found.works[IDLE], found.works[STORY]
    least = idle.sizes[0]
    head = _HEAD.format(
        rounds=len(idle.rounds[least]),
        stories=len(story.rounds[least]),
        machine=machine(),
        day=today(),
    )
    parts = [head, overview(found), "## What was there\n", _CROWD.format(each=EACH, own=OWN)]
    parts.append(_fillings(found))
    parts += [_details(work) for work in found.works.values()]
    parts += ["## Memory over stories\n", _told(found.held), _memory(found.held)]
    (folder / "growth.md").write_text("\n".join(parts))
    _plot(found, folder / "growth.png")


def overview(found: Found) -> str:
    """Each kind of work at the smallest and the largest size."""
    sizes = found.works[SEARCH].sizes
    first, last = sizes[0], sizes[-1]
    head = ["work", f"service CPU, {first:,} to {last:,}", "ratio", "database's ratio", "verdict"]
    rows = []
    for name, work in found.works.items():
        judged = _scoring(found, first, last) if name == SEARCH else verdict(work)
        costs = f"{work.cpu(first)['service']:.2f} to {work.cpu(last)['service']:.2f} ms"
        ratios = (f"{work.growth(group):.2f}" for group in ("service", "database"))
        rows.append([work.title, costs, *ratios, judged])
    return table(head, rows)


def verdict(work: Work) -> str:
    """Ours is judged; where the stand-in alone rises, that is said."""
    if work.growth("service") > MOST:
        return "**rises**"
    return "the stand-in rises" if work.growth("database") > MOST else "level"


def _scoring(found: Found, first: int, last: int) -> str:
    """The same of a search, which may cost more where it has more helpers to score."""
    judged = verdict(found.works[SEARCH])
    less, more = found.scored[first], found.scored[last]
    if judged != "**rises**":
        return judged
    if _by_helper(found, last) > MOST * _by_helper(found, first):
        return "**rises**, also by helper scored"
    return f"as the helpers that it scores do: {less:.0f} to {more:.0f}"


def _by_helper(found: Found, size: int) -> float:
    return found.works[SEARCH].cpu(size)["service"] / max(1.0, found.scored[size])


def _fillings(found: Found) -> str:
    head = [
        "wanted",
        "helpers",
        "in s",
        "jobs",
        "in s",
        "slowest batch, s",
        "database MiB",
        "scored",
    ]
    rows = [
        [
            f"{each.wanted:,}",
            f"{each.helpers:,}",
            f"{each.seconds_of_helpers:.0f}",
            f"{each.jobs:,}",
            f"{each.seconds_of_jobs:.0f}",
            f"{each.longest:.1f}",
            f"{each.database:.0f}",
            f"{found.scored[each.size]:.0f}" if each.size in found.scored else "not measured",
        ]
        for each in found.fillings
    ]
    text = table(head, rows)
    if not found.fillings[-1].complete:
        text += "\nThe last filling was ended for time: more did not come within its limit.\n"
    return text


def _details(work: Work) -> str:
    head = ["with", "p50 ms", "p95 ms", *(f"{name} CPU ms" for name in ("service", "database"))]
    rows = [
        [
            f"{size:,}",
            *(_figure(work.median(size, name)) for name in ("p50", "p95")),
            *(f"{spent:.2f}" for spent in work.cpu(size).values()),
        ]
        for size in work.sizes
    ]
    return f"## {work.title[0].upper()}{work.title[1:]}\n\n" + table([*head, "others CPU ms"], rows)


def _figure(value: float) -> str:
    return "" if isnan(value) else f"{value:.1f}"


def _told(held: Memory) -> str:
    told = held.stories[-1]
    rate = told / held.seconds
    return _MEMORY.format(
        told=told,
        seconds=held.seconds,
        at_once=AT_ONCE,
        rate=rate,
        wave=held.stories[0],
        far=FAR,
        few=FEW,
        strings=STRINGS,
        hours=FAR / rate / 3600,
    )


def _memory(held: Memory) -> str:
    head = ["process", "MiB, first look", "last", "MiB per 1,000 stories", f"at {FAR:,}"]
    rows = []
    for name in sorted(held.resident, key=lambda each: (each not in SERVICES, each)):
        sizes = held.resident[name]
        line = held.line(sizes)
        slope, unrest = 1000 * line.slope, 2000 * line.error
        far = FAR / 1000
        rows.append(
            [
                name,
                f"{sizes[0]:.1f}",
                f"{sizes[-1]:.1f}",
                f"{slope:.1f} ± {unrest:.1f}",
                f"{far * slope:+.0f} ± {far * unrest:.0f} MiB",
                *_blocks(held, name),
            ]
        )
    return table([*head, "blocks", "blocks a story", "verdict"], rows)


def _blocks(held: Memory, name: str) -> list[str]:
    """How many at the last look, what a story adds, and what that says."""
    if name not in held.blocks:
        return ["", "", "not ours"]
    line = held.line(held.blocks[name])
    says = "**rises**" if line.rises and line.slope > 1 else "level"
    if held.judged < ENOUGH:
        says = "too few looks"
    return [f"{held.blocks[name][-1]:,}", f"{line.slope:.1f} ± {2 * line.error:.1f}", says]


def _plot(found: Found, file: Path) -> None:
    mpl.use("Agg")
    figure = Figure(figsize=(12, 4.6), layout="constrained")
    services, database, resident = figure.subplots(1, 3)
    _ratios(services, found, "service", "the service's CPU for a unit, by that at first")
    services.axhline(MOST, color="#f2a900", linewidth=2)
    services.legend(fontsize=7, loc="lower right")
    _ratios(database, found, "database", "the database stand-in's")
    held = found.held
    for name in SERVICES:
        first = held.resident[name][0]
        grown = [each - first for each in held.resident[name]]
        resident.plot(held.stories, grown, marker=".", label=name)
    resident.set_xlabel("stories told")
    resident.set_title("MiB resident more than at the first look", fontsize=10)
    resident.legend(fontsize=8)
    for axes in (services, database, resident):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=110, metadata={"Software": None})


def _ratios(axes: Axes, found: Found, group: str, title: str) -> None:
    for work in found.works.values():
        costs = [work.cpu(size)[group] for size in work.sizes]
        ratios = [each / costs[0] for each in costs]
        axes.plot(work.sizes, ratios, marker="o", label=work.title)
    axes.set_xscale("log")
    axes.set_ylim(0, 1.1 * max(MOST, axes.get_ylim()[1]))
    axes.set_xlabel("helpers and jobs")
    axes.set_title(title, fontsize=10)
