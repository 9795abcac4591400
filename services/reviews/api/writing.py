"""Routes of the two parties: invitations, writing, replying, reporting."""

from typing import Annotated, Literal

from pydantic import Field
from starlette.responses import Response

from services.reviews import commands, views
from services.reviews.model import Marks, ReportReason, ReviewPair
from services.reviews.store import JobRows, ReviewPairs
from shared.http import PERSON, CallDep, PagingDep, Router, answer, page_response
from shared.http.fields import Body, Line, Page, Text
from shared.replicas import People

router = Router()

MarkIn = Annotated[int, Field(strict=True, ge=1, le=5)]


class ReviewBody(Body):
    """Marks from 1 (worst) to 5 (best); text is optional."""

    job_id: Annotated[str, Line(1, 64)]
    overall: MarkIn
    communication: MarkIn
    punctuality: MarkIn
    quality: MarkIn
    price_as_agreed: MarkIn
    text: Annotated[str, Text(0, 2000)] | None = None


class ReplyBody(Body):
    text: Annotated[str, Text(1, 1000)]


ReportReasonIn = Literal[
    "harassment",
    "discrimination",
    "scam",
    "off_platform_payment",
    "personal_data",
    "safety",
    "untrue",
    "other",
]


class AppealBody(Body):
    text: Annotated[str, Text(1, 1000)]


class ReportBody(Body):
    reason: ReportReasonIn
    text: Annotated[str, Text(0, 1000)] | None = None


@router.get(
    "/v1/me/review-invitations",
    operation_id="reviews_list_invitations",
    response_model=Page[views.InvitationView],
    openapi_extra=PERSON,
)
async def list_invitations(call: CallDep, paging: PagingDep) -> Response:
    """Jobs the caller may still review, newest first."""
    me = call.person.id
    before = paging.after[0] if paging.after else None
    pairs = await call.store(ReviewPairs).awaiting(me, before, paging.limit + 1)
    shown = pairs[: paging.limit]
    accounts = [pair.account_of(pair.side_of(me).other) for pair in shown]
    names = await views.names_of(accounts, call.store(People))
    # The timer may be a moment late; an invitation that is over is none.
    current = [pair for pair in shown if pair.window_ends > call.now]
    next = [shown[-1].order] if len(pairs) > paging.limit else None
    invitations = [views.invitation_view(pair, me, names) for pair in current]
    return page_response(paging, invitations, next)


@router.post(
    "/v1/reviews",
    operation_id="reviews_write_review",
    status_code=201,
    response_model=views.WrittenView,
    openapi_extra=PERSON,
)
async def write_review(body: ReviewBody, call: CallDep) -> Response:
    """Review a delivered job; both reviews stay sealed until both are written or time is over."""
    me = call.person.id
    command = commands.WriteReview(
        job_id=body.job_id,
        marks=Marks(
            overall=body.overall,
            communication=body.communication,
            punctuality=body.punctuality,
            quality=body.quality,
            price_as_agreed=body.price_as_agreed,
        ),
        text=body.text or None,
        author=me,
    )
    pairs = call.answering(ReviewPairs, lambda pair: views.written_view(pair, me))
    pair = await commands.write_review(command, pairs, call.store(JobRows), call.now)
    return answer(call, views.written_view(pair, me))


@router.post(
    "/v1/reviews/{review_id}/reply",
    operation_id="reviews_reply_to_review",
    response_model=views.JobReviewView,
    openapi_extra=PERSON,
)
async def reply_to_review(review_id: str, body: ReplyBody, call: CallDep) -> Response:
    """The reviewed side's one answer, within 30 days."""
    names = await _names(review_id, call)
    pairs = call.answering(ReviewPairs, lambda pair: _view(pair, review_id, names))
    command = commands.ReplyToReview(review_id, body.text, call.person.id)
    pair = await commands.reply_to_review(command, pairs, call.now)
    return answer(call, _view(pair, review_id, names))


@router.post(
    "/v1/reviews/{review_id}/report",
    operation_id="reviews_report_review",
    response_model=views.JobReviewView,
    openapi_extra=PERSON,
)
async def report_review(review_id: str, body: ReportBody, call: CallDep) -> Response:
    """The reviewed side asks for moderation; once is enough."""
    names = await _names(review_id, call)
    pairs = call.answering(ReviewPairs, lambda pair: _view(pair, review_id, names))
    command = commands.ReportReview(
        review_id, ReportReason(body.reason), body.text or None, call.person.id
    )
    pair = await commands.report_review(command, pairs, call.now)
    return answer(call, _view(pair, review_id, names))


@router.post(
    "/v1/reviews/{review_id}/appeal",
    operation_id="reviews_appeal_decision",
    response_model=views.JobReviewView,
    openapi_extra=PERSON,
)
async def appeal_decision(review_id: str, body: AppealBody, call: CallDep) -> Response:
    """Against moderation's decision, within six months: its author, or who reported in vain."""
    names = await _names(review_id, call)
    pairs = call.answering(ReviewPairs, lambda pair: views.any_job_view(pair, review_id, names))
    command = commands.AppealDecision(review_id, body.text, call.person.id)
    pair = await commands.appeal_decision(command, pairs, call.now)
    return answer(call, views.any_job_view(pair, review_id, names))


@router.delete(
    "/v1/reviews/{review_id}",
    operation_id="reviews_withdraw_review",
    status_code=204,
    response_class=Response,
    openapi_extra=PERSON,
)
async def withdraw_review(review_id: str, call: CallDep) -> Response:
    """Take one's own published review back, for good."""
    command = commands.WithdrawReview(review_id, call.person.id)
    await commands.withdraw_review(command, call.store(ReviewPairs), call.now)
    return Response(status_code=204)


async def _names(review_id: str, call: CallDep) -> views.Names:
    pair = await call.store(ReviewPairs).with_review(review_id)
    return await views.names_of((pair.customer_id, pair.helper_id), call.store(People))


def _view(pair: ReviewPair, review_id: str, names: views.Names) -> views.JobReviewView:
    return views.job_view(pair, pair.side_shown(review_id), names)
