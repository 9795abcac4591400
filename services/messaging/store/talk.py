"""Conversations, their messages, and what holds between two people."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from services.messaging.model import Acquaintance, Conversation, Evidence, Message, name_of
from shared.audit import Looks
from shared.contracts.audit import AUDITED, SNAPSHOTS
from shared.contracts.messaging import AcquaintanceSnapshot, ConversationSnapshot, MessageSnapshot
from shared.store import Index, Store
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
        Index((("tenant", 1), ("conversation_id", 1), ("number", 1))),
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

    async def behind(self, conversation_id: str, number: int, limit: int) -> list[Message]:
        """Everything behind a number, whoever can see it, in order."""
        where = {"conversation_id": conversation_id, "number": {"$gt": number}}
        return await self._find(where, sort=(("number", 1),), limit=limit)

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
    indexes = (Index((("tenant", 1), ("order", -1))),)

    async def newest(self, before: str | None, limit: int) -> list[Evidence]:
        """Of all reports, newest first."""
        where = {"order": {"$lt": before or TOP}}
        return await self._find(where, sort=(("order", -1),), limit=limit)


class LookStore(Looks):
    audited, snapshot = AUDITED["messaging"], SNAPSHOTS["messaging"]
