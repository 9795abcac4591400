"""The ticker: aggregates whose ``due_at`` has come are told so, each by a versioned write."""

import asyncio
import time
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from shared import telemetry
from shared.kernel.errors import NotFound, Refusal, Unavailable
from shared.scope import Scope
from shared.store import Database, Store
from shared.store.database import Document, driver_errors

log = structlog.get_logger()

TICK = 1.0
"""Seconds from one round to the next, half of it after a find: with the batch below 50 due a second
are done within 2 s."""

AHEAD = timedelta(seconds=5)
"""A look also brings what falls due until then, and is not repeated before, unless this process
writes to the collection. So rest costs little; only what another process sets for sooner than this
may be so much late."""

LOOKED_UP = 1_000
"""Aggregates that one look brings; when many are due, it is the looking that costs."""

BATCH = 100
AT_ONCE = 8
"""Writes on their way together: each waits for the database's disk."""

REST = 3.0
"""Of the time that a write took, while a backlog is worked off."""

POSTPONED = timedelta(minutes=5)
"""How long an aggregate that fails is left alone, so that it cannot starve the rest."""


@dataclass(slots=True)
class _Seen:
    """What a look found and is not dealt with yet, oldest first: all that falls due from since on
    and before until, if no more than so many writes had ended."""

    since: datetime
    until: datetime
    writes: int
    waiting: list[Document]

    def is_stale(self, now: datetime, writes: int) -> bool:
        return not self.since <= now < self.until or writes != self.writes

    def take_due(self, now: datetime) -> list[Document]:
        """A batch of what is due is taken out."""
        number = min(BATCH, bisect_right(self.waiting, now, key=_due_at))
        batch, self.waiting = self.waiting[:number], self.waiting[number:]
        return batch


def _due_at(found: Document) -> datetime:
    due: datetime = found["due_at"]
    return due


class Ticker:
    """Calls ``on_due(now)`` of every due aggregate; many tickers at once are safe."""

    def __init__(
        self,
        database: Database,
        stores: Sequence[type[Store[Any]]],
        scope_of: Callable[[str], Awaitable[Scope | None]],
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._stores = [store for store in stores if hasattr(store.kind, "on_due")]
        self._scope_of = scope_of
        self._now = now
        self._seen: dict[type[Store[Any]], _Seen] = {}
        self._behind: set[type[Store[Any]]] = set()
        for store in self._stores:
            # Told as zero from the beginning: a series that begins with one has not increased, and
            # the first failure would alarm nobody.
            telemetry.TIMERS_FAILED.labels(store.collection)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began, done, behind = loop.time(), 0, False
            for store in self._stores:
                try:
                    number = await self.work_off(store)
                except Unavailable:
                    log.info("timers.waiting", collection=store.collection)
                    continue
                done, behind = done + number, behind or number == BATCH
            if not behind:
                pause = TICK / 2 if done else TICK
                await asyncio.sleep(max(0.0, began + pause - loop.time()))

    async def work_off(self, kind: type[Store[Any]]) -> int:
        """One batch of due aggregates of this kind, oldest first; how many it dealt with.

        Behind a full batch it is one at a time, with a rest after each: a backlog must not take
        from requests what they need.
        """
        gently = kind in self._behind
        batch = await self._take_due(kind)
        # Of tenants that are not known here nothing is dealt with, and nobody must hurry for them.
        due = [each for each in batch if await self._scope_of(each["tenant"]) is not None]
        (self._behind.add if len(due) == BATCH else self._behind.discard)(kind)
        step = 1 if gently else AT_ONCE
        for start in range(0, len(due), step):
            began = time.monotonic()
            try:
                await self._act_on(kind, due[start : start + step])
            except Unavailable:
                # The rest of the batch is found again by the next look.
                del self._seen[kind]
                raise
            if gently:
                await asyncio.sleep(REST * (time.monotonic() - began))
        return len(due)

    async def _take_due(self, kind: type[Store[Any]]) -> list[Document]:
        """Of what was seen while it is true, or a backlog not worked off; else of another look."""
        now, seen = self._now(), self._seen.get(kind)
        writes = self._database.writes[kind.collection]
        if seen is not None:
            fresh = not seen.is_stale(now, writes)
            if fresh or kind in self._behind:
                batch = seen.take_due(now)
                if batch or fresh:
                    return batch
        seen = self._seen[kind] = await self._look(kind, now, writes)
        return seen.take_due(now)

    async def _act_on(self, kind: type[Store[Any]], due: Sequence[Document]) -> None:
        """All of these at once, at the time that it is now."""
        acts = []
        for each in due:
            scope = await self._scope_of(each["tenant"])
            if scope is not None:
                late = (scope.now - each["due_at"]).total_seconds()
                telemetry.TIMER_LAG.labels(kind.collection).observe(late)
                acts.append(self._act(scope.store(kind), each["_id"], scope.now))
        for outcome in await asyncio.gather(*acts, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _look(self, kind: type[Store[Any]], now: datetime, writes: int) -> _Seen:
        documents = self._database.collection(kind.collection)
        until = now + AHEAD
        matching = documents.find({"due_at": {"$lt": until}}, {"tenant": 1, "due_at": 1})
        with driver_errors():
            found: list[Document] = await matching.sort("due_at", 1).limit(LOOKED_UP).to_list(None)
        if len(found) == LOOKED_UP:
            until = found[-1]["due_at"]
        return _Seen(now, until, writes, found)

    async def _act(self, store: Store[Any], id: str, now: datetime) -> None:
        try:
            await store.update(id, lambda aggregate: _act_if_due(aggregate, now))
        except NotFound:
            return
        except Unavailable:
            raise
        except Refusal as error:
            log.warning("timers.failed", collection=store.collection, id=id, error=error.detail)
            await self._postpone(store, id, now)
            return
        except Exception:
            # A defect, or a document of another release: seen in the log, and no end of the rest.
            log.exception("timers.failed", collection=store.collection, id=id)
            await self._postpone(store, id, now)
            return
        telemetry.TIMERS_FIRED.labels(store.collection).inc()

    async def _postpone(self, store: Store[Any], id: str, now: datetime) -> None:
        """Without reading the aggregate, as that may be what failed."""
        telemetry.TIMERS_FAILED.labels(store.collection).inc()
        due = {"_id": id, "tenant": store.tenant, "due_at": {"$lte": now}}
        change = {"$set": {"due_at": now + POSTPONED}, "$inc": {"version": 1}}
        with driver_errors():
            await self._database.collection(store.collection).update_one(due, change)


def _act_if_due(aggregate: Any, now: datetime) -> Any:
    """Another ticker may have been faster; then there is nothing left to do."""
    if aggregate.due_at is None or aggregate.due_at > now:
        return None
    return aggregate.on_due(now)
