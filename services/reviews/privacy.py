"""What reviews knows of a person, and how it forgets it."""

from dataclasses import replace

from services.reviews.model import Review
from services.reviews.store import ReviewPairs
from services.reviews.views import job_views, names_of
from shared.export import Exported
from shared.privacy import PersonalData
from shared.replicas import People
from shared.scope import Scope


class ReviewsData(PersonalData):
    """Marks stay, as the other side's rating is made of them; every word goes."""

    async def export(self, person_id: str, scope: Scope) -> Exported:
        """One's own review, sealed or not, and what was published about one."""
        reviews = []
        for pair in await scope.store(ReviewPairs).all_of(person_id):
            mine = pair.side_of(person_id)
            names = await names_of((pair.customer_id, pair.helper_id), scope.store(People))
            reviews.append(
                {
                    "job_id": pair.job_id,
                    "written": _own(pair.review_by(mine), person_id),
                    "published": job_views(pair, names),
                }
            )
        return Exported({"reviews": reviews})

    async def erase(self, person_id: str, scope: Scope) -> None:
        pairs = scope.store(ReviewPairs)
        for pair in await pairs.all_of(person_id):
            await pairs.redact(pair.id, lambda each: each.silence(person_id))


def _own(review: Review | None, person_id: str) -> Review | None:
    """Without the other side's words to support."""
    if review is None or review.appeal is None or review.appeal.by == person_id:
        return review
    return replace(review, appeal=replace(review.appeal, text=""))
