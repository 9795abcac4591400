"""What is shown of reviews, and to whom."""

import asyncio
from collections.abc import Iterable, Mapping

from services.reviews.model import Appeal, Decision, Review, ReviewPair, Side
from shared.http.fields import Instant, View
from shared.replicas import People

Names = Mapping[str, str]
"""Account id -> display name."""


class PeerView(View):
    id: str
    display_name: str


class InvitationView(View):
    """role is the caller's in the job; due_at the end of the window."""

    job_id: str
    role: str
    peer: PeerView
    due_at: Instant


class WrittenView(View):
    """state: sealed, or published when this review completed the pair."""

    id: str
    state: str


class ReplyView(View):
    text: str
    at: Instant


class MarksView(View):
    """Each from 1 to 5."""

    overall: int
    communication: int
    punctuality: int
    quality: int
    price_as_agreed: int


class AuthorView(View):
    display_name: str


class PublicReviewView(MarksView):
    """A customer's review as everybody sees it; disputed: the job is under dispute."""

    id: str
    author: AuthorView
    category: str
    text: str | None
    disputed: bool
    reply: ReplyView | None
    published_at: Instant


class JobReviewView(View):
    """A review as the parties see it; one that was removed keeps only the reason.

    by: customer or helper. state: published or removed; removed_by: author or moderation.
    decision is moderation's that is in force, appeal the one against the first.
    """

    id: str
    job_id: str
    by: str
    author: PeerView
    state: str
    marks: MarksView | None
    text: str | None
    disputed: bool
    reply: ReplyView | None
    reported: bool
    removal_reason: str | None
    removed_by: str | None
    decision: "DecisionView | None"
    appeal: "AppealStateView | None"
    published_at: Instant


class ReportView(View):
    by: str
    reason: str
    text: str | None
    at: Instant


class DecisionView(View):
    """decision: keep or remove; code: what was wrong."""

    decision: str
    code: str | None
    reason: str | None
    at: Instant


class AppealStateView(View):
    """decision is null while the appeal waits for one."""

    by: str
    at: Instant
    decision: DecisionView | None


class AppealView(AppealStateView):
    """With the words, which are for support alone."""

    text: str


class ModeratedReviewView(MarksView):
    """A reported review as support sees it."""

    id: str
    job_id: str
    by: str
    author: PeerView
    text: str | None
    reply: ReplyView | None
    published_at: Instant
    report: ReportView
    decision: DecisionView | None
    appeal: AppealView | None


async def names_of(accounts: Iterable[str], people: People) -> Names:
    """Display names; somebody we have not heard of has none."""
    ids = sorted(set(accounts))
    found = await asyncio.gather(*(people.find(id) for id in ids))
    return {
        id: person.display_name if person is not None else ""
        for id, person in zip(ids, found, strict=True)
    }


def invitation_view(pair: ReviewPair, account: str, names: Names) -> InvitationView:
    side = pair.side_of(account)
    return InvitationView(
        job_id=pair.job_id,
        role=side.value,
        peer=_peer(pair.account_of(side.other), names),
        due_at=pair.window_ends,
    )


def written_view(pair: ReviewPair, account: str) -> WrittenView:
    state = "sealed" if pair.published_at is None else "published"
    return WrittenView(id=pair.id_of(pair.side_of(account)), state=state)


def public_view(pair: ReviewPair, names: Names) -> PublicReviewView:
    """The customer's review of a pair that ``shown_of`` found."""
    review = pair.by_customer
    assert review is not None
    assert pair.published_at is not None
    return PublicReviewView(
        id=review.id,
        author=AuthorView(display_name=names[pair.customer_id]),
        category=pair.category,
        text=review.text,
        disputed=pair.disputed,
        reply=_reply(review),
        published_at=pair.published_at,
        **_marks(review).model_dump(),
    )


def job_views(pair: ReviewPair, names: Names) -> list[JobReviewView]:
    """Both reviews after the reveal, nothing before."""
    if pair.published_at is None:
        return []
    return [job_view(pair, side, names) for side in Side if pair.review_by(side) is not None]


def job_view(pair: ReviewPair, side: Side, names: Names) -> JobReviewView:
    review = pair.review_by(side)
    assert review is not None
    assert pair.published_at is not None
    gone = review.removed
    return JobReviewView(
        id=review.id,
        job_id=pair.job_id,
        by=side.value,
        author=_peer(pair.account_of(side), names),
        state="removed" if gone else "published",
        marks=None if gone else _marks(review),
        text=None if gone else review.text,
        disputed=pair.disputed,
        reply=None if gone else _reply(review),
        reported=review.report is not None,
        removal_reason=review.verdict.reason if gone and review.verdict else None,
        removed_by=_remover(review) if gone else None,
        decision=_decision(review.verdict),
        appeal=_appeal_state(review.appeal),
        published_at=pair.published_at,
    )


def moderated_view(pair: ReviewPair, review_id: str, names: Names) -> ModeratedReviewView:
    side, review = pair.reported(review_id)
    report = review.report
    assert report is not None
    assert pair.published_at is not None
    return ModeratedReviewView(
        id=review.id,
        job_id=pair.job_id,
        by=side.value,
        author=_peer(pair.account_of(side), names),
        text=review.text,
        reply=_reply(review),
        published_at=pair.published_at,
        report=ReportView(by=report.by, reason=report.reason.value, text=report.text, at=report.at),
        decision=_decision(review.decision),
        appeal=_appeal(review.appeal),
        **_marks(review).model_dump(),
    )


def any_job_view(pair: ReviewPair, review_id: str, names: Names) -> JobReviewView:
    """Of a reported review, removed or not."""
    side, _ = pair.reported(review_id)
    return job_view(pair, side, names)


def _remover(review: Review) -> str:
    return "author" if review.withdrawn_at is not None else "moderation"


def _decision(decision: Decision | None) -> DecisionView | None:
    if decision is None:
        return None
    return DecisionView(
        decision=decision.verdict.value,
        code=decision.code.value if decision.code is not None else None,
        reason=decision.reason,
        at=decision.at,
    )


def _appeal_state(appeal: Appeal | None) -> AppealStateView | None:
    if appeal is None:
        return None
    return AppealStateView(by=appeal.by, at=appeal.at, decision=_decision(appeal.decision))


def _appeal(appeal: Appeal | None) -> AppealView | None:
    if appeal is None:
        return None
    decision = _decision(appeal.decision)
    return AppealView(by=appeal.by, at=appeal.at, decision=decision, text=appeal.text)


def _peer(account: str, names: Names) -> PeerView:
    return PeerView(id=account, display_name=names[account])


def _reply(review: Review) -> ReplyView | None:
    return None if review.reply is None else ReplyView(text=review.reply.text, at=review.reply.at)


def _marks(review: Review) -> MarksView:
    marks = review.marks
    return MarksView(
        overall=marks.overall,
        communication=marks.communication,
        punctuality=marks.punctuality,
        quality=marks.quality,
        price_as_agreed=marks.price_as_agreed,
    )
