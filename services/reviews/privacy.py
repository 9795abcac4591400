"""What reviews knows of a person, and how it forgets it."""

from services.reviews.store import ReviewPairs
from shared.privacy import PersonalData
from shared.scope import Scope


class ReviewsData(PersonalData):
    """Marks stay, as the other side's rating is made of them; every word goes."""

    async def erase(self, person_id: str, scope: Scope) -> None:
        pairs = scope.store(ReviewPairs)
        for pair in await pairs.all_of(person_id):
            await pairs.redact(pair.id, lambda each: each.silence(person_id))
