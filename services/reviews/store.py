"""The collections of reviews and their named look-ups."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from services.reviews.model import Rating, ReviewPair, Side
from shared.contracts.reviews import RatingSnapshot, ReviewPairSnapshot
from shared.export import parts_store
from shared.kernel.errors import NotFound, Precondition
from shared.privacy import answers_of
from shared.replicas import ARRIVAL
from shared.store import Index, Projection, Store
from shared.store.database import Document, driver_errors

TOP = "~"
"""Behind every order text: lists begin here."""


class ReviewPairs(Store[ReviewPair]):
    """A pair has no ETag: its version would tell whether the other side has written."""

    kind, collection, noun = ReviewPair, "review_pairs", "review"
    snapshot = ReviewPairSnapshot
    versioned = False
    indexes = (
        Index((("tenant", 1), ("awaiting", 1), ("order", -1))),
        Index((("tenant", 1), ("review_ids", 1))),
        Index((("tenant", 1), ("helper_id", 1), ("shown_order", -1))),
        Index((("tenant", 1), ("category", 1), ("mark", 1))),
        Index((("tenant", 1), ("customer_id", 1), ("order", -1))),
        Index((("tenant", 1), ("helper_id", 1), ("order", -1))),
        Index((("tenant", 1), ("customer_report_order", -1))),
        Index((("tenant", 1), ("helper_report_order", -1))),
    )

    @classmethod
    def concerns(cls, aggregate: ReviewPair) -> list[str]:
        return [aggregate.customer_id, aggregate.helper_id]

    async def awaiting(self, account: str, before: str | None, limit: int) -> list[ReviewPair]:
        """Pairs in which this account may still write, newest first."""
        where = {"awaiting": account, "order": {"$lt": before or TOP}}
        return await self._find(where, sort=(("order", -1),), limit=limit)

    async def with_review(self, review_id: str) -> ReviewPair:
        """The pair one of whose two reviews has this id, written or not."""
        found = await self._find({"review_ids": review_id}, limit=1)
        if not found:
            raise NotFound("there is no such review")
        return found[0]

    async def shown_of(
        self, helper_id: str, before: str | None = None, limit: int = 0
    ) -> list[ReviewPair]:
        """Pairs whose review by the customer is public, newest first; limit 0: all."""
        where = {"helper_id": helper_id, "shown_order": {"$lt": before or TOP}}
        return await self._find(where, sort=(("shown_order", -1),), limit=limit)

    async def reported(self, side: Side, before: str | None, limit: int) -> list[ReviewPair]:
        """Pairs whose review by this side waits for moderation, newest report first."""
        name = f"{side}_report_order"
        return await self._find({name: {"$lt": before or TOP}}, sort=((name, -1),), limit=limit)

    async def all_of(self, account: str) -> list[ReviewPair]:
        """Pairs of which the account is either side."""
        asked = ({f"{side}_id": account, "order": {"$lt": TOP}} for side in Side)
        newest = (("order", -1),)
        found = await asyncio.gather(*(self._find(where, sort=newest) for where in asked))
        return [pair for side in found for pair in side]

    async def mean_in(self, category: str) -> float | None:
        """The tenant's mean of customers' public marks; counted, so that it cannot drift."""
        marks = range(1, 6)
        with driver_errors():
            counts = await asyncio.gather(*(self._count(category, mark) for mark in marks))
        total = sum(counts)
        weighed = sum(mark * count for mark, count in zip(marks, counts, strict=True))
        return weighed / total if total else None

    async def _count(self, category: str, mark: int) -> int:
        where = {"tenant": self.tenant, "category": category, "mark": mark}
        number: int = await self._documents.count_documents(where)
        return number

    def _check_version(self, loaded: Document) -> None:
        if self._edge is not None and self._edge.if_match is not None:
            raise Precondition("reviews have no version")


class Ratings(Store[Rating]):
    kind, collection, noun = Rating, "ratings", "rating"
    snapshot = RatingSnapshot


@dataclass(frozen=True)
class JobRow:
    """Who the two sides of a job are; helper_id is None while nobody has taken it."""

    id: str
    customer_id: str
    helper_id: str | None = None


class JobRows(Projection[JobRow]):
    """The replica that tells a party of an unfinished job from a stranger."""

    kind, collection, noun = JobRow, "job_replica", "job"


@dataclass(frozen=True)
class HelperRow:
    id: str
    status: str
    listed_at: datetime | None = None


class HelperRows(Projection[HelperRow]):
    """The replica that tells a helper without reviews from nobody."""

    kind, collection, noun = HelperRow, "helper_replica", "helper"

    async def public(self, id: str) -> HelperRow:
        """A helper who is or was listed, waited for up to a second. NotFound otherwise."""
        deadline = asyncio.get_running_loop().time() + ARRIVAL
        while True:
            row = await self.find(id)
            if row is not None and row.listed_at is not None and row.status != "suspended":
                return row
            if asyncio.get_running_loop().time() > deadline:
                raise NotFound("there is no such helper")
            await asyncio.sleep(0.05)


Answers = answers_of("reviews")
Parts = parts_store("reviews")
