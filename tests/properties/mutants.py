"""The mistakes that the machine must find: each is the real thing with one care left out."""

import asyncio
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from shared.contracts.base import Delivered
from shared.outbox import Entry
from shared.rabbit import Outgoing
from shared.scope import Scope
from shared.store.aggregates import DECISIONS
from shared.store.database import Document, driver_errors
from shared.store.outboxes import Outboxes
from tests.properties.errands import ErrandRow, ErrandRows, ErrandStore, reward, row_of
from tests.properties.process import Parts, Publish


class Rows(ErrandRows):
    """Projection.put with its two guards named, so that each can be left out."""

    guarded = True
    looks_again = True

    async def put(self, row: ErrandRow, delivered: Delivered[Any]) -> bool:
        document = self._codec.encode(row) | {"sequence": delivered.sequence}
        where: Document = {"_id": document.pop("_id"), "tenant": self.tenant}
        older = where | {"sequence": {"$lt": delivered.sequence}} if self.guarded else where
        with driver_errors():
            if (await self._documents.update_one(older, {"$set": document})).matched_count:
                return True
            try:
                await self._documents.insert_one(where | document)
            except DuplicateKeyError:
                if not self.looks_again:
                    return False
                changed = await self._documents.update_one(older, {"$set": document})
                return bool(changed.matched_count)
        return True


class UnguardedRows(Rows):
    """Whatever came last is shown."""

    guarded = False


class HastyRows(Rows):
    """Who loses the race for the first row takes its own news for old."""

    looks_again = False


async def follow_unguarded(delivered: Delivered[Any], scope: Scope) -> None:
    await scope.store(UnguardedRows).put(row_of(delivered), delivered)
    await reward(delivered, scope)


async def follow_hastily(delivered: Delivered[Any], scope: Scope) -> None:
    await scope.store(HastyRows).put(row_of(delivered), delivered)
    await reward(delivered, scope)


async def follow_fresh_news_only(delivered: Delivered[Any], scope: Scope) -> None:
    if await scope.store(ErrandRows).put(row_of(delivered), delivered):
        await reward(delivered, scope)


def without_confirm(publish: Publish) -> Publish:
    """Sent and not waited for: the outbox is cleared before the broker has the message."""
    sending: set[asyncio.Task[None]] = set()

    async def quietly(message: Outgoing) -> None:
        await asyncio.gather(publish(message), return_exceptions=True)

    async def send(message: Outgoing) -> None:
        task = asyncio.ensure_future(quietly(message))
        sending.add(task)
        task.add_done_callback(sending.discard)

    return send


class BlindClearing(Outboxes):
    """Clears whatever is there by now."""

    async def clear(self, published: dict[str, int]) -> set[str]:
        empty = {"$unset": {"outbox": "", "outbox_since": ""}}
        with driver_errors():
            await self._documents.bulk_write([UpdateOne({"_id": id}, empty) for id in published])
        return set()


class WholesaleTrimming(Outboxes):
    """Drops everything, not only what was published."""

    async def trim(self, id: str, last: int) -> None:
        with driver_errors():
            empty = {"$unset": {"outbox": "", "outbox_since": ""}}
            await self._documents.update_one({"_id": id}, empty)


class UndatedTrimming(Outboxes):
    """Takes the date away with the events that were published, though others remain."""

    async def trim(self, id: str, last: int) -> None:
        published = {"$pull": {"outbox": {"sequence": {"$lte": last}}}}
        with driver_errors():
            await self._documents.update_one(
                {"_id": id}, published | {"$unset": {"outbox_since": ""}}
            )


class NewestFirst(Outboxes):
    """Reads an outbox from its end."""

    async def pending(self, id: str) -> list[Entry]:
        return (await super().pending(id))[::-1]


class NeverRereading(ErrandStore):
    """Hands over its own events even when others wait before them."""

    def _relay(self, loaded: Document, id: str, entries: list[Entry]) -> None:
        super()._relay({}, id, entries)


class Unversioned(ErrandStore):
    """Saves whatever it decided, although the errand has changed since."""

    async def _save(self, loaded: Document, aggregate: Any, events: Any) -> bool:
        sequence = aggregate.sequence
        for _ in range(DECISIONS):
            with driver_errors():
                current = await self._documents.find_one({"_id": aggregate.id}, {"version": 1})
            aggregate.version, aggregate.sequence = current["version"], sequence
            if await super()._save(loaded | current, aggregate, events):
                return True
        return False


MUTANTS: dict[str, tuple[Parts, str]] = {
    "guard off": (Parts(follow=follow_unguarded), "a projection never goes back"),
    "clear before confirm": (Parts(publish=without_confirm), "nothing is cleared"),
    "clear without sequence": (Parts(outboxes=BlindClearing), "nothing is cleared"),
    "effect of fresh news only": (
        Parts(follow=follow_fresh_news_only),
        "what is acknowledged had its effect",
    ),
    "trim everything": (Parts(outboxes=WholesaleTrimming), "nothing is cleared"),
    "ack before write": (Parts(acknowledges_first=True), "what is acknowledged is applied"),
    "trim the date": (Parts(outboxes=UndatedTrimming), "the sweeper sees every outbox"),
    "newest first": (Parts(outboxes=NewestFirst), "no event overtakes an earlier one"),
    "hand over what must wait": (Parts(errands=NeverRereading), "no event overtakes|nothing is c"),
    "write without version": (Parts(errands=Unversioned), "no writer undoes another|without a gap"),
    "first row without guard": (Parts(follow=follow_hastily), "what is acknowledged is applied"),
}
"""Name -> what is wrong, and the law that must be seen to break (a pattern)."""
