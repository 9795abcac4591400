"""How identity shows a wish to be forgotten."""

from services.identity.model.erasure import Erasure
from shared.http.fields import Instant, View


class MatterView(View):
    """Something that has to end first: kind is job or claim."""

    kind: str
    id: str


class ErasureView(View):
    """state: checking, waiting (for waiting_for), leaving, erasing, finished or withdrawn."""

    state: str
    asked_at: Instant
    deadline_at: Instant
    waiting_for: list[MatterView]


def erasure_view(erasure: Erasure) -> ErasureView:
    named = [each.partition(":") for each in erasure.open_matters]
    return ErasureView(
        state=erasure.state,
        asked_at=erasure.asked_at,
        deadline_at=erasure.deadline_at,
        waiting_for=[MatterView(kind=kind, id=id) for kind, _, id in named],
    )
