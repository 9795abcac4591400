"""A trace's spans in the order of a waterfall: each below what caused it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from deploy.local.traces.spans import Span


@dataclass(frozen=True, slots=True)
class Row:
    """left and width are per cent of the whole trace; cause is the parent where it ran elsewhere.

    orphan: its parent is not known, though it has one.
    """

    span: Span
    depth: int
    left: float
    width: float
    cause: Span | None
    orphan: bool


def rows(spans: list[Span]) -> list[Row]:
    """Parents first, siblings by start; whatever has no known parent begins anew at the left."""
    if not spans:
        return []
    known = {span.id: span for span in spans}
    below: defaultdict[str, list[Span]] = defaultdict(list)
    for span in sorted(spans, key=lambda each: (each.start, each.id)):
        below[span.parent if span.parent in known and span.parent != span.id else ""].append(span)
    begin = min(span.start for span in spans)
    whole = max(max(span.end for span in spans) - begin, 1)
    found = [
        _row(span, depth, known, begin, whole) for span, depth in _in_order(below, list(below[""]))
    ]
    # Spans that name each other as parents are below nobody, and shown all the same.
    shown = {row.span.id for row in found}
    circling = [span for span in spans if span.id not in shown]
    return found + [_row(span, 0, {}, begin, whole) for span in circling]


def _in_order(below: dict[str, list[Span]], tops: list[Span]) -> Iterator[tuple[Span, int]]:
    waiting = [(span, 0) for span in reversed(tops)]
    while waiting:
        span, depth = waiting.pop()
        yield span, depth
        waiting += [(each, depth + 1) for each in reversed(below.get(span.id, []))]


def _row(span: Span, depth: int, known: dict[str, Span], begin: int, whole: int) -> Row:
    parent = known.get(span.parent)
    return Row(
        span=span,
        depth=depth,
        left=100 * (span.start - begin) / whole,
        width=100 * (span.end - span.start) / whole,
        cause=parent if parent is not None and parent.service != span.service else None,
        orphan=bool(span.parent) and parent is None,
    )
