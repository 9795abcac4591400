"""How hits are ranked: the published weights, and a helper's own place in a search."""

from starlette.responses import Response

from services.profiles.api.search import CircleDep
from services.profiles.model.search import Search
from services.profiles.store import HelperStore
from services.profiles.views.ranking import (
    OwnRankingView,
    RankingView,
    own_ranking_view,
    ranking_view,
)
from services.profiles.views.search import find_hits
from shared.http import PERSON, PUBLIC, CallDep, Router, answer

router = Router()


@router.get(
    "/v1/ranking",
    operation_id="profiles_get_ranking",
    response_model=RankingView,
    openapi_extra=PUBLIC,
)
async def get_ranking(call: CallDep) -> Response:
    return answer(call, ranking_view())


@router.get(
    "/v1/helpers/me/ranking",
    operation_id="profiles_get_own_ranking",
    response_model=OwnRankingView,
    openapi_extra=PERSON,
)
async def get_own_ranking(call: CallDep, circle: CircleDep) -> Response:
    """One's own place in the search that customers would make there, in the default order."""
    helper = await call.store(HelperStore).get(call.person.id)
    search = Search(near=circle.near, radius_m=circle.radius_m, skill=circle.skill)
    hits = await find_hits(search, call)
    return answer(call, own_ranking_view(helper, search, hits, circle.place))
