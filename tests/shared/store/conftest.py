"""A small aggregate on a real database, with a relay that a test can look into."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from shared.contracts.base import Event, Facts
from shared.kernel.aggregate import Aggregate
from shared.kernel.clock import utc_now
from shared.kernel.errors import Conflict, Unavailable
from shared.kernel.ids import new_id
from shared.outbox import Outbox
from shared.rabbit import Outgoing
from shared.scope import Scope
from shared.store import Database, Index, Projection, Store
from shared.store.outboxes import Outboxes
from tests.harness import forget
from tests.tenants import SWISSCOM, VODAFONE


class BoxFacts(Facts):
    colour: str


class BoxEvent(Event[BoxFacts], publisher="tests", aggregate="box", facts=BoxFacts):
    """Base of the box's events."""


class BoxPainted(BoxEvent): ...


class BoxBurnt(BoxEvent): ...


ASHES = BoxFacts(colour="")


class BoxSnapshot(BoxEvent): ...


@dataclass(kw_only=True)
class Box(Aggregate):
    colour: str = "red"
    note: str | None = None
    tags: list[str] = field(default_factory=list)

    def paint(self, colour: str) -> list[BoxEvent]:
        if colour == "forbidden":
            raise Conflict("not that one")
        self.colour = colour
        return [BoxPainted(self.facts())]

    def burn(self) -> list[BoxEvent]:
        if self.colour == "forbidden":
            raise Conflict("not that one")
        return [BoxBurnt(ASHES)]

    def facts(self) -> BoxFacts:
        return BoxFacts(colour=self.colour)

    def on_due(self, now: datetime) -> list[BoxEvent]:
        if self.colour == "broken":
            raise Conflict("cannot")
        if self.colour == "defect":
            raise KeyError("not foreseen")
        self.due_at = None
        return self.paint("due")


class BoxStore(Store[Box]):
    kind, collection, noun = Box, "boxes", "box"
    snapshot, remains = BoxSnapshot, ASHES
    indexes = (Index((("tenant", 1), ("colour", 1))),)

    async def of_colour(self, colour: str) -> list[Box]:
        return await self._find({"colour": colour}, sort=(("_id", 1),))


@dataclass(frozen=True)
class Row:
    id: str
    colour: str
    note: str | None = None


class Rows(Projection[Row]):
    kind, collection, noun = Row, "rows", "row"


class Wire:
    """Where the relay publishes: remembers, and refuses everything or some sequences if told to."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.up = True
        self.refused: set[int] = set()
        self.delay = 0.0

    async def publish(self, event: Outgoing) -> None:
        await asyncio.sleep(self.delay)
        if not self.up or event.sequence in self.refused:
            raise Unavailable("the wire is down")
        self.sent.append(event)

    def sequences(self, id: str) -> list[int]:
        return [event.sequence for event in self.sent if event.subject == id]


@dataclass
class Bench:
    """What the tests work with."""

    database: Database
    wire: Wire
    outbox: Outbox

    async def scope_of(self, slug: str) -> Scope | None:
        """As a ticker asks; nobody knows the tenant "gone"."""
        return None if slug == "gone" else self.scope()

    def scope(self, tenant: Any = VODAFONE) -> Scope:
        return Scope(tenant, utc_now(), self.database, self.outbox)

    @property
    def boxes(self) -> BoxStore:
        return self.scope().store(BoxStore)

    @property
    def foreign_boxes(self) -> BoxStore:
        return self.scope(SWISSCOM).store(BoxStore)

    def relay(self) -> Outbox:
        """Another process's relay on the same wire."""
        return Outbox(
            "tests",
            rows=lambda collection: Outboxes(self.database, collection),
            publish=self.wire.publish,
            connected=lambda: True,
        )

    async def raw(self, id: str) -> dict[str, Any]:
        document: dict[str, Any] = await self.database.collection("boxes").find_one({"_id": id})
        return document

    async def empty(self, id: str) -> bool:
        return "outbox" not in await self.raw(id)


async def eventually(look: Any, patience: float = 6.0) -> None:
    async with asyncio.timeout(patience):
        while not await look():
            await asyncio.sleep(0.02)


@pytest.fixture
async def bench(mongo_url: str) -> AsyncIterator[Bench]:
    database = Database(mongo_url, f"test_{new_id('db')}")
    wire = Wire()
    outbox = Outbox("tests", lambda _: Outboxes(database, "boxes"), wire.publish, lambda: True)
    bench = Bench(database, wire, outbox)
    await database.ensure_indexes("boxes", BoxStore.all_indexes())
    bench.outbox.start(["boxes"])
    yield bench
    await bench.outbox.stop()
    await forget(database)
    database.close()
