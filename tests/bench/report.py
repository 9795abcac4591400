"""docs/performance.md and its plot, from the rows of one run."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from math import isnan
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from tests.bench.measure import Row
from tests.bench.platform import Footprint

_HEAD = """\
# Performance

Written by `make bench`: every row in one run, each figure beside a floor on the same database,
broker and machine in the same minutes. A floor is the same work written by hand, as short and as
fast as we can (`tests/bench/floors`), without tenant, token, version, trace, outbox and
deduplication. Sides take turns within a round and another one begins each round; figures are
medians over {rounds} rounds, in brackets the slowest and the fastest. After each round it is
checked that every unit was applied, once. Ratios are medians of the rounds' own ratios, so that
what else the machine does meanwhile meets both sides; figures of two runs are not comparable.

Services run as `docker-compose.yml` runs them (a trace of ten is recorded). {place}
{machine}, {day}.

![ratios to the floor](performance.png)
"""


def write(
    rows: Sequence[Row], footprint: Footprint | None, folder: Path, rounds: int, place: str
) -> None:
    """performance.md and performance.png in folder."""
    head = _HEAD.format(rounds=rounds, place=place, machine=machine(), day=today())
    parts = [head, _overview(rows, footprint)]
    parts += [details(row) for row in rows]
    if footprint is not None:
        parts.append(_parts(footprint))
    (folder / "performance.md").write_text("\n".join(parts))
    _plot(rows, folder / "performance.png")


def verdict(reached: bool | None) -> str:
    return {True: "yes", False: "**no**", None: ""}[reached]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """In Markdown; all columns but the first are to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def overview_rows(rows: Sequence[Row], footprint: Footprint | None) -> list[list[str]]:
    """Work, measured, goal, whether it holds."""
    found = []
    for row in rows:
        if row.goal is not None:
            measured = f"{row.ratio(row.ours):.2f} of the floor"
            found.append([row.title, measured, f"≥ {row.goal}", verdict(row.reached)])
        elif row.latency_goal is not None:
            measured = f"{row.latency_ratio(row.ours):.2f} times the floor's p50"
            found.append([row.title, measured, f"≤ {row.latency_goal}", verdict(row.reached)])
        else:
            found.append([row.title, f"{row.ratio(row.ours):.2f} of the floor", "", ""])
        found += [["", note, "", ""] for note in row.notes]
    if footprint is not None:
        found += [[what, figure, goal, verdict(ok)] for what, figure, goal, ok in footprint.lines]
    return found


def _overview(rows: Sequence[Row], footprint: Footprint | None) -> str:
    return table(["work", "measured", "goal", "holds"], overview_rows(rows, footprint))


def details(row: Row) -> str:
    lines = [f"## {row.title[0].upper()}{row.title[1:]}\n"]
    head = ["side", "per second", "ratio", "p50 ms", "p95 ms", "CPU ms a unit", "resident MiB"]
    lines.append(table(head, [_side(row, name) for name in row.sides]))
    if row.losses:
        lines.append("What each would lose where processes are killed at any moment:\n")
        lines.append(_losses(row))
    return "\n".join(lines)


def _side(row: Row, name: str) -> list[str]:
    rates = row.rates(name)
    cpu, memory = row.cpu(name), row.memory(name)
    return [
        name,
        f"{row.median(name, 'rate'):.0f} ({min(rates):.0f}..{max(rates):.0f})",
        f"{row.ratio(name):.2f}",
        _milliseconds(row.median(name, "p50")),
        _milliseconds(row.median(name, "p95")),
        ", ".join(f"{each} {spent:.2f}" for each, spent in cpu.items()),
        ", ".join(f"{each} {size:.0f}" for each, size in memory.items()),
    ]


def _milliseconds(value: float) -> str:
    return "" if isnan(value) else f"{value:.1f}"


def _losses(row: Row) -> str:
    lines = ["| side | loses |", "| --- | --- |"]
    lines += [f"| {name} | {text} |" for name, text in row.losses.items()]
    return "\n".join(lines) + "\n"


def _parts(footprint: Footprint) -> str:
    rows = [
        [name, f"{footprint.memory[name]:.0f}", f"{footprint.cpu[name]:.2f}"]
        for name in sorted(footprint.memory, key=lambda each: -footprint.memory[each])
    ]
    head = ["program", "resident MiB", "% of a core"]
    return "## The local stack at rest\n\n" + table(head, rows)


def _plot(rows: Sequence[Row], file: Path) -> None:
    """A bar for each side that has a floor: throughput by the floor's, or the floor's p50 by it."""
    mpl.use("Agg")
    bars: list[tuple[str, float, float | None]] = []
    for row in rows:
        for name in (each for each in row.sides if each != row.floor):
            mine = name == row.ours
            label = row.title.partition(", ")[0] if mine else f"    {name}"
            if row.latency_goal is not None:
                bars.append(
                    (f"{row.title} (inverse)", 1 / row.latency_ratio(name), 1 / row.latency_goal)
                )
            else:
                bars.append((label, row.ratio(name), row.goal if mine else None))
    figure = Figure(figsize=(10, 0.5 * len(bars) + 1.2), layout="constrained")
    axes = figure.subplots()
    places = range(len(bars))[::-1]
    colours = ["#9aa5b1" if label.startswith(" ") else "#1f4e79" for label, _, _ in bars]
    axes.barh(places, [value for _, value, _ in bars], color=colours, height=0.6)
    for place, (_, value, goal) in zip(places, bars, strict=True):
        axes.text(value + 0.01, place, f"{value:.2f}", va="center", fontsize=9)
        if goal is not None:
            axes.plot([goal, goal], [place - 0.38, place + 0.38], color="#f2a900", linewidth=3)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_yticks(list(places), [label for label, _, _ in bars], fontsize=9)
    axes.set_xlabel("throughput by the floor's (1 = as fast as by hand; yellow: the goal)")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=110, metadata={"Software": None})


def machine() -> str:
    cores = len(os.sched_getaffinity(0))
    return (
        f"{cores} cores ({platform.machine()}), Python {platform.python_version()}, "
        + ", ".join(
            f"{name} {version(name)}" for name in ("fastapi", "motor", "aio-pika", "faststream")
        )
    )


def today() -> str:
    return datetime.now(UTC).date().isoformat()
