"""What lies in the databases when everything is at rest, service by service."""

from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any

from deploy.cli.services import queues, stores
from deploy.local.stack import Stack
from deploy.topology import SERVICES
from shared.contracts.base import Facts
from shared.rabbit import depths
from shared.rabbit.topology import parked_queue, retry_queue, suspect_queue
from shared.replicas import PLATFORM, People, TenantReplica
from shared.republish import publishing
from shared.store import Database, Projection, Store
from shared.store.codec import codec_for
from shared.store.outboxes import Outboxes
from tests.chaos.witness import Name

Rows = dict[str, dict[str, Any]]
"""Documents by id."""


@dataclass(frozen=True)
class Source:
    """An aggregate that publishes: how far it is and what is true of it now."""

    name: Name
    sequence: int
    facts: Facts


@dataclass(frozen=True)
class Sources:
    """Every service's database, to be read."""

    stack: Stack
    databases: dict[str, Database]

    @classmethod
    def of(cls, stack: Stack) -> "Sources":
        return cls(stack, {name: Database(stack.database_url, name) for name in SERVICES})

    def close(self) -> None:
        for database in self.databases.values():
            database.close()

    async def rows(self, service: str, collection: str) -> Rows:
        """Of all tenants, without the platform's own people."""
        ours = {"tenant": {"$ne": PLATFORM}}
        found = await self.databases[service].collection(collection).find(ours).to_list(None)
        return {document["_id"]: document for document in found}

    async def read(self, service: str, kind: type[Store[Any]]) -> dict[str, Any]:
        """A collection's aggregates, decoded, by id."""
        codec: Any = codec_for(kind.kind)
        rows = await self.rows(service, kind.collection)
        return {id: codec.decode(row) for id, row in rows.items()}

    async def publishers(self) -> list[Source]:
        """Every tenant's aggregates that have published an event."""
        found = []
        for service in SERVICES:
            for kind in publishing(stores(service)):
                rows = await self.rows(service, kind.collection)
                aggregates = await self.read(service, kind)
                assert kind.snapshot is not None, "publishing stores have one"
                found += [
                    Source(
                        (service, kind.snapshot.aggregate, id),
                        rows[id]["sequence"],
                        kind.facts_of(aggregate),
                    )
                    for id, aggregate in aggregates.items()
                    if rows[id]["sequence"]
                ]
        return found

    async def everything(self) -> dict[tuple[str, str], Rows]:
        """(service, collection) -> rows, of all that belongs to a tenant."""
        kinds = {(name, kind.collection) for name in SERVICES for kind in wired(name)}
        return {pair: await self.rows(*pair) for pair in sorted(kinds)}

    async def unpublished(self) -> list[str]:
        """Outboxes that are not empty, one line for each collection that has some."""
        found = []
        for service, database in self.databases.items():
            for kind in stores(service):
                if not issubclass(kind, Store):
                    continue
                number, since = await Outboxes(database, kind.collection).backlog()
                if number:
                    found.append(_backlog(service, kind.collection, number, since))
        return found

    async def undelivered(self) -> list[str]:
        """Queues that are not empty: work, retry, suspect and parked ones."""
        names = [name for service in SERVICES for name in queues(service)]
        forms = (str, retry_queue, parked_queue)
        wanted = [form(name) for name in names for form in forms]
        wanted += [suspect_queue(service) for service in SERVICES]
        told = await depths(self.stack.broker_url, wanted)
        return [f"{each.queue}: {each.ready}" for each in told if each.ready]


def wired(service: str) -> list[Any]:
    """The service's stores and projections, with the replicas that all have."""
    kinds = [kind for kind in stores(service) if issubclass(kind, Store | Projection)]
    return [*kinds, TenantReplica, People]


def settings_of(service: str) -> Any:
    return import_module(f"services.{service}.settings").Settings


def _backlog(service: str, collection: str, number: int, since: datetime | None) -> str:
    return f"{service}.{collection}: {number} since {since}"
