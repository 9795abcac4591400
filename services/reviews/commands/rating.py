"""A helper's rating, computed once in effect."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from services.reviews.model import Mark, Rating, ReviewPair
from services.reviews.store import Ratings, ReviewPairs
from shared.contracts.reviews import RatingEvent
from shared.kernel.errors import Conflict

READINGS = 5
"""How often a rating is computed again when another writer was faster."""


@dataclass(frozen=True)
class RateHelper:
    helper_id: str


class RatedMeanwhile(Conflict):
    """Another process has computed this rating since we read the reviews."""

    code = "rated_meanwhile"


async def rate_helper(cmd: RateHelper, ratings: Ratings, pairs: ReviewPairs) -> None:
    """Compute the helper's rating from all published reviews.

    The rating's version is read before the reviews and must still hold when the result is
    written: whoever read fewer reviews than the rating already has cannot overwrite it.
    """
    rating = Rating(id=Rating.key(ratings.tenant, cmd.helper_id), helper_id=cmd.helper_id)
    await ratings.ensure(rating, [])
    for _ in range(READINGS):
        known = await ratings.get(rating.id)
        marks = [_mark_of(pair) for pair in await pairs.shown_of(cmd.helper_id)]
        means = await _means(marks, pairs)
        try:
            await ratings.update(
                rating.id, partial(_rate, version=known.version, marks=marks, means=means)
            )
        except RatedMeanwhile:
            continue
        return
    raise Conflict("this rating is changing too fast", code="busy")


def _rate(
    rating: Rating, *, version: int, marks: Sequence[Mark], means: dict[str, float]
) -> list[RatingEvent]:
    if rating.version != version:
        raise RatedMeanwhile("this rating was computed meanwhile")
    return rating.rate(marks, means)


def _mark_of(pair: ReviewPair) -> Mark:
    assert pair.mark is not None
    assert pair.published_at is not None
    return Mark(pair.category, pair.mark, pair.published_at)


async def _means(marks: Sequence[Mark], pairs: ReviewPairs) -> dict[str, float]:
    means = {category: await pairs.mean_in(category) for category in {m.category for m in marks}}
    return {category: mean for category, mean in means.items() if mean is not None}
