"""A helper's rating: a pure function of the customers' published reviews."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.contracts.reviews import RatingChanged, RatingEvent, RatingFacts
from shared.kernel.aggregate import Aggregate
from shared.kernel.ids import derived_id

CONFIDENCE = 10.0
"""C: how many reviews of average quality a newcomer is credited with."""

HALF_LIFE = timedelta(days=365)

PRIOR = 4.0
"""The mean where a tenant has no review in a category yet."""


@dataclass(frozen=True)
class Mark:
    """overall (1-5) of one published review by a customer."""

    category: str
    overall: int
    published_at: datetime


def ranking_score(marks: Sequence[Mark], means: Mapping[str, float]) -> float:
    """``(C*m + sum(w*r)) / (C + sum(w))`` with weights halving every HALF_LIFE.

    means holds the tenant's mean per category (PRIOR where missing); m is the mean of the
    categories the helper was reviewed in, weighted like the reviews. Ages are measured from the
    newest review, so that the same reviews always give the same score.
    """
    if not marks:
        return PRIOR
    newest = max(mark.published_at for mark in marks)
    weights = [0.5 ** ((newest - mark.published_at) / HALF_LIFE) for mark in marks]
    weighed = list(zip(weights, marks, strict=True))
    total = math.fsum(weights)
    expected = math.fsum(w * means.get(mark.category, PRIOR) for w, mark in weighed) / total
    given = math.fsum(w * mark.overall for w, mark in weighed)
    return (CONFIDENCE * expected + given) / (CONFIDENCE + total)


@dataclass(kw_only=True)
class Rating(Aggregate):
    """mean and count are what is shown, score what is ranked by; all from the same reviews."""

    helper_id: str
    mean: float | None = None
    count: int = 0
    score: float = PRIOR

    @staticmethod
    def key(tenant: str, helper_id: str) -> str:
        return derived_id("rating", tenant, helper_id)

    def rate(self, marks: Sequence[Mark], means: Mapping[str, float]) -> list[RatingEvent]:
        """Compute anew from all of the helper's reviews; nothing happens when nothing differs."""
        before = self.facts()
        self.count = len(marks)
        self.mean = math.fsum(mark.overall for mark in marks) / len(marks) if marks else None
        self.score = round(ranking_score(marks, means), 6)
        return [] if self.facts() == before else [RatingChanged(self.facts())]

    def facts(self) -> RatingFacts:
        return RatingFacts(
            helper_id=self.helper_id, mean=self.mean, count=self.count, score=self.score
        )
