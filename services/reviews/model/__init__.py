"""The aggregates of reviews: pure state and rules."""

from services.reviews.model.pair import (
    AlreadyReviewed,
    NotReviewable,
    ReplyWindowOver,
    ReviewPair,
    WindowOver,
)
from services.reviews.model.rating import Mark, Rating, ranking_score
from services.reviews.model.review import (
    Decision,
    Marks,
    Reply,
    Report,
    ReportReason,
    Review,
    Side,
    Verdict,
)

__all__ = [
    "AlreadyReviewed",
    "Decision",
    "Mark",
    "Marks",
    "NotReviewable",
    "Rating",
    "Reply",
    "ReplyWindowOver",
    "Report",
    "ReportReason",
    "Review",
    "ReviewPair",
    "Side",
    "Verdict",
    "WindowOver",
    "ranking_score",
]
