"""What must hold whenever a write or a message has landed, and when all has come to rest."""

from collections import defaultdict
from typing import Any

from shared.rabbit import Outgoing
from shared.store import Database
from tests.properties.errands import (
    ErrandEvent,
    ErrandFacts,
    ErrandRows,
    ErrandStore,
    RewardStore,
    rewards_of,
)
from tests.properties.network import Broker, Call

OUTBOX_LIMIT = 3
"""Events that an outbox may hold in these trials, so that it is full now and then."""

MOST_AT_ONCE = 2
"""Events of one command: an outbox with room for one takes both."""

Document = dict[str, Any]


class Broken(AssertionError):
    """The message begins with the law that did not hold."""


def law(holds: bool, name: str, *seen: Any) -> None:
    if not holds:
        raise Broken(f"{name}: {', '.join(map(repr, seen))}")


class Laws:
    """Looks at the database itself, past the network. tenant is this trial's own."""

    def __init__(self, database: Database, tenant: str) -> None:
        self._database = database
        self._tenant = tenant
        self._published: dict[str, set[int]] = defaultdict(set)
        self._steps: dict[str, list[int]] = {}
        self._done: dict[str, int | None] = {}
        self._shown: dict[str, int] = {}
        self.acknowledged: set[int] = set()
        self.refused: set[int] = set()

    async def after(self, call: Call, broker: Broker) -> None:
        """The laws that this call could have broken."""
        if call.name == "publish":
            self._published_in_order(broker.taken[-1])
        elif call.name == "ack" and broker.settled:
            await self._applied(broker.settled[-1])
        elif call.writes and call.place == ErrandRows.collection:
            await self._rows()
        elif call.writes:
            await self._sources(call.place)

    async def at_rest(self) -> None:
        """When nobody has anything left to do."""
        errands = await self._sources(ErrandStore.collection)
        rewards = await self._sources(RewardStore.collection)
        for document in (*errands, *rewards):
            outbox = document.get("outbox") or "outbox_since" in document
            law(not outbox, "outboxes are empty in the end", document)
            told = self._published[document["_id"]]
            law(told == _upto(document["sequence"]), "every event is published", told, document)
        rows = {row["_id"]: row["sequence"] for row in await self._rows()}
        sources = {each["_id"]: each["sequence"] for each in errands if each["sequence"]}
        law(rows == sources, "the projection is the source", rows, sources)
        due = {id for errand in errands if "done" in errand for id in rewards_of(errand["_id"])}
        law({each["_id"] for each in rewards} == due, "effects are those that are due", rewards)
        law(all(each["sequence"] == 1 for each in rewards), "an effect happens once", rewards)
        steps = [step for errand in errands for step in errand["steps"]]
        law(self.acknowledged <= set(steps), "what was acknowledged is kept", steps)
        law(not self.refused & set(steps), "what was refused left no trace", steps)
        law(len(steps) == len(set(steps)), "what was decided once happens once", steps)

    def _published_in_order(self, message: Outgoing) -> None:
        if message.routing_key.endswith("_snapshot.v1"):
            return
        published = self._published[message.subject]
        first = message.sequence - 1
        law(published >= _upto(first), "no event overtakes an earlier one", message, published)
        published.add(message.sequence)

    async def _applied(self, message: Outgoing) -> None:
        """Of a message that is acknowledged, so that it will not come again."""
        shown = self._shown.get(message.subject, 0)
        law(shown >= message.sequence, "what is acknowledged is applied", shown, message)
        if ErrandFacts.model_validate_json(message.body).done is not None:
            there = {reward["_id"] for reward in await self._all(RewardStore.collection)}
            due = rewards_of(message.subject)
            law(due <= there, "what is acknowledged had its effect", due, there)

    async def _sources(self, collection: str) -> list[Document]:
        documents = await self._all(collection)
        for document in documents:
            self._events_agree_with_state(document)
            if collection == ErrandStore.collection:
                self._nothing_decided_is_lost(document)
        return documents

    def _events_agree_with_state(self, document: Document) -> None:
        sequence, outbox = document["sequence"], document.get("outbox", [])
        numbers = [entry["sequence"] for entry in outbox]
        gone = sequence - len(outbox)
        suffix = list(range(gone + 1, sequence + 1))
        law(numbers == suffix, "an outbox holds the last events without a gap", document)
        published = self._published[document["_id"]]
        law(published >= _upto(gone), "nothing is cleared that the broker does not have", document)
        seen = not outbox or "outbox_since" in document
        law(seen, "the sweeper sees every outbox", document)
        law(len(outbox) < OUTBOX_LIMIT + MOST_AT_ONCE, "an outbox is bounded", document)

    def _nothing_decided_is_lost(self, document: Document) -> None:
        id, steps = document["_id"], document["steps"]
        law(document["sequence"] == len(steps), "each event has one number", document)
        before = self._steps.get(id, [])
        law(steps[: len(before)] == before, "no writer undoes another", before, document)
        self._steps[id], self._done[id] = steps, document.get("done")
        for entry in document.get("outbox", []):
            facts = ErrandFacts.model_validate_json(entry["body"])
            right = self._facts(id, entry["sequence"])
            law(facts == right, "an event tells the truth of its moment", entry, right)

    async def _rows(self) -> list[Document]:
        rows = await self._all(ErrandRows.collection)
        for row in rows:
            id, sequence = row["_id"], row["sequence"]
            shown = self._shown.get(id, 0)
            law(sequence >= shown, "a projection never goes back", shown, row)
            self._shown[id] = sequence
            facts = ErrandFacts(steps=tuple(row["steps"]), done=row.get("done"))
            right = self._facts(id, sequence)
            law(facts == right, "a projection shows the facts of its sequence", row, right)
        return rows

    def _facts(self, id: str, sequence: int) -> ErrandFacts:
        """What the events up to this one say, by the source itself."""
        steps, done = tuple(self._steps[id][:sequence]), self._done[id]
        return ErrandFacts(steps=steps, done=done if done in steps else None)

    async def _all(self, collection: str) -> list[Document]:
        found = self._database.collection(collection).find({"tenant": self._tenant})
        documents: list[Document] = await found.to_list(None)
        return documents


def _upto(sequence: int) -> set[int]:
    return set(range(1, sequence + 1))


BOUND = f"{ErrandEvent.publisher}.{ErrandEvent.aggregate}_"
"""Routing keys of what the consumers listen to."""
