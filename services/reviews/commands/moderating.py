"""What support decides, and the appeal against it."""

from dataclasses import dataclass
from datetime import datetime

from services.reviews.model import ReportReason, ReviewPair, Verdict
from services.reviews.store import ReviewPairs
from shared.kernel.errors import NotFound


@dataclass(frozen=True)
class DecideReport:
    """code: what was wrong; None for what was reported."""

    review_id: str
    verdict: Verdict
    reason: str | None
    moderator: str
    code: ReportReason | None = None


async def decide_report(cmd: DecideReport, pairs: ReviewPairs, now: datetime) -> ReviewPair:
    """The report, or the appeal that is open."""
    pair = await pairs.with_review(cmd.review_id)
    return await pairs.update(
        pair.id,
        lambda pair: pair.decide(
            cmd.review_id, cmd.verdict, cmd.reason, by=cmd.moderator, at=now, code=cmd.code
        ),
    )


@dataclass(frozen=True)
class AppealDecision:
    review_id: str
    text: str
    appellant: str


async def appeal_decision(cmd: AppealDecision, pairs: ReviewPairs, now: datetime) -> ReviewPair:
    """NotFound to strangers; NothingToAppeal, AlreadyAppealed, AppealWindowOver."""
    pair = await pairs.with_review(cmd.review_id)
    if cmd.appellant not in (pair.customer_id, pair.helper_id):
        raise NotFound("there is no such review")
    return await pairs.update(
        pair.id, lambda pair: pair.appeal(cmd.review_id, cmd.text, by=cmd.appellant, at=now)
    )
