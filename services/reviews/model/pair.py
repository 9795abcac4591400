"""Both reviews of one job, sealed until they can be revealed together."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from services.reviews.model.errors import (
    AlreadyReviewed,
    NothingToAppeal,
    NotReported,
    NotYourCommand,
    WindowOver,
)
from services.reviews.model.review import (
    Appeal,
    Decision,
    Marks,
    Reply,
    Report,
    ReportReason,
    Review,
    Side,
    Verdict,
    sort_key,
)
from shared.contracts.jobs import JobFacts
from shared.contracts.reviews import (
    ReviewInvited,
    ReviewPairEvent,
    ReviewPairFacts,
    ReviewPublished,
    ReviewRemoved,
    ReviewRestored,
)
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import NotFound
from shared.kernel.ids import derived_id


@dataclass(kw_only=True)
class ReviewPair(Aggregate):
    """One per job. Nothing anybody else can see changes when a sealed review is written.

    window_ends is when writing ends; awaiting holds the accounts that may still write. The last
    five fields are there for look-ups only and absent unless they apply: shown_order and mark
    (overall) of the customer's review while it is public, and the open reports' order.
    """

    job_id: str
    customer_id: str
    helper_id: str
    category: str
    order: str
    review_ids: list[str]
    window_days: int
    invited_at: datetime
    completed_at: datetime | None = None
    window_ends: datetime
    awaiting: list[str] = field(default_factory=list)
    by_customer: Review | None = None
    by_helper: Review | None = None
    published_at: datetime | None = None
    disputed_at: datetime | None = None
    resolved_at: datetime | None = None
    shown_order: str | None = None
    mark: int | None = None
    customer_report_order: str | None = None
    helper_report_order: str | None = None

    @staticmethod
    def key(tenant: str, job_id: str) -> str:
        """The pair's id: a job has one pair, whichever event is heard first."""
        return derived_id("pair", tenant, job_id)

    @classmethod
    def invite(
        cls, tenant: str, job_id: str, job: JobFacts, window_days: int
    ) -> "tuple[ReviewPair, list[ReviewPairEvent]] | None":
        """The pair that these facts call into being; None while there is nothing to judge."""
        begun = job.delivered_at or job.completed_at
        if begun is None or job.helper_id is None:
            return None
        id = cls.key(tenant, job_id)
        pair = cls(
            id=id,
            job_id=job_id,
            customer_id=job.customer_id,
            helper_id=job.helper_id,
            category=job.category,
            order=sort_key(begun, id),
            review_ids=[derived_id("review", tenant, job_id, side) for side in Side],
            window_days=window_days,
            invited_at=begun,
            window_ends=begun,
            awaiting=[job.customer_id, job.helper_id],
        )
        pair._follow_window(job.completed_at)
        pair._follow_dispute(job)
        return pair, [ReviewInvited(pair.facts())]

    def follow(self, job: JobFacts) -> list[ReviewPairEvent]:
        """Take in a later (or older) moment of the job; milestones are set once and stay."""
        self._follow_dispute(job)
        before = self.window_ends
        self._follow_window(job.completed_at)
        return [ReviewInvited(self.facts())] if self.window_ends != before else []

    def _follow_window(self, completed_at: datetime | None) -> None:
        """The window runs from completion; until there is one, from delivery."""
        if self.published_at is not None:
            return
        self.completed_at = self.completed_at or completed_at
        begun = self.completed_at or self.invited_at
        ends = begun + timedelta(days=self.window_days)
        if ends == self.window_ends:
            return
        self.window_ends = self.due_at = ends
        written = {side for side in Side if self.review_by(side) is not None}
        self.awaiting = [self.account_of(side) for side in Side if side not in written]

    def _follow_dispute(self, job: JobFacts) -> None:
        self.disputed_at = self.disputed_at or job.disputed_at
        self.resolved_at = self.resolved_at or job.resolved_at

    @property
    def disputed(self) -> bool:
        return self.disputed_at is not None and self.resolved_at is None

    def account_of(self, side: Side) -> str:
        return self.customer_id if side is Side.CUSTOMER else self.helper_id

    def side_of(self, account: str) -> Side:
        """NotFound for anybody who is no party of the job."""
        for side in Side:
            if self.account_of(side) == account:
                return side
        raise NotFound("there is no such job")

    def review_by(self, side: Side) -> Review | None:
        return self.by_customer if side is Side.CUSTOMER else self.by_helper

    def write(
        self, marks: Marks, text: str | None, *, by: str, at: datetime
    ) -> list[ReviewPairEvent]:
        """Seal one side's review; the second one reveals both."""
        side = self.side_of(by)
        if self.review_by(side) is not None:
            raise AlreadyReviewed("you have reviewed this job")
        if at >= self.window_ends:
            raise WindowOver("the time for reviewing this job is over")
        self._keep(side, Review(self.id_of(side), marks, text, at))
        self.awaiting = [account for account in self.awaiting if account != by]
        return [] if self.awaiting else self._publish(at)

    def id_of(self, side: Side) -> str:
        """The id this side's review has or would have."""
        return self.review_ids[list(Side).index(side)]

    def on_due(self, now: datetime) -> list[ReviewPairEvent]:
        """The window's end reveals what there is; without any review the pair just ends."""
        if self.published_at is not None or now < self.window_ends:
            self.due_at = None if self.published_at else self.window_ends
            return []
        self.due_at, self.awaiting = None, []
        written = self.by_customer is not None or self.by_helper is not None
        return self._publish(self.window_ends) if written else []

    def _publish(self, at: datetime) -> list[ReviewPairEvent]:
        self.published_at, self.due_at = at, None
        self._show(Side.CUSTOMER)
        return [ReviewPublished(self.facts())]

    def side_shown(self, review_id: str) -> Side:
        """Whose published review this is. NotFound while sealed, never written, or removed."""
        for side in Side:
            review = self.review_by(side)
            if review is None or review.id != review_id or self.published_at is None:
                continue
            if not review.removed:
                return side
        raise NotFound("there is no such review")

    def reply(self, review_id: str, text: str, *, by: str, at: datetime) -> None:
        """The reviewed side's one answer, within REPLY_WINDOW of the reveal."""
        side, review, revealed = self._answerable(review_id, by)
        self._keep(side, review.replied(Reply(text, at), revealed))

    def report(
        self, review_id: str, reason: ReportReason, text: str | None, *, by: str, at: datetime
    ) -> None:
        """The reviewed side asks for moderation; asking again changes nothing."""
        side, review, _ = self._answerable(review_id, by)
        if review.report is not None:
            return
        self._keep(side, replace(review, report=Report(by, reason, text, at)))
        self._queue(side, sort_key(at, review_id))

    def _answerable(self, review_id: str, by: str) -> tuple[Side, Review, datetime]:
        """For commands of the side a review is about. NotFound for strangers."""
        self.side_of(by)
        side = self.side_shown(review_id)
        if by == self.account_of(side):
            raise NotYourCommand("this is your own review")
        review = self.review_by(side)
        assert review is not None
        assert self.published_at is not None
        return side, review, self.published_at

    def decide(
        self,
        review_id: str,
        verdict: Verdict,
        reason: str | None,
        *,
        by: str,
        at: datetime,
        code: ReportReason | None = None,
    ) -> list[ReviewPairEvent]:
        """Moderation's word on a report, or on the appeal against it; each is given once.

        code defaults to what was reported.
        """
        side, review = self.reported(review_id)
        assert review.report is not None
        if verdict is Verdict.REMOVE:
            code = code or review.report.reason
        before = review.removed
        review = review.decided(Decision(verdict, reason, by, at, code))
        self._keep(side, review)
        self._queue(side, None)
        if review.removed == before:
            return []
        self._show(side)
        return [ReviewRemoved(self.facts()) if review.removed else ReviewRestored(self.facts())]

    def appeal(self, review_id: str, text: str, *, by: str, at: datetime) -> None:
        """Whom the decision went against asks once: the author, or who reported in vain."""
        self.side_of(by)
        side, review = self.reported(review_id)
        against = self.account_of(side) if review.removed else self.account_of(side.other)
        if by != against:
            raise NothingToAppeal("no decision went against you")
        self._keep(side, review.appealed(Appeal(by, text, at)))
        self._queue(side, sort_key(at, review_id))

    def withdraw(self, review_id: str, *, by: str, at: datetime) -> list[ReviewPairEvent]:
        """The author takes a published review back for good; nobody need decide about it then."""
        self.side_of(by)
        side = self.side_shown(review_id)
        if by != self.account_of(side):
            raise NotYourCommand("this is not your review")
        review = self.review_by(side)
        assert review is not None
        self._keep(side, replace(review, withdrawn_at=at))
        self._queue(side, None)
        self._show(side)
        return [ReviewRemoved(self.facts())]

    def _show(self, side: Side) -> None:
        """In the public list and the rating, which have customers' reviews alone; or not."""
        review = self.review_by(side)
        if side is not Side.CUSTOMER or review is None or self.published_at is None:
            return
        self.shown_order = None if review.removed else sort_key(self.published_at, review.id)
        self.mark = None if review.removed else review.marks.overall

    def reported(self, review_id: str) -> tuple[Side, Review]:
        """A published review and its author's side. NotReported when nobody complained."""
        for side in Side:
            review = self.review_by(side)
            if review is not None and review.id == review_id and self.published_at is not None:
                if review.report is None:
                    raise NotReported("nobody has reported this review")
                return side, review
        raise NotFound("there is no such review")

    def _keep(self, side: Side, review: Review) -> None:
        if side is Side.CUSTOMER:
            self.by_customer = review
        else:
            self.by_helper = review

    def report_order(self, side: Side) -> str | None:
        """Where the open report on this side's review stands in the queue, if there is one."""
        return self.customer_report_order if side is Side.CUSTOMER else self.helper_report_order

    def _queue(self, side: Side, order: str | None) -> None:
        if side is Side.CUSTOMER:
            self.customer_report_order = order
        else:
            self.helper_report_order = order

    def silence(self, account: str) -> None:
        """One side is forgotten: marks stay, and all words, which are about both, go."""
        self.awaiting = [each for each in self.awaiting if each != account]
        for side in Side:
            if (review := self.review_by(side)) is not None:
                self._keep(side, review.silenced())

    def facts(self) -> ReviewPairFacts:
        """Before the reveal the same whether or not anybody has written."""
        return ReviewPairFacts(
            job_id=self.job_id,
            customer_id=self.customer_id,
            helper_id=self.helper_id,
            category=self.category,
            invited_at=self.invited_at,
            due_at=self.window_ends,
            published_at=self.published_at,
            customer_overall=self._public_mark(self.by_customer),
            helper_overall=self._public_mark(self.by_helper),
            removed=any(review is not None and review.removed for review in self._reviews()),
        )

    def _reviews(self) -> tuple[Review | None, Review | None]:
        return self.by_customer, self.by_helper

    def _public_mark(self, review: Review | None) -> int | None:
        if review is None or self.published_at is None or review.removed:
            return None
        return review.marks.overall
