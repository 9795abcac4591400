"""What live streams tell, who may open one, and who wants e-mails besides."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

from services.messaging.model import FeedEntry, Follower, NoticeSetting, Ticket
from shared.store import Index, Store


class FeedEntries(Store[FeedEntry]):
    kind, collection, noun = FeedEntry, "feed_entries", "entry"
    acts = False
    versioned = False
    indexes = (
        Index((("tenant", 1), ("person_id", 1), ("number", -1))),
        Index((("tenant", 1), ("person_id", 1), ("about", 1))),
    )

    async def last_number(self, person: str, known: int = 0) -> int:
        """0 while there is nothing; the last entry itself is never thrown away.

        known is where it was once, so that only what lies behind is read: the embedded database
        reads a whole feed to find the last of it.
        """
        if known:
            behind = await self.after(person, known, 0)
            return behind[-1].number if behind else known
        newest = (("number", -1),)
        found = await self._find({"person_id": person}, sort=newest, limit=1)
        return found[0].number if found else 0

    async def told(self, person: str, about: str) -> bool:
        return bool(await self._find({"person_id": person, "about": about}, limit=1))

    async def after(self, person: str, number: int, limit: int) -> list[FeedEntry]:
        """What follows this number, in order; limit 0: all."""
        where = {"person_id": person, "number": {"$gt": number}}
        return await self._find(where, sort=(("number", 1),), limit=limit)


class Followers(Store[Follower]):
    kind, collection, noun = Follower, "followers", "follower"
    acts = False
    versioned = False

    async def among(self, people: Iterable[str]) -> set[str]:
        """Those of them who follow."""
        found = await asyncio.gather(*(self.find(each) for each in people))
        return {each.id for each in found if each is not None}


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


class NoticeSettings(Store[NoticeSetting]):
    kind, collection, noun = NoticeSetting, "notice_settings", "setting"
    versioned = False
