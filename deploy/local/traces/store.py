"""Where spans are kept: one SQLite file that never grows beyond its limit."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deploy.local.traces.spans import Span

LIMIT = 64 * 1024 * 1024
"""Bytes of the file; the oldest traces go when it is reached."""

_GO_AT_ONCE = 10
"""The oldest trace in so many goes, so that this is not done for every span."""

_TABLES = """
CREATE TABLE IF NOT EXISTS spans (
    trace TEXT, id TEXT, parent TEXT, service TEXT, name TEXT, kind TEXT,
    start INTEGER, end INTEGER, error INTEGER, tenant TEXT, details TEXT,
    PRIMARY KEY (trace, id)
);
CREATE TABLE IF NOT EXISTS traces (
    trace TEXT PRIMARY KEY, start INTEGER, end INTEGER, spans INTEGER, errors INTEGER,
    tenant TEXT, root TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS traces_by_start ON traces (start);
CREATE TABLE IF NOT EXISTS services (
    service TEXT, trace TEXT, PRIMARY KEY (service, trace)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS services_by_trace ON services (trace);
"""

_ADD_SPAN = "INSERT OR IGNORE INTO spans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ADD_TRACE = """
INSERT INTO traces VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (trace) DO UPDATE SET
    start = min(start, excluded.start), end = max(end, excluded.end),
    spans = spans + excluded.spans, errors = errors + excluded.errors,
    tenant = CASE excluded.tenant WHEN '' THEN tenant ELSE excluded.tenant END,
    root = CASE excluded.root WHEN '' THEN root ELSE excluded.root END
"""

_FORGET = (
    "DELETE FROM spans WHERE trace = ?",
    "DELETE FROM services WHERE trace = ?",
    "DELETE FROM traces WHERE trace = ?",
)
_RECENT = """
SELECT t.*, (SELECT group_concat(service) FROM services WHERE trace = t.trace) FROM traces t
WHERE (:service IS NULL OR t.trace IN (SELECT trace FROM services WHERE service = :service))
    AND (:tenant IS NULL OR t.tenant = :tenant)
    AND (:text IS NULL OR instr(lower(t.root), lower(:text)) OR t.trace = :text)
    AND (NOT :failed OR t.errors > 0)
    AND (:least IS NULL OR t.end - t.start >= :least)
ORDER BY t.start DESC LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Summary:
    """One trace in a list; start is nanoseconds since 1970, root the name of its first span.

    root is empty while the root has not arrived (it is the last to end).
    """

    trace: str
    start: int
    milliseconds: float
    spans: int
    errors: int
    tenant: str
    root: str
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which traces are asked for; None and False: any."""

    service: str | None = None
    tenant: str | None = None
    text: str | None = None
    failed: bool = False
    at_least_ms: float | None = None
    limit: int = 100


class Spans:
    """The file at path, made when it is missing; ``:memory:`` keeps nothing on disk."""

    def __init__(self, path: Path | str, limit: int = LIMIT) -> None:
        self._limit = limit
        self._file = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # Nobody needs the last second of it after a power cut.
        self._file.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + _TABLES)

    def close(self) -> None:
        self._file.close()

    def add(self, spans: Iterable[Span]) -> int:
        """Keep them; one that is known already is left as it is. The number of new ones."""
        by_trace: defaultdict[str, list[Span]] = defaultdict(list)
        self._file.execute("BEGIN")
        try:
            for span in spans:
                if self._file.execute(_ADD_SPAN, span.row()).rowcount == 1:
                    by_trace[span.trace].append(span)
            for trace, new in by_trace.items():
                self._file.execute(_ADD_TRACE, _traits(trace, new))
                self._file.executemany(
                    "INSERT OR IGNORE INTO services VALUES (?, ?)",
                    [(service, trace) for service in {span.service for span in new}],
                )
            self._file.execute("COMMIT")
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        self._make_room()
        return sum(map(len, by_trace.values()))

    def trace(self, trace: str) -> list[Span]:
        """Its spans by start; empty when it is not known."""
        rows = self._file.execute("SELECT * FROM spans WHERE trace = ? ORDER BY start", (trace,))
        return [Span.of_row(row) for row in rows]

    def recent(self, wanted: Wanted) -> list[Summary]:
        """The latest first."""
        least = None if wanted.at_least_ms is None else int(wanted.at_least_ms * 1e6)
        found = self._file.execute(_RECENT, asdict(wanted) | {"least": least})
        return [
            Summary(
                trace=trace,
                start=start,
                milliseconds=(end - start) / 1e6,
                spans=spans,
                errors=errors,
                tenant=tenant,
                root=root,
                services=tuple(sorted((services or "").split(","))),
            )
            for trace, start, end, spans, errors, tenant, root, services in found
        ]

    def services(self) -> list[str]:
        """Everybody who sent a span that is still kept."""
        return [name for (name,) in self._file.execute("SELECT DISTINCT service FROM services")]

    def tenants(self) -> list[str]:
        found = self._file.execute("SELECT DISTINCT tenant FROM traces WHERE tenant > ''")
        return sorted(name for (name,) in found)

    def size(self) -> int:
        """Bytes in use, without room that deleted spans left in the file."""
        pages, free, of = (
            self._file.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * of)

    def _make_room(self) -> None:
        while self.size() > self._limit:
            count = self._file.execute("SELECT count(*) FROM traces").fetchone()[0]
            oldest = self._file.execute(
                "SELECT trace FROM traces ORDER BY start LIMIT ?", (max(1, count // _GO_AT_ONCE),)
            ).fetchall()
            if not oldest:
                return
            self._file.execute("BEGIN")
            for delete in _FORGET:
                self._file.executemany(delete, oldest)
            self._file.execute("COMMIT")


def _traits(trace: str, spans: list[Span]) -> tuple[Any, ...]:
    return (
        trace,
        min(span.start for span in spans),
        max(span.end for span in spans),
        len(spans),
        sum(span.error for span in spans),
        next((span.tenant for span in spans if span.tenant), ""),
        next((span.name for span in spans if not span.parent), ""),
    )
