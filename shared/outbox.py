"""The relay: what a store wrote into its documents' outboxes goes to the broker, in order."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from shared import telemetry
from shared.contracts.base import Event
from shared.kernel.clock import utc_now
from shared.kernel.errors import Unavailable
from shared.kernel.ids import new_id
from shared.rabbit.envelope import Outgoing
from shared.tasks import end

log = structlog.get_logger()

Document = dict[str, Any]
Key = tuple[str, str]
"""Collection and aggregate id."""

SWEEP_EVERY = 1.0
"""Seconds between two looks for outboxes that nobody relays, and for QUIET looks after a find."""

QUIET = 10
CALM = 5
"""So many times longer is waited once that many looks have found nothing."""

OVERDUE = timedelta(seconds=2)
"""A fresh outbox is left to the process that wrote it for this long."""

SWEEP_BATCH = 200
_BREATH = 0.02
GATHER = 0.025
"""Seconds in which what is published gathers, to be cleared by one round trip and one sync."""

CLEAR_BATCH = 100
IN_FLIGHT = 64
"""Aggregates published at the same time."""

WAITING = 1_000
"""Aggregates held in memory at most, while a broker confirms slowly; more are left to the sweeper.
"""


@dataclass(slots=True)
class Entry:
    """One event in an outbox. body is the facts as JSON; time is the machine's."""

    id: str
    tenant: str
    subject: str
    sequence: int
    key: str
    time: datetime
    body: str
    traceparent: str | None = None

    def document(self) -> Document:
        """As it lies in the aggregate; tenant and subject are the aggregate's own."""
        return {
            "id": self.id,
            "sequence": self.sequence,
            "key": self.key,
            "time": self.time,
            "body": self.body,
            "trace": self.traceparent,
        }

    @classmethod
    def stored(cls, aggregate: str, tenant: str, document: Document) -> "Entry":
        return cls(
            id=document["id"],
            tenant=tenant,
            subject=aggregate,
            sequence=document["sequence"],
            key=document["key"],
            time=document["time"],
            body=document["body"],
            traceparent=document["trace"],
        )


def entries_for(
    subject: str, tenant: str, sequence: int, events: Sequence[Event[Any]]
) -> list[Entry]:
    """Number the events from sequence + 1 and freeze their facts."""
    now = utc_now()
    return [
        Entry(
            id=new_id("evt"),
            tenant=tenant,
            subject=subject,
            sequence=number,
            key=event.routing_key,
            time=now,
            body=event.facts.model_dump_json(),
        )
        for number, event in enumerate(events, sequence + 1)
    ]


class OutboxRows(Protocol):
    """The outboxes of one collection, over all tenants; implemented by shared.store."""

    async def pending(self, id: str) -> list[Entry]: ...

    async def clear(self, published: dict[str, int]) -> set[str]: ...

    async def trim(self, id: str, last: int) -> None: ...

    async def overdue(self, before: datetime, limit: int) -> list[tuple[str, datetime]]: ...

    async def backlog(self) -> tuple[int, datetime | None]: ...


@dataclass
class _Work:
    """An aggregate that is being relayed; again asks for one more look when it is done."""

    again: bool = False
    cleared: asyncio.Future[bool] | None = field(default=None)


class Outbox:
    """Publishes with confirmation, one aggregate's events in order, aggregates in parallel.

    Several relays on the same database are safe: copies repeat, and consumers do not mind.
    publish raises Unavailable when the broker did not confirm; the sweeper then tries again.
    """

    def __init__(
        self,
        service: str,
        rows: Callable[[str], OutboxRows],
        publish: Callable[[Outgoing], Awaitable[None]],
        connected: Callable[[], bool],
    ) -> None:
        self._service = service
        self._rows = rows
        self._publish = publish
        self._connected = connected
        self._collections: tuple[str, ...] = ()
        self._work: dict[Key, _Work] = {}
        self._published: dict[str, dict[str, int]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self._clear_now = asyncio.Event()
        self._sweep_now = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._closing = False

    def start(self, collections: Sequence[str]) -> None:
        """Relay these collections until stop; needs neither broker nor database to be up."""
        self._collections = tuple(collections)
        self._loops = [
            asyncio.create_task(self._clear_for_ever(), name="outbox-clear"),
            asyncio.create_task(self._sweep_for_ever(), name="outbox-sweep"),
        ]

    async def stop(self, patience: float = 5.0) -> None:
        """Finish what is in flight; what is not confirmed by then stays for the next process."""
        self._closing = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience)
        await end((*self._loops, *self._tasks))

    def hand_over(self, collection: str, id: str, entries: Sequence[Entry]) -> None:
        """Events just written to an outbox that was empty: publish without reading again."""
        if entries:
            self._take(collection, id, list(entries))

    def wake(self, collection: str, id: str) -> None:
        """Something is in this outbox; read it and publish."""
        self._take(collection, id, None)

    def sweep_soon(self) -> None:
        """Look for overdue outboxes at once, e.g. as the broker has come back."""
        self._sweep_now.set()

    def _take(self, collection: str, id: str, entries: list[Entry] | None) -> None:
        if self._closing or not self._loops or not self._connected():
            return
        key = (collection, id)
        if (running := self._work.get(key)) is not None:
            running.again = True
            return
        if len(self._work) >= WAITING:
            return
        self._work[key] = _Work()
        task = asyncio.create_task(self._relay(key, entries))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _relay(self, key: Key, entries: list[Entry] | None) -> None:
        collection, id = key
        work = self._work[key]
        try:
            while True:
                work.again = False
                if entries is None:
                    entries = await self._rows(collection).pending(id)
                if entries and not await self._publish_and_clear(key, work, entries):
                    work.again = True
                if not work.again:
                    return
                entries = None
        except Unavailable as error:
            log.info("outbox.waiting", collection=collection, aggregate=id, reason=error.detail)
        except Exception:
            # The sweeper tries again; a defect here must be seen, not lose the relay.
            log.exception("outbox.failed", collection=collection, aggregate=id)
        finally:
            del self._work[key]

    async def _publish_and_clear(self, key: Key, work: _Work, entries: list[Entry]) -> bool:
        """Publish in order, then clear; True when the outbox is empty afterwards."""
        collection, id = key
        async with self._slots:
            for entry in entries:
                await self._publish(self._outgoing(entry))
                telemetry.EVENTS_PUBLISHED.labels(entry.key).inc()
        work.cleared = asyncio.get_running_loop().create_future()
        self._published.setdefault(collection, {})[id] = entries[-1].sequence
        self._clear_now.set()
        if await work.cleared:
            return True
        await self._rows(collection).trim(id, entries[-1].sequence)
        return False

    def _outgoing(self, entry: Entry) -> Outgoing:
        return Outgoing(
            id=entry.id,
            tenant=entry.tenant,
            routing_key=entry.key,
            source=self._service,
            subject=entry.subject,
            sequence=entry.sequence,
            time=entry.time,
            body=entry.body.encode(),
            traceparent=entry.traceparent,
        )

    async def _clear_for_ever(self) -> None:
        """Clear in bulk: what is published while one gathers or runs goes into the next."""
        while True:
            await self._clear_now.wait()
            await asyncio.sleep(GATHER)
            self._clear_now.clear()
            for collection, published in list(self._published.items()):
                while published:
                    batch = {id: published.pop(id) for id in list(published)[:CLEAR_BATCH]}
                    await self._clear(collection, batch)

    async def _clear(self, collection: str, batch: dict[str, int]) -> None:
        outcome: set[str] | Exception
        try:
            outcome = await self._rows(collection).clear(batch)
        except Exception as error:
            # Whatever it is, those who wait for this batch must hear of it, and the loop go on.
            outcome = error
        for id in batch:
            work = self._work.get((collection, id))
            if work is None or work.cleared is None or work.cleared.done():
                continue
            if isinstance(outcome, Exception):
                work.cleared.set_exception(outcome)
            else:
                work.cleared.set_result(id not in outcome)

    async def _sweep_for_ever(self) -> None:
        in_vain = 0
        while True:
            more = False
            try:
                pending, more = await self._sweep()
                in_vain = 0 if pending else in_vain + 1
            except Unavailable:
                in_vain = 0
                log.info("outbox.sweep_postponed", reason="database away")
            except Exception:
                # A defect must be seen, and must not end the only way lost events are found.
                log.exception("outbox.sweep_failed")
            if more and self._tasks:
                # After a long outage: the next batch when this one is through.
                await asyncio.wait(self._tasks, timeout=SWEEP_EVERY)
                await asyncio.sleep(_BREATH)
                continue
            try:
                async with asyncio.timeout(SWEEP_EVERY * (CALM if in_vain > QUIET else 1)):
                    await self._sweep_now.wait()
            except TimeoutError:
                continue
            in_vain = 0
            self._sweep_now.clear()

    async def _sweep(self) -> tuple[int, bool]:
        """Relay what is overdue; how much it is, and whether it is more than one batch holds."""
        now, more = utc_now(), False
        pending, oldest = 0, now
        for collection in self._collections:
            rows = self._rows(collection)
            found = await rows.overdue(now - OVERDUE, SWEEP_BATCH)
            for id, since in found:
                oldest = min(oldest, since)
                self.wake(collection, id)
            full = len(found) == SWEEP_BATCH
            pending += (await rows.backlog())[0] if full else len(found)
            more = more or full
        telemetry.OUTBOX_PENDING.set(pending)
        telemetry.OUTBOX_OLDEST_AGE.set((now - oldest).total_seconds())
        return pending, more
