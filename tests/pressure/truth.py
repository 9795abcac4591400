"""What must hold once calm is back: everything acknowledged is there, every replica is true."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pymongo import MongoClient

from deploy.local.stack import SERVICES
from shared.rabbit import depths
from tests.pressure.load import Ledger

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STORES = {
    "identity": ("accounts", "tenants"),
    "profiles": ("helpers", "documents"),
    "jobs": ("jobs", "calendars", "receipts"),
    "messaging": ("conversations", "messages", "acquaintances"),
    "reviews": ("review_pairs", "ratings"),
}
"""The collections whose documents hold outboxes."""

Collection = tuple[str, str]
"""Service and collection."""


@dataclass(frozen=True)
class Replica:
    """A copy of a source: the same newest event, and these fields the same as there."""

    source: Collection
    copy: Collection
    fields: tuple[str, ...] = ()


REPLICAS = (
    *(
        Replica(("identity", "accounts"), (name, "people"), ("display_name", "status"))
        for name in SERVICES
    ),
    *(Replica(("identity", "tenants"), (name, "tenant_replica")) for name in SERVICES),
    Replica(("profiles", "helpers"), ("jobs", "helpers"), ("status",)),
    Replica(("profiles", "helpers"), ("messaging", "helper_replica"), ("status",)),
    Replica(("profiles", "helpers"), ("reviews", "helper_replica"), ("status",)),
    Replica(("jobs", "jobs"), ("messaging", "job_replica"), ("customer_id", "helper_id", "state")),
    Replica(("jobs", "cases"), ("messaging", "case_replica"), ("job_id", "state")),
    Replica(("jobs", "jobs"), ("reviews", "job_replica"), ("customer_id", "helper_id")),
)


class Parked(NamedTuple):
    """What it is about, why it is there, and since when (a Unix time)."""

    subject: str
    reason: str
    since: float


@dataclass
class Truth:
    """Looks into the databases and at the queues. excused: jobs that reviews need not know."""

    mongo_url: str
    broker_url: str
    queues: list[str]
    excused: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._client: MongoClient[dict[str, Any]] = MongoClient(
            self.mongo_url, tz_aware=True, serverSelectionTimeoutMS=2000
        )

    def close(self) -> None:
        self._client.close()

    async def settled(self, patience: float) -> float:
        """Seconds until every outbox and queue is empty and every replica is its source."""
        began = time.monotonic()
        while True:
            wrong = await self.wrong()
            spent = time.monotonic() - began
            if not wrong:
                return spent
            assert spent < patience, f"after {spent:.0f} s still: {wrong[:5]}"
            await asyncio.sleep(0.2)

    async def wrong(self) -> list[str]:
        """What is not yet as it must be; a cheap look first."""
        waiting = await asyncio.to_thread(self._unpublished)
        found = [f"{count} unpublished in {name}" for name, count in waiting.items() if count]
        found += [f"{count} in {name}" for name, count in (await self.queued()).items()]
        return found or await asyncio.to_thread(self._differences)

    async def unpublished(self) -> int:
        """Aggregates with events in their outbox."""
        return sum((await asyncio.to_thread(self._unpublished)).values())

    async def queued(self) -> dict[str, int]:
        """Messages that wait, by queue; queues that are empty are left out."""
        found = await depths(self.broker_url, self.queues)
        return {depth.queue: depth.ready for depth in found if depth.ready}

    async def parked(self) -> dict[str, list[Parked]]:
        """By service: what it keeps as parked."""
        return await asyncio.to_thread(self._parked)

    async def missing(self, ledger: Ledger) -> list[str]:
        """Acknowledged commands whose effect is not in its source."""
        return await asyncio.to_thread(self._missing, ledger)

    def _unpublished(self) -> dict[str, int]:
        return {
            f"{service}.{name}": self._client[service][name].count_documents(
                {"outbox_since": {"$gt": _EPOCH}}
            )
            for service, names in _STORES.items()
            for name in names
        }

    def _parked(self) -> dict[str, list[Parked]]:
        found: dict[str, list[Parked]] = {}
        for service in SERVICES:
            for document in self._client[service]["parked"].find({}, {"body": 0}):
                since = document["parked_at"].timestamp()
                parked = Parked(document["subject"], document["reason"], since)
                found.setdefault(service, []).append(parked)
        return found

    def _missing(self, ledger: Ledger) -> list[str]:
        jobs = {job["_id"]: job for job in self._all(("jobs", "jobs"), "state", "customer_id")}
        messages = {
            each["_id"]: each for each in self._all(("messaging", "messages"), "client_message_id")
        }
        wrong = [
            f"job {id} was acknowledged to {customer}"
            for id, customer in ledger.requested.items()
            if jobs.get(id, {}).get("customer_id") != customer
        ]
        wrong += [
            f"job {id} is not withdrawn"
            for id in ledger.withdrawn
            if jobs.get(id, {}).get("state") != "withdrawn"
        ]
        wrong += [
            f"message {id} is lost or another"
            for id, own in ledger.written.items()
            if messages.get(id, {}).get("client_message_id") != own
        ]
        return wrong

    def _differences(self) -> list[str]:
        wrong = [line for replica in REPLICAS for line in self._compared(replica)]
        return wrong + self._heads()

    def _compared(self, replica: Replica) -> list[str]:
        fields = (*replica.fields, "sequence", "tenant")
        # Without an event nobody can have heard of it.
        source = {each["_id"]: each for each in self._all(replica.source, *fields)}
        source = {id: each for id, each in source.items() if each["sequence"]}
        copy = {each["_id"]: each for each in self._all(replica.copy, *fields)}
        if replica.copy[0] == "reviews":
            source = {id: each for id, each in source.items() if id not in self.excused}
            copy = {id: each for id, each in copy.items() if id not in self.excused}
        name = ".".join(replica.copy)
        return [
            f"{name} {id}: {copy.get(id)} is not {source.get(id)}"
            for id in source.keys() | copy.keys()
            if copy.get(id) != source.get(id)
        ]

    def _heads(self) -> list[str]:
        """A conversation's last number is that of its last message, without gaps before it."""
        numbers: dict[str, list[int]] = {}
        for message in self._all(("messaging", "messages"), "conversation_id", "number"):
            numbers.setdefault(message["conversation_id"], []).append(message["number"])
        return [
            f"conversation {head['_id']}: {head['last_number']} is not {numbers.get(head['_id'])}"
            for head in self._all(("messaging", "conversations"), "last_number")
            if sorted(numbers.get(head["_id"], [])) != [*range(1, head["last_number"] + 1)]
        ]

    def _all(self, of: Collection, *fields: str) -> list[dict[str, Any]]:
        service, name = of
        return list(self._client[service][name].find({}, dict.fromkeys(fields, 1)))
