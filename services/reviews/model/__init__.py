"""The aggregates of reviews: pure state and rules."""

from services.reviews.model.errors import (
    AlreadyReviewed,
    NotReviewable,
    ReplyWindowOver,
    WindowOver,
)
from services.reviews.model.pair import ReviewPair
from services.reviews.model.rating import Mark, Rating, ranking_score
from services.reviews.model.review import (
    APPEAL_WINDOW,
    Appeal,
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
    "APPEAL_WINDOW",
    "AlreadyReviewed",
    "Appeal",
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
