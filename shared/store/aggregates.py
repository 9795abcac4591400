"""Aggregates of one tenant: state and events in one document and one write."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, ClassVar, Self, TypeVar

from pymongo.errors import DuplicateKeyError

from shared import telemetry
from shared.contracts.audit import AccessFacts
from shared.contracts.base import Event, Facts
from shared.edge import Acting, Edge, Replay
from shared.kernel.aggregate import Aggregate
from shared.kernel.clock import utc_now
from shared.kernel.errors import Conflict, Invalid, Precondition, Unavailable
from shared.kernel.ids import is_id
from shared.outbox import Entry, Outbox, entries_for
from shared.scope import Scope
from shared.store.codec import Codec, codec_for
from shared.store.database import Database, Document, Index
from shared.store.lookups import DELETED, Buried, Lookups

A = TypeVar("A", bound=Aggregate)

Decide = Callable[[A], Sequence[Event[Any]] | None]

OUTBOX_LIMIT = 500
"""Unpublished events an aggregate may hold; one more is refused until the broker is back."""

DECISIONS = 5
"""How often a decision is taken again when another writer was faster."""

JITTER = 0.01
"""Seconds; losers of a race come back at different times."""

MEMORY = timedelta(hours=24)
"""How long the answer to an Idempotency-Key is kept."""

_KEPT = frozenset({"_id", "tenant", "version", "sequence", "outbox", "outbox_since"})
"""What a tombstone keeps of its document."""


class AlreadyExists(Conflict):
    """Something with this id is there already."""

    code = "already_exists"


class Store(Lookups[A]):
    """Loads, decides, checks the version and saves; the only way to change an aggregate.

    Subclasses name kind (the aggregate's dataclass), collection, noun (for messages) and
    indexes, and add named look-ups; versioned says whether answers show the version (ETag).
    Those whose aggregates publish name their snapshot, the event that repeats the facts, and, if
    an aggregate can be buried, remains: the facts of one that is no more, the same for all.
    Every filter and every insert carries the tenant. acts: a change that somebody made by their
    office is told to the audit log, by the same write; ``concerns`` says whose data it was.
    """

    kind: ClassVar[type[Any]]
    collection: ClassVar[str]
    noun: ClassVar[str]
    indexes: ClassVar[tuple[Index, ...]] = ()
    versioned: ClassVar[bool] = True
    snapshot: ClassVar[type[Event[Any]] | None] = None
    remains: ClassVar[Facts | None] = None
    acts: ClassVar[bool] = True
    _acting: Acting | None = None

    def __init__(
        self, database: Database, tenant: str, outbox: Outbox | None, edge: Edge | None = None
    ) -> None:
        self.tenant = tenant
        self._database = database
        self._documents = database.collection(self.collection)
        self._outbox = outbox
        self._edge = edge
        self._codec: Codec[A] = codec_for(self.kind)

    @classmethod
    def open(cls, scope: Scope, edge: Edge | None = None) -> Self:
        """This tenant's store; edge brings If-Match and Idempotency-Key of a request."""
        return cls.opened(scope.tenant.slug, scope, edge)

    @classmethod
    def opened(cls, slug: str, scope: Scope, edge: Edge | None = None) -> Self:
        """The store of that tenant: its own, or the one that is being administered."""
        store = cls(scope.database, slug, scope.outbox, edge)
        store._acting = scope.acting
        return store

    @classmethod
    def unrelayed(cls, database: Database, tenant: str) -> Self:
        """For background work on aggregates without events."""
        return cls(database, tenant, None)

    @classmethod
    def all_indexes(cls) -> tuple[Index, ...]:
        """The named look-ups', the relay's, and the ticker's for what has an ``on_due``."""
        relay = Index((("outbox_since", 1),), sparse=True)
        if hasattr(cls.kind, "on_due"):
            return (relay, Index((("due_at", 1),), sparse=True), *cls.indexes)
        return (relay, *cls.indexes)

    @classmethod
    def facts_of(cls, aggregate: Any) -> Facts:
        """What the aggregate's events tell of it; for republishing."""
        facts: Facts = aggregate.facts()
        return facts

    @classmethod
    def concerns(cls, aggregate: A) -> list[str]:
        """The account ids of those whose data this is."""
        return [aggregate.id] if is_id("acc", aggregate.id) else []

    async def create(self, aggregate: A, events: Sequence[Event[Any]]) -> A:
        """Insert. AlreadyExists when the id is taken; Replay when the same request made it."""
        events = self._with_act(aggregate, events)
        document = self._codec.encode(aggregate)
        entries = entries_for(aggregate.id, self.tenant, 0, events)
        aggregate.version, aggregate.sequence = 1, len(entries)
        document |= {"tenant": self.tenant, "version": 1, "sequence": len(entries)}
        if entries:
            document["outbox"] = [entry.document() for entry in entries]
            document["outbox_since"] = utc_now()
        if self._edge is not None and self._edge.key is not None:
            document["memory"] = [self._memory_of(self._edge, aggregate)]
        try:
            with self._database.write(self.collection, "insert", self.tenant):
                self._stamp_trace(document.get("outbox", ()), entries)
                await self._documents.insert_one(document)
        except DuplicateKeyError:
            with suppress(Buried):
                self._replay(await self._load(aggregate.id))
            raise AlreadyExists(f"this {self.noun} exists already") from None
        self._relay({}, aggregate.id, entries)
        return aggregate

    async def ensure(self, aggregate: A, events: Sequence[Event[Any]]) -> bool:
        """Create unless it is there: the inbox pattern for effects with a deterministic id."""
        try:
            await self.create(aggregate, events)
        except AlreadyExists:
            return False
        return True

    async def update(self, id: str, decide: Decide[A]) -> A:
        """Load, decide, save; decided again when another writer was faster.

        decide changes the aggregate and returns the events that happened. When it changes
        nothing, nothing is written. Raises NotFound, Precondition (If-Match), Replay, Conflict
        after five lost races, Unavailable when the outbox is full, and whatever decide raises.
        """
        return await self._decided(id, decide, self._save)

    async def redact(self, id: str, decide: Decide[A]) -> A:
        """As update, and what was answered to Idempotency-Keys is forgotten as well."""
        return await self._decided(id, decide, self._save_forgetting)

    async def forget(self, id: str, when: Callable[[A], bool] = lambda _: True) -> None:
        """Remove it without a trace, if it is there and as expected: for what publishes nothing."""
        if self.snapshot is not None:
            raise ValueError(f"others know of this {self.noun}: bury it")
        found = await self.find(id)
        if found is None or not when(found):
            return
        same = {"_id": id, "tenant": self.tenant, "version": found.version}
        with self._database.write(self.collection, "delete", self.tenant):
            await self._documents.delete_one(same)

    async def bury(self, id: str, decide: Decide[A]) -> None:
        """The aggregate's end: its state becomes a tombstone by the write that tells of it.

        decide returns the events that happened, of which the last has the facts that remain.
        Afterwards nothing is found under the id, and the id stays taken. Raises as update does,
        ValueError if a republish could not tell the end as decide did.
        """
        await self._decided(id, decide, self._bury)

    async def _decided(
        self,
        id: str,
        decide: Decide[A],
        save: Callable[[Document, A, Sequence[Event[Any]]], Awaitable[bool]],
    ) -> A:
        for attempt in range(DECISIONS):
            if attempt:
                await asyncio.sleep(random.uniform(0, JITTER * attempt))  # noqa: S311
            loaded = await self._load(id)
            self._replay(loaded)
            self._check_version(loaded)
            aggregate = self._codec.decode(loaded)
            events = decide(aggregate) or ()
            if await save(loaded, aggregate, events):
                return aggregate
            telemetry.VERSION_CONFLICTS.labels(self.collection).inc()
        raise Conflict(f"this {self.noun} is changing too fast, try again", code="busy")

    async def _save(self, loaded: Document, aggregate: A, events: Sequence[Event[Any]]) -> bool:
        change = self._change(loaded, aggregate)
        if not events and not change:
            return True
        events = self._with_act(aggregate, events)
        entries = entries_for(aggregate.id, self.tenant, aggregate.sequence, events)
        aggregate.version += 1
        aggregate.sequence += len(entries)
        if self._edge is not None and self._edge.key is not None:
            memory = self._remembered(loaded, self._edge, aggregate)
            change.setdefault("$set", {})["memory"] = memory
        return await self._write(loaded, change, entries)

    async def _save_forgetting(
        self, loaded: Document, aggregate: A, events: Sequence[Event[Any]]
    ) -> bool:
        change = self._change(loaded, aggregate)
        if "memory" in loaded:
            change.setdefault("$unset", {})["memory"] = ""
        if not events and not change:
            return True
        entries = entries_for(aggregate.id, self.tenant, loaded["sequence"], events)
        return await self._write(loaded, change, entries)

    async def _bury(self, loaded: Document, aggregate: A, events: Sequence[Event[Any]]) -> bool:
        if self.snapshot is not None and (not events or events[-1].facts != self.remains):
            raise ValueError(f"the last event of a {self.noun} must tell what remains of it")
        events = self._with_act(aggregate, events)
        entries = entries_for(aggregate.id, self.tenant, loaded["sequence"], events)
        deleted = entries[-1].time if entries else utc_now()
        state = {name: "" for name in loaded if name not in _KEPT}
        return await self._write(loaded, {"$set": {DELETED: deleted}, "$unset": state}, entries)

    def _with_act(self, aggregate: A, events: Sequence[Event[Any]]) -> Sequence[Event[Any]]:
        """And who did it, where somebody did it by their office; before the last words."""
        acting = self._acting
        if acting is None or not self.acts:
            return events
        act = AccessFacts(
            actor_id=acting.actor_id,
            role=acting.role,
            subject_ids=[each for each in self.concerns(aggregate) if each != acting.actor_id],
            kind=acting.kind,
            thing_id=aggregate.id,
            at=utc_now(),
            act=True,
        )
        return [acting.event(act), *events]

    async def _write(self, loaded: Document, change: Document, entries: list[Entry]) -> bool:
        """The one write of change and events; False when another writer was faster."""
        id, version = loaded["_id"], loaded["version"]
        values = change.setdefault("$set", {})
        values |= {"version": version + 1, "sequence": loaded["sequence"] + len(entries)}
        pending = [entry.document() for entry in entries]
        if pending:
            change["$push"] = {"outbox": {"$each": pending}}
            change["$min"] = {"outbox_since": utc_now()}
        last_place = f"outbox.{OUTBOX_LIMIT - len(pending)}"
        expected = {
            "_id": id,
            "tenant": self.tenant,
            "version": version,
            last_place: {"$exists": False},
        }
        with self._database.write(self.collection, "update", self.tenant):
            self._stamp_trace(pending, entries)
            result = await self._documents.update_one(expected, change)
        if not result.matched_count:
            if len(loaded.get("outbox", ())) + len(pending) > OUTBOX_LIMIT:
                raise Unavailable("too many unpublished events", code="outbox_full", retry_after=5)
            return False
        self._relay(loaded, id, entries)
        return True

    def _relay(self, loaded: Document, id: str, entries: list[Entry]) -> None:
        """To the relay at once; without one the sweeper of any process finds them."""
        if self._outbox is None or not entries:
            return
        if loaded.get("outbox"):
            self._outbox.wake(self.collection, id)
        else:
            self._outbox.hand_over(self.collection, id, entries)

    def _change(self, loaded: Document, aggregate: A) -> dict[str, Any]:
        """$set and $unset of the top-level fields that differ from what was loaded."""
        after = self._codec.encode(aggregate)
        changed = {key: item for key, item in after.items() if loaded.get(key) != item}
        gone = {key: "" for key in self._codec.fields if key in loaded and key not in after}
        gone.pop("id", None)
        change: dict[str, Any] = {}
        if changed:
            change["$set"] = changed
        if gone:
            change["$unset"] = gone
        return change

    @staticmethod
    def _stamp_trace(pending: Iterable[Document], entries: Sequence[Entry]) -> None:
        """The events' parent is the write that made them, known only inside its span."""
        traceparent = telemetry.current_traceparent()
        for document, entry in zip(pending, entries, strict=True):
            document["trace"] = entry.traceparent = traceparent

    def _check_version(self, loaded: Document) -> None:
        edge = self._edge
        if edge is None:
            return
        if edge.if_match is None:
            if edge.require_match:
                raise Precondition(
                    f"say in If-Match which version of this {self.noun} you saw",
                    code="precondition_required",
                )
            return
        if edge.if_match == loaded["version"]:
            return
        raise Precondition(f"this {self.noun} is at version {loaded['version']} by now")

    def _replay(self, loaded: Document) -> None:
        edge = self._edge
        if edge is None or edge.key is None:
            return
        for kept in loaded.get("memory", ()):
            if kept["k"] != edge.key:
                continue
            if kept["h"] != edge.body_hash:
                raise Invalid(
                    "this Idempotency-Key was used with another body",
                    parameter="Idempotency-Key",
                    code="idempotency_key_reused",
                )
            raise Replay(kept["s"], kept["b"].encode(), kept["v"])

    def _remembered(self, loaded: Document, edge: Edge, aggregate: A) -> list[Document]:
        oldest = edge.at - MEMORY
        kept = [item for item in loaded.get("memory", ()) if item["at"] > oldest]
        return [*kept, self._memory_of(edge, aggregate)]

    def _memory_of(self, edge: Edge, aggregate: A) -> Document:
        return {
            "k": edge.key,
            "h": edge.body_hash,
            "at": edge.at,
            "s": edge.status,
            "b": edge.answer(aggregate).decode(),
            "v": aggregate.version if self.versioned else None,
        }
