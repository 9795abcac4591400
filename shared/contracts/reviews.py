"""Published by reviews: what became public about a job, and the rating it adds up to."""

from datetime import datetime

from shared.contracts.base import Event, Facts


class ReviewPairFacts(Facts):
    """Both reviews of one job. The event's subject is the pair's id.

    Nothing here tells, before published_at, whether either side has written.
    """

    job_id: str
    customer_id: str
    helper_id: str
    category: str
    invited_at: datetime
    due_at: datetime
    published_at: datetime | None = None
    customer_overall: int | None = None
    helper_overall: int | None = None
    removed: bool = False


class ReviewPairEvent(
    Event[ReviewPairFacts], publisher="reviews", aggregate="review_pair", facts=ReviewPairFacts
):
    """Base of the review pair's events."""


class ReviewInvited(ReviewPairEvent): ...


class ReviewPublished(ReviewPairEvent): ...


class ReviewRemoved(ReviewPairEvent):
    """By its author or by moderation."""


class ReviewRestored(ReviewPairEvent):
    """An appeal against its removal was right."""


class ReviewPairSnapshot(ReviewPairEvent): ...


class RatingFacts(Facts):
    """A helper's rating. The event's subject is the rating's id, one per helper.

    mean and count are of the published reviews by customers; score is the ranking's value:
    Bayesian with half-life, between 1 and 5.
    """

    helper_id: str
    mean: float | None
    count: int
    score: float


class RatingEvent(Event[RatingFacts], publisher="reviews", aggregate="rating", facts=RatingFacts):
    """Base of the rating's events."""


class RatingChanged(RatingEvent): ...


class RatingSnapshot(RatingEvent): ...
