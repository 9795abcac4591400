"""The ticker: aggregates whose ``due_at`` has come are told so, each by a versioned write."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
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
"""Seconds from one look to the next, half of it after a find: with the batch below 50 due a second
are done within 2 s."""

LOOKED_UP = 1_000
"""Due aggregates that one look brings; when many are due, it is the looking that costs."""

BATCH = 100
AT_ONCE = 8
"""Writes on their way together: each waits for the database's disk."""

REST = 2.0
"""Of the time that a write took, while a backlog is worked off."""

POSTPONED = timedelta(minutes=5)
"""How long an aggregate that fails is left alone, so that it cannot starve the rest."""


class Ticker:
    """Calls ``on_due(now)`` of every due aggregate; many tickers at once are safe."""

    def __init__(
        self,
        database: Database,
        stores: Sequence[type[Store[Any]]],
        scope_of: Callable[[str], Scope | None],
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._stores = [store for store in stores if hasattr(store.kind, "on_due")]
        self._scope_of = scope_of
        self._now = now
        self._waiting: defaultdict[type[Store[Any]], list[Document]] = defaultdict(list)
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
        waiting = self._waiting[kind] or await self._look(kind)
        batch, self._waiting[kind] = waiting[:BATCH], waiting[BATCH:]
        # Of tenants that are not known here nothing is dealt with, and nobody must hurry for them.
        due = [each for each in batch if self._scope_of(each["tenant"]) is not None]
        (self._behind.add if len(due) == BATCH else self._behind.discard)(kind)
        step = 1 if gently else AT_ONCE
        for start in range(0, len(due), step):
            began = time.monotonic()
            await self._act_on(kind, due[start : start + step])
            if gently:
                await asyncio.sleep(REST * (time.monotonic() - began))
        return len(due)

    async def _act_on(self, kind: type[Store[Any]], due: Sequence[Document]) -> None:
        """All of these at once, at the time that it is now."""
        acts = []
        for each in due:
            scope = self._scope_of(each["tenant"])
            if scope is not None:
                late = (scope.now - each["due_at"]).total_seconds()
                telemetry.TIMER_LAG.labels(kind.collection).observe(late)
                acts.append(self._act(scope.store(kind), each["_id"], scope.now))
        for outcome in await asyncio.gather(*acts, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _look(self, kind: type[Store[Any]]) -> list[Document]:
        documents = self._database.collection(kind.collection)
        matching = documents.find({"due_at": {"$lte": self._now()}}, {"tenant": 1, "due_at": 1})
        with driver_errors():
            found: list[Document] = await matching.sort("due_at", 1).limit(LOOKED_UP).to_list(None)
        return found

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
