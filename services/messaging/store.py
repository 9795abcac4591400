"""The collections of messaging and their named look-ups."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.messaging.model import (
    Acquaintance,
    Conversation,
    Evidence,
    FeedEntry,
    Message,
    Ticket,
    name_of,
)
from shared.contracts.messaging import AcquaintanceSnapshot, ConversationSnapshot, MessageSnapshot
from shared.export import parts_store
from shared.kernel.errors import NotFound
from shared.privacy import answers_of
from shared.replicas import ARRIVAL
from shared.store import Index, Projection, Store
from shared.store.database import Document, driver_errors

SEARCHED = 200
"""Messages looked through at a time for the other words of a search."""

TOP = "~"
"""Behind every order text: lists begin here."""


class Conversations(Store[Conversation]):
    kind, collection, noun = Conversation, "conversations", "conversation"
    snapshot = ConversationSnapshot
    indexes = (
        Index((("tenant", 1), ("customer_id", 1), ("customer_order", -1))),
        Index((("tenant", 1), ("helper_id", 1), ("helper_order", -1))),
        Index((("tenant", 1), ("customer_id", 1), ("helper_id", 1))),
        Index((("tenant", 1), ("helper_id", 1))),
        Index((("tenant", 1), ("opened_by", 1), ("opened_at", -1))),
    )

    async def of(self, account: str, before: str | None, limit: int) -> list[Conversation]:
        """What this account can see on either side, last written first."""
        found = await asyncio.gather(
            *(
                self._find(
                    {f"{role}_id": account, f"{role}_order": {"$lt": before or TOP}},
                    sort=((f"{role}_order", -1),),
                    limit=limit,
                )
                for role in ("customer", "helper")
            )
        )
        everything = [conversation for side in found for conversation in side]
        everything.sort(key=lambda known: known.order_of(account) or "", reverse=True)
        return everything[:limit]

    async def all_of(self, account: str) -> list[Conversation]:
        """On either side, those too in which the account has nothing to see."""
        asked = ({f"{role}_id": account} for role in ("customer", "helper"))
        found = await asyncio.gather(*(self._find(where) for where in asked))
        return [conversation for side in found for conversation in side]

    async def between(self, customer_id: str, helper_id: str) -> list[Conversation]:
        """The pair's conversations on all topics."""
        return await self._find({"customer_id": customer_id, "helper_id": helper_id})

    async def openings(self, account: str, limit: int) -> list[datetime]:
        """When this account opened its latest conversations, newest first."""
        found = await self._find({"opened_by": account}, sort=(("opened_at", -1),), limit=limit)
        return [conversation.opened_at for conversation in found]


class Messages(Store[Message]):
    """A message has no ETag; the conversation has."""

    kind, collection, noun = Message, "messages", "message"
    snapshot = MessageSnapshot
    versioned = False
    indexes = (
        Index((("tenant", 1), ("conversation_id", 1), ("readers", 1), ("number", 1))),
        Index((("tenant", 1), ("conversation_id", 1), ("author", 1), ("client_message_id", 1))),
        Index((("tenant", 1), ("author", 1), ("sent_at", -1))),
        Index((("tenant", 1), ("memory.k", 1))),
        Index((("tenant", 1), ("found_by", 1), ("order", -1))),
    )

    async def with_words(
        self, reader: str, words: Sequence[str], before: str | None, limit: int
    ) -> list[Message]:
        """Messages that this reader can see with all of these words, newest first.

        The index gives those with the longest word, which is the rarest as a rule.
        """
        longest, *others = sorted((name_of(reader, word) for word in words), key=len, reverse=True)
        found: list[Message] = []
        while len(found) < limit:
            where = {"found_by": longest, "order": {"$lt": before or TOP}}
            page = await self._find(where, sort=(("order", -1),), limit=SEARCHED)
            found += [each for each in page if set(others) <= set(each.found_by)]
            if len(page) < SEARCHED:
                break
            before = page[-1].order
        return found[:limit]

    async def seen_before(
        self, reader: str, conversation_id: str, number: int, limit: int
    ) -> list[Message]:
        """The last ones this reader can see before a number, newest first."""
        where = {"conversation_id": conversation_id, "readers": reader, "number": {"$lt": number}}
        return await self._find(where, sort=(("number", -1),), limit=limit)

    async def seen_by(
        self, reader: str, conversation_id: str, after: int, limit: int
    ) -> list[Message]:
        """What this reader can see behind a number, in order."""
        where = {"conversation_id": conversation_id, "readers": reader, "number": {"$gt": after}}
        return await self._find(where, sort=(("number", 1),), limit=limit)

    async def seen_until(
        self, reader: str, conversation_id: str, number: int, limit: int
    ) -> list[Message]:
        """The last ones this reader can see up to a number, in order."""
        where = {"conversation_id": conversation_id, "readers": reader, "number": {"$lte": number}}
        return (await self._find(where, sort=(("number", -1),), limit=limit))[::-1]

    async def said(
        self, conversation_id: str, author: str, client_message_id: str
    ) -> Message | None:
        """The message an author has sent under this id."""
        where = {
            "conversation_id": conversation_id,
            "author": author,
            "client_message_id": client_message_id,
        }
        found = await self._find(where, limit=1)
        return found[0] if found else None

    async def times(self, author: str, limit: int) -> list[datetime]:
        """When this author sent the latest messages, newest first."""
        found = await self._find({"author": author}, sort=(("sent_at", -1),), limit=limit)
        return [message.sent_at for message in found]

    async def replay(self) -> None:
        """Raise Replay (or Invalid for another body) if this Idempotency-Key was used before.

        A repeated request may find another number free, so its answer is not found by the id.
        """
        if self._edge is None or self._edge.key is None:
            return
        with driver_errors():
            found = await self._documents.find_one(
                {"tenant": self.tenant, "memory.k": self._edge.key}
            )
        if found is not None:
            self._replay(found)


class Acquaintances(Store[Acquaintance]):
    """If-Match names the conversation's version and is checked there."""

    kind, collection, noun = Acquaintance, "acquaintances", "acquaintance"
    snapshot = AcquaintanceSnapshot
    versioned = False

    async def between(self, one: str, other: str) -> Acquaintance:
        """What is known of the two; nothing is written."""
        known = await self.find(Acquaintance.key(self.tenant, one, other))
        return known or Acquaintance.of(self.tenant, one, other)

    def _check_version(self, loaded: Document) -> None:
        return


class Evidences(Store[Evidence]):
    kind, collection, noun = Evidence, "evidence", "evidence"


class FeedEntries(Store[FeedEntry]):
    kind, collection, noun = FeedEntry, "feed_entries", "entry"
    acts = False
    versioned = False
    indexes = (
        Index((("tenant", 1), ("person_id", 1), ("number", -1))),
        Index((("tenant", 1), ("person_id", 1), ("about", 1))),
    )

    async def last_number(self, person: str) -> int:
        """0 while there is nothing; the last entry itself is never thrown away."""
        newest = (("number", -1),)
        found = await self._find({"person_id": person}, sort=newest, limit=1)
        return found[0].number if found else 0

    async def told(self, person: str, about: str) -> bool:
        return bool(await self._find({"person_id": person, "about": about}, limit=1))

    async def after(self, person: str, number: int, limit: int) -> list[FeedEntry]:
        """What follows this number, in order; limit 0: all."""
        where = {"person_id": person, "number": {"$gt": number}}
        return await self._find(where, sort=(("number", 1),), limit=limit)


class Tickets(Store[Ticket]):
    """The database throws them away soon after their minute is over."""

    kind, collection, noun = Ticket, "stream_tickets", "ticket"
    acts = False
    versioned = False
    indexes = (
        Index((("issued_at", 1),), expire_after=timedelta(minutes=5)),
        Index((("tenant", 1), ("person_id", 1))),
    )

    async def of(self, person: str) -> list[Ticket]:
        return await self._find({"person_id": person})


ACTIVE = ("booked", "confirmed", "en_route", "in_progress", "delivered", "disputed")
"""States of a job in which its parties still need each other."""


@dataclass(frozen=True)
class JobRow:
    """helper_id is None while nobody has taken the job."""

    id: str
    customer_id: str
    state: str
    helper_id: str | None = None


class JobRows(Projection[JobRow]):
    """The replica that tells who may talk about a job."""

    kind, collection, noun = JobRow, "job_replica", "job"
    indexes = (Index((("tenant", 1), ("customer_id", 1), ("helper_id", 1))),)

    async def active_between(self, one: str, other: str) -> list[str]:
        """The jobs of these two, whichever is the helper, that are booked and not over."""
        pairs = ((one, other), (other, one))
        found = await asyncio.gather(
            *(self._find({"customer_id": a, "helper_id": b}) for a, b in pairs)
        )
        return sorted(row.id for side in found for row in side if row.state in ACTIVE)

    async def of_party(self, id: str, account: str) -> JobRow:
        """The job, waited for up to a second. NotFound to anybody but its parties."""
        deadline = asyncio.get_running_loop().time() + ARRIVAL
        while True:
            row = await self.find(id)
            if row is not None and account in (row.customer_id, row.helper_id):
                return row
            if asyncio.get_running_loop().time() > deadline:
                raise NotFound("there is no such job")
            await asyncio.sleep(0.05)


@dataclass(frozen=True)
class HelperRow:
    id: str
    status: str


class HelperRows(Projection[HelperRow]):
    """The replica that tells who can be written to."""

    kind, collection, noun = HelperRow, "helper_replica", "helper"

    async def listed(self, id: str) -> HelperRow:
        """The helper, waited for up to a second. NotFound unless listed."""
        deadline = asyncio.get_running_loop().time() + ARRIVAL
        while True:
            row = await self.find(id)
            if row is not None and row.status == "listed":
                return row
            if asyncio.get_running_loop().time() > deadline:
                raise NotFound("there is no such helper")
            await asyncio.sleep(0.05)


Answers = answers_of("messaging")
Parts = parts_store("messaging")
