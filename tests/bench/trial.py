"""Two tiny services on the shared code: one changes parcels, the other keeps a row of each.

``python -m tests.bench.trial source`` or ``target``; the messages are as large as a job's.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import uvloop
from fastapi import FastAPI

from shared.contracts.base import Delivered, Event, Facts
from shared.kernel.aggregate import Aggregate
from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id
from shared.rabbit import Consumers, Outgoing
from shared.scope import Scope
from shared.service import Runtime, build_service
from shared.settings import Role, ServiceSettings, load
from shared.store import Projection, Store
from tests.bench.child import applied, begin, obey

SOURCE, TARGET = "bench_source", "bench_target"
QUEUE = f"{TARGET}.follow"
TENANT = "vodafone"
SHIPPED = "shipped"
TEXT = "The router stands in the hall, and in the bedroom the line breaks off. " * 8


class ParcelFacts(Facts):
    sender: str
    receiver: str
    status: str
    text: str
    stops: list[str]


class ParcelEvent(Event[ParcelFacts], publisher=SOURCE, aggregate="parcel", facts=ParcelFacts): ...


class ParcelShipped(ParcelEvent): ...


class ParcelSnapshot(ParcelEvent): ...


@dataclass(kw_only=True)
class Parcel(Aggregate):
    """One change tells one event."""

    sender: str
    receiver: str
    status: str
    text: str
    stops: list[str] = field(default_factory=list)

    def facts(self) -> ParcelFacts:
        return ParcelFacts(
            sender=self.sender,
            receiver=self.receiver,
            status=self.status,
            text=self.text,
            stops=self.stops,
        )

    def ship(self) -> list[ParcelEvent]:
        self.status, self.stops = SHIPPED, [*self.stops, "Berlin"]
        return [ParcelShipped(self.facts())]


class Parcels(Store[Parcel]):
    kind, collection, noun, snapshot = Parcel, "parcels", "parcel", ParcelSnapshot


@dataclass(frozen=True)
class Row:
    id: str
    sender: str
    receiver: str
    status: str
    text: str
    stops: list[str]


class Rows(Projection[Row]):
    kind, collection, noun = Row, "rows", "row"


def a_parcel(id: str) -> dict[str, Any]:
    """State and row as they are before a round."""
    return {
        "_id": id,
        "tenant": TENANT,
        "sequence": 1,
        "sender": "acc_01jz8v6s3nf6v9t3x5q4d8w2ab",
        "receiver": "acc_01jz8v6s3nf6v9t3x5q4d8w2cd",
        "status": "packed",
        "text": TEXT,
        "stops": ["Köln", "Hannover"],
    }


def consumers(note: Callable[[str], None]) -> Consumers:
    found = Consumers(TARGET)

    @found.on("follow", ParcelEvent)
    async def follow(delivered: Delivered[ParcelEvent], scope: Scope) -> None:
        facts = delivered.event.facts
        await scope.store(Rows).put(Row(delivered.subject, **dict(facts)), delivered)
        note(delivered.subject)

    return found


def source(settings: ServiceSettings) -> FastAPI:
    return build_service(
        SOURCE, settings, routers=[], consumers=Consumers(SOURCE), stores=[Parcels]
    )


def target(settings: ServiceSettings) -> FastAPI:
    return build_service(
        TARGET, settings, routers=[], consumers=consumers(applied()), stores=[Rows]
    )


def works(runtime: Runtime) -> dict[str, Any]:
    """ship: load, decide, save, and the relay does the rest. publish: the message alone."""

    async def ship(id: str) -> int:
        scope = await runtime.scope_of(TENANT)
        assert scope is not None
        await scope.store(Parcels).update(id, lambda parcel: parcel.ship())
        return time.monotonic_ns()

    async def publish(id: str) -> int:
        parcel = Parcel(id=id, **_state(id))
        await runtime.publisher.publish(
            Outgoing(
                id=new_id("evt"),
                tenant=TENANT,
                routing_key=ParcelShipped.routing_key,
                source=SOURCE,
                subject=id,
                sequence=1,
                time=utc_now(),
                body=parcel.facts().model_dump_json().encode(),
            )
        )
        return time.monotonic_ns()

    return {"ship": ship, "publish": publish}


def _state(id: str) -> dict[str, Any]:
    return {name: value for name, value in a_parcel(id).items() if name in ParcelFacts.model_fields}


async def main(role: str) -> None:
    settings = load(ServiceSettings)
    app = (source if role == "source" else target)(settings)
    runtime: Runtime = app.state.runtime
    async with app.router.lifespan_context(app):
        while not await _ready(runtime):
            await asyncio.sleep(0.05)
        await obey(works(runtime))


async def _ready(runtime: Runtime) -> bool:
    await runtime.tenants.fresh()
    there = runtime.publisher.connected and runtime.indexed and runtime.tenants.ready
    if runtime.settings.role is Role.API:
        return there
    return there and runtime.consuming is not None and runtime.consuming.healthy


if __name__ == "__main__":
    begin()
    with suppress(KeyboardInterrupt):
        uvloop.run(main(sys.argv[1]))
