"""Support's routes: what was reported, and the decision on it."""

import asyncio
from typing import Annotated, Literal

from starlette.responses import Response

from services.reviews import commands, views
from services.reviews.api.writing import ReportReasonIn
from services.reviews.model import ReportReason, Side, Verdict
from services.reviews.store import ReviewPairs
from shared.http import CallDep, PagingDep, Router, answer, page_response, roles
from shared.http.fields import Body, Page, Text
from shared.kernel.errors import Invalid
from shared.replicas import People

router = Router()


class DecisionBody(Body):
    """reason is the statement to both sides; removing needs one. reason_code says in a word what
    was wrong, what was reported if it is left out."""

    decision: Literal["keep", "remove"]
    reason: Annotated[str, Text(0, 1000)] | None = None
    reason_code: ReportReasonIn | None = None


@router.get(
    "/v1/support/reviews",
    operation_id="reviews_list_reported_reviews",
    response_model=Page[views.ModeratedReviewView],
    openapi_extra=roles("support"),
)
async def list_reported(call: CallDep, paging: PagingDep) -> Response:
    """Reports, and appeals against decisions, that wait for one; newest first."""
    before = paging.after[0] if paging.after else None
    pairs = call.store(ReviewPairs)
    found = await asyncio.gather(*(pairs.reported(side, before, paging.limit + 1) for side in Side))
    waiting = sorted(
        (
            (order, pair, pair.id_of(side))
            for side, reported in zip(Side, found, strict=True)
            for pair in reported
            if (order := pair.report_order(side)) is not None
        ),
        key=lambda item: item[0],
        reverse=True,
    )
    shown = waiting[: paging.limit]
    accounts = {account for _, pair, _ in shown for account in (pair.customer_id, pair.helper_id)}
    names = await views.names_of(accounts, call.store(People))
    next = [shown[-1][0]] if len(waiting) > paging.limit else None
    return page_response(
        paging, [views.moderated_view(pair, id, names) for _, pair, id in shown], next
    )


@router.post(
    "/v1/support/reviews/{review_id}/decision",
    operation_id="reviews_decide_report",
    response_model=views.ModeratedReviewView,
    openapi_extra=roles("support"),
)
async def decide_report(review_id: str, body: DecisionBody, call: CallDep) -> Response:
    """Keep a reported review or remove it, once; and once more after an appeal."""
    if body.decision == "remove" and not body.reason:
        raise Invalid("removing needs a reason", pointer="/reason", code="invalid_request")
    found = await call.store(ReviewPairs).with_review(review_id)
    names = await views.names_of((found.customer_id, found.helper_id), call.store(People))
    pairs = call.answering(ReviewPairs, lambda pair: views.moderated_view(pair, review_id, names))
    command = commands.DecideReport(
        review_id,
        Verdict(body.decision),
        body.reason or None,
        call.person.id,
        ReportReason(body.reason_code) if body.reason_code else None,
    )
    pair = await commands.decide_report(command, pairs, call.now)
    return answer(call, views.moderated_view(pair, review_id, names))
