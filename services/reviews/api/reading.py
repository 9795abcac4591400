"""Routes that show published reviews: to everybody, and to a job's parties."""

from starlette.responses import Response

from services.reviews import views
from services.reviews.model import ReviewPair
from services.reviews.store import HelperRows, JobRows, ReviewPairs
from shared.http import PERSON, PUBLIC, CallDep, PagingDep, Router, page_response
from shared.http.fields import Page
from shared.kernel.errors import NotFound
from shared.replicas import People

router = Router()


@router.get(
    "/v1/helpers/{helper_id}/reviews",
    operation_id="reviews_list_reviews",
    response_model=Page[views.PublicReviewView],
    openapi_extra=PUBLIC,
)
async def list_reviews(helper_id: str, call: CallDep, paging: PagingDep) -> Response:
    """Customers' reviews of a helper, newest first."""
    await call.store(HelperRows).public(helper_id)
    before = paging.after[0] if paging.after else None
    pairs = await call.store(ReviewPairs).shown_of(helper_id, before, paging.limit + 1)
    shown = pairs[: paging.limit]
    names = await views.names_of((pair.customer_id for pair in shown), call.store(People))
    next = [shown[-1].shown_order] if len(pairs) > paging.limit else None
    return page_response(paging, [views.public_view(pair, names) for pair in shown], next)


@router.get(
    "/v1/jobs/{job_id}/reviews",
    operation_id="reviews_list_job_reviews",
    response_model=Page[views.JobReviewView],
    openapi_extra=PERSON,
)
async def list_job_reviews(job_id: str, call: CallDep, paging: PagingDep) -> Response:
    """Both reviews of the caller's job after the reveal; at most two, so there is one page."""
    job = await call.store(JobRows).find(job_id)
    if job is None or call.person.id not in (job.customer_id, job.helper_id):
        raise NotFound("there is no such job")
    pairs = call.store(ReviewPairs)
    pair = await pairs.find(ReviewPair.key(pairs.tenant, job_id))
    if pair is None:
        return page_response(paging, [], None)
    names = await views.names_of((pair.customer_id, pair.helper_id), call.store(People))
    found = views.job_views(pair, names)
    begin = paging.after[0] if paging.after else 0
    end = begin + paging.limit
    return page_response(paging, found[begin:end], [end] if end < len(found) else None)
