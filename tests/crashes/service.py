"""A small service that publishes and hears itself, and what a client asks of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.contracts.base import Delivered, Event, Facts
from shared.edge import Edge, Replay
from shared.kernel.aggregate import Aggregate
from shared.kernel.clock import utc_now
from shared.kernel.errors import Conflict, Invalid
from shared.rabbit import Consumers
from shared.scope import Scope
from shared.store import AlreadyExists, Buried, Projection, Store
from tests.tenants import VODAFONE

SERVICE = "crashes"
QUEUE = f"{SERVICE}.follow"

PLAIN, BUSY, LATE, GONE = "plain", "busy", "late", "gone"
BUMPY = "bumpy"
"""Refused by the consumer at first sight, for a reason that passes."""
POISON = "poison"
"""Refused by the consumer for ever."""

HISTORY = {
    PLAIN: ["made", "changed"],
    BUSY: ["made", "changed"],
    LATE: ["made", "due"],
    BUMPY: ["made"],
    POISON: ["made"],
}
"""What each thing but the one that is gone has gone through in the end: once each."""


class ThingFacts(Facts):
    steps: list[str]


class ThingEvent(Event[ThingFacts], publisher=SERVICE, aggregate="thing", facts=ThingFacts): ...


class ThingChanged(ThingEvent): ...


class ThingEnded(ThingEvent): ...


class ThingSnapshot(ThingEvent): ...


ENDED = ThingFacts(steps=[])


@dataclass(kw_only=True)
class Thing(Aggregate):
    """Every change adds one step and tells one event."""

    steps: list[str] = field(default_factory=list)

    def take(self, step: str) -> list[ThingEvent]:
        self.steps.append(step)
        return [ThingChanged(ThingFacts(steps=list(self.steps)))]

    def on_due(self, now: datetime) -> list[ThingEvent]:
        del now
        self.due_at = None
        return self.take("due")


class Things(Store[Thing]):
    kind, collection, noun = Thing, "things", "thing"
    snapshot, remains = ThingSnapshot, ENDED


@dataclass(frozen=True)
class Row:
    id: str
    steps: list[str]


class Rows(Projection[Row]):
    kind, collection, noun = Row, "rows", "row"


class BadgeFacts(Facts):
    thing: str


class BadgeEvent(Event[BadgeFacts], publisher=SERVICE, aggregate="badge", facts=BadgeFacts): ...


class BadgeGiven(BadgeEvent): ...


@dataclass(kw_only=True)
class Badge(Aggregate):
    """The effect: a thing that was made gets one, and keeps it."""


class Badges(Store[Badge]):
    kind, collection, noun = Badge, "badges", "badge"


def badge_of(thing: str) -> str:
    return f"badge|{thing}"


consumers = Consumers(SERVICE)
_refused: set[str] = set()


@consumers.on("follow", ThingEvent)
async def follow(delivered: Delivered[ThingEvent], scope: Scope) -> None:
    thing, facts = delivered.subject, delivered.event.facts
    if thing == POISON:
        raise Invalid("never")
    if thing == BUMPY and thing not in _refused:
        _refused.add(thing)
        raise Conflict("not now")
    if facts == ENDED:
        await scope.store(Rows).bury(thing, delivered)
        return
    await scope.store(Rows).put(Row(thing, facts.steps), delivered)
    badge = Badge(id=badge_of(thing))
    await scope.store(Badges).ensure(badge, [BadgeGiven(BadgeFacts(thing=thing))])


class Client:
    """Asks for everything once; for what was not answered, again and with the same key."""

    def __init__(self, scope: Callable[[], Scope]) -> None:
        self._scope = scope
        self.busy_changed = asyncio.Event()

    async def ask(self) -> None:
        for thing in (PLAIN, BUMPY, POISON, GONE):
            await self._make(thing)
        await self._make(LATE, due_at=utc_now() - timedelta(hours=1))
        await self._make(BUSY)
        await self._change(BUSY)
        self.busy_changed.set()
        # The rows first: what then comes replaces them.
        await self._heard_of(PLAIN)
        await self._change(PLAIN)
        await self._heard_of(GONE)
        await self._bury(GONE)

    async def _make(self, id: str, due_at: datetime | None = None) -> None:
        thing = Thing(id=id, due_at=due_at)
        await _answered(self._things(f"make {id}").create(thing, thing.take("made")))

    async def _change(self, id: str) -> None:
        things = self._things(f"change {id}")
        await _answered(things.update(id, lambda thing: thing.take("changed")))

    async def _bury(self, id: str) -> None:
        await _answered(self._things(f"bury {id}").bury(id, lambda _: [ThingEnded(ENDED)]))

    def _things(self, key: str) -> Things:
        edge = Edge(None, False, key, "same", utc_now(), lambda thing: thing.id.encode(), 200)
        return Things.open(self._scope(), edge)

    async def _heard_of(self, thing: str) -> None:
        rows = self._scope().database.collection(Rows.collection)
        while await rows.find_one({"_id": thing}) is None:
            await asyncio.sleep(0.02)


async def _answered(change: Awaitable[Any]) -> None:
    """Now, or by the process before."""
    try:
        await change
    except (Replay, AlreadyExists, Buried):
        return


def scope_of(slug: str, database: Any, outbox: Any) -> Scope | None:
    return Scope(VODAFONE, utc_now(), database, outbox) if slug == VODAFONE.slug else None
