"""A damage claim: something broke, and what becomes of it. It outlives its job."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from services.jobs.model.claim_table import (
    OPEN,
    PATIENCE,
    TABLE,
    ClaimCommand,
    ClaimRole,
    ClaimState,
)
from services.jobs.model.claim_values import (
    FIRST_NOTICE,
    MAX_EVIDENCE,
    ClaimOfferChanged,
    Evidence,
    Insurer,
    NoSuchClaim,
    NothingHappened,
    Notice,
    Settlement,
    TooLate,
    TooMany,
    check_amount,
    ended_at,
)
from services.jobs.model.job import Job
from services.jobs.model.state import Caller
from services.jobs.model.transitions import State
from services.jobs.model.values import Side, Step
from shared.contracts.jobs import (
    ClaimEscalated,
    ClaimEvent,
    ClaimEvidenceAdded,
    ClaimEvidenceRequested,
    ClaimFacts,
    ClaimOffered,
    ClaimRedacted,
    ClaimReferred,
    ClaimRejected,
    ClaimReported,
    ClaimSettled,
    ClaimWithdrawn,
)
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Forbidden
from shared.kernel.ids import derived_id
from shared.kernel.money import Money

K, S = ClaimCommand, ClaimState

EVENTS: dict[ClaimState, type[ClaimEvent]] = {
    S.REPORTED: ClaimReported,
    S.EVIDENCE_REQUESTED: ClaimEvidenceRequested,
    S.UNDER_REVIEW: ClaimEscalated,
    S.OFFERED: ClaimOffered,
    S.REFERRED_TO_INSURER: ClaimReferred,
    S.SETTLED: ClaimSettled,
    S.REJECTED: ClaimRejected,
    S.WITHDRAWN: ClaimWithdrawn,
}

NO_ANSWER = "no answer in time"


@dataclass(kw_only=True)
class Claim(Aggregate):
    """parties are the account ids of both sides, for the lists; order sorts by creation.

    reviews counts how often support was asked to look at it.
    """

    order: str
    job_id: str
    claimant_id: str
    respondent_id: str
    claimant_side: Side
    parties: list[str]
    item: str
    incident: str
    estimated_loss: Money
    currency: str
    state: ClaimState = ClaimState.REPORTED
    evidence: list[Evidence] = field(default_factory=list)
    offer: Settlement | None = None
    settlement: Settlement | None = None
    insurer: Insurer | None = None
    reviews: int = 0
    reported_at: datetime
    review_began_at: datetime | None = None
    ended_at: datetime | None = None
    timeline: list[Step] = field(default_factory=list)

    @classmethod
    def report(
        cls, notice: Notice, job: Job, *, id: str, by: Caller, currency: str, at: datetime
    ) -> tuple["Claim", list[ClaimEvent]]:
        """By a side of a job whose visit has begun, within 14 days of its end.

        NoSuchJob, Forbidden (support), NothingHappened, TooLate, Invalid amount.
        """
        side = job.side_of(by)
        if side is Side.SUPPORT:
            raise Forbidden("a claim is reported by who had the damage", code="not_your_command")
        if job.helper_id is None or not job.reached(State.IN_PROGRESS):
            raise NothingHappened("this visit has not begun")
        if (ended := ended_at(job)) is not None and at >= ended + FIRST_NOTICE:
            raise TooLate("damage is reported within 14 days of the job's end")
        check_amount(notice.estimated_loss, currency, "/estimated_loss")
        other = job.helper_id if side is Side.CUSTOMER else job.customer_id
        claim = cls(
            id=id,
            order=f"{round(at.timestamp() * 1000):013d}|{id}",
            job_id=job.id,
            claimant_id=by.id,
            respondent_id=other,
            claimant_side=side,
            parties=[by.id, other],
            item=notice.item,
            incident=notice.incident,
            estimated_loss=notice.estimated_loss,
            currency=currency,
            reported_at=at,
        )
        return claim, claim._step(K.REPORT, at, by=by, to=S.REPORTED)

    # Who may do what

    @property
    def open(self) -> bool:
        return self.state in OPEN

    def role_of(self, caller: Caller) -> ClaimRole:
        """NoSuchClaim for whoever has no part in it."""
        if caller.id == self.claimant_id:
            return ClaimRole.CLAIMANT
        if caller.id == self.respondent_id:
            return ClaimRole.RESPONDENT
        if caller.support:
            return ClaimRole.SUPPORT
        raise NoSuchClaim

    def allowed(self, caller: Caller) -> list[ClaimCommand]:
        return TABLE.allowed(self.state, self.role_of(caller))

    def entitled(self, command: ClaimCommand, caller: Caller) -> None:
        """NoSuchClaim, NotYourCommand."""
        TABLE.entitle(command, self.role_of(caller))

    def permit(self, command: ClaimCommand, caller: Caller) -> None:
        """NoSuchClaim, NotYourCommand, IllegalTransition, in this order."""
        TABLE.permit(command, self.state, self.role_of(caller))

    # Commands

    def check_evidence(self, by: Caller) -> None:
        """Whether this side may add a file now. TooMany."""
        self.permit(K.EVIDENCE, by)
        if len(self.evidence) >= MAX_EVIDENCE:
            raise TooMany(f"a claim has at most {MAX_EVIDENCE} files")

    def add_evidence(self, evidence: Evidence, by: Caller, at: datetime) -> list[ClaimEvent]:
        self.check_evidence(by)
        self.evidence = [*self.evidence, evidence]
        self._step(K.EVIDENCE, at, by=by)
        return [ClaimEvidenceAdded(self.facts())]

    def request_evidence(self, reason: str, by: Caller, at: datetime) -> list[ClaimEvent]:
        """Support wants to see more before it decides."""
        return self._go(K.REQUEST_EVIDENCE, S.EVIDENCE_REQUESTED, by, at, reason)

    def submit_evidence(self, by: Caller, at: datetime) -> list[ClaimEvent]:
        """The claimant has shown what there is."""
        return self._go(K.SUBMIT_EVIDENCE, S.UNDER_REVIEW, by, at)

    def contest(self, reason: str, by: Caller, at: datetime) -> list[ClaimEvent]:
        """The respondent sees it differently: support decides."""
        return self._go(K.CONTEST, S.UNDER_REVIEW, by, at, reason)

    def review(self, by: Caller, at: datetime) -> list[ClaimEvent]:
        return self._go(K.REVIEW, S.UNDER_REVIEW, by, at)

    def make_offer(self, amount: Money, by: Caller, at: datetime) -> list[ClaimEvent]:
        """What would settle it; valid 14 days. Invalid amount."""
        self.permit(K.OFFER, by)
        check_amount(amount, self.currency, "/amount")
        self.offer = self._settlement(amount, by, at)
        return self._step(K.OFFER, at, by=by, to=S.OFFERED)

    def accept(self, offer_id: str, by: Caller, at: datetime) -> list[ClaimEvent]:
        """ClaimOfferChanged unless it is the offer that waits."""
        self.permit(K.ACCEPT, by)
        assert self.offer is not None, "an offered claim has an offer"
        if offer_id != self.offer.id:
            raise ClaimOfferChanged("another offer waits for an answer by now")
        self.settlement = replace(self.offer, at=at)
        return self._step(K.ACCEPT, at, by=by, to=S.SETTLED)

    def refuse(self, reason: str | None, by: Caller, at: datetime) -> list[ClaimEvent]:
        """The offer is gone: support decides."""
        self.permit(K.REFUSE, by)
        self.offer = None
        return self._step(K.REFUSE, at, by=by, to=S.UNDER_REVIEW, reason=reason)

    def refer(self, insurer: Insurer, by: Caller, at: datetime) -> list[ClaimEvent]:
        self.permit(K.REFER, by)
        self.insurer = insurer
        return self._step(K.REFER, at, by=by, to=S.REFERRED_TO_INSURER)

    def settle(self, amount: Money, by: Caller, at: datetime) -> list[ClaimEvent]:
        """The insurer has paid. Invalid amount."""
        self.permit(K.SETTLE, by)
        check_amount(amount, self.currency, "/amount")
        self.settlement = self._settlement(amount, by, at)
        return self._step(K.SETTLE, at, by=by, to=S.SETTLED)

    def reject(self, reason: str, by: Caller, at: datetime) -> list[ClaimEvent]:
        return self._go(K.REJECT, S.REJECTED, by, at, reason)

    def withdraw(self, reason: str | None, by: Caller, at: datetime) -> list[ClaimEvent]:
        return self._go(K.WITHDRAW, S.WITHDRAWN, by, at, reason)

    def on_due(self, now: datetime) -> list[ClaimEvent]:
        """Nobody answered: evidence that was asked for and did not come ends the claim, all else
        is for support to decide."""
        if self.due_at is None or now < self.due_at:
            return []
        if self.state is S.EVIDENCE_REQUESTED:
            return self._step(K.EXPIRE, now, by=None, to=S.REJECTED, reason=NO_ANSWER)
        self.offer = None
        return self._step(K.LAPSE, now, by=None, to=S.UNDER_REVIEW, reason=NO_ANSWER)

    # How it changes

    def _settlement(self, amount: Money, by: Caller, at: datetime) -> Settlement:
        name = derived_id("settlement", self.id, str(self.version))
        return Settlement(name, by.id, amount, at)

    def _go(
        self,
        command: ClaimCommand,
        to: ClaimState,
        by: Caller,
        at: datetime,
        reason: str | None = None,
    ) -> list[ClaimEvent]:
        self.permit(command, by)
        return self._step(command, at, by=by, to=to, reason=reason)

    def _step(
        self,
        command: ClaimCommand,
        at: datetime,
        *,
        by: Caller | None,
        to: ClaimState | None = None,
        reason: str | None = None,
    ) -> list[ClaimEvent]:
        """Go to a state of the command's row, write it into the timeline, set the timer; the
        event of the state reached. by None is the timer."""
        target = to or self.state
        row = TABLE.row(command)
        assert not row.sources or row.leads(self.state, target), f"{command} to {target}"
        self.state = target
        step = Step(self.version + 1, target, command, at, by.id if by else None, reason)
        self.timeline = [*self.timeline, step]
        if to is None:
            return []
        patience = PATIENCE.get(target)
        self.due_at = at + patience if patience else None
        if target is S.UNDER_REVIEW:
            self.reviews += 1
            self.review_began_at = at
        if not self.open:
            self.ended_at = at
        return [EVENTS[target](self.facts())]

    def redact(self) -> list[ClaimEvent]:
        """What remains when a party is forgotten: amounts, states and times are the other's too.

        The files must be gone before. Nothing happens the second time.
        """
        if not (self.item or self.incident or self.evidence):
            return []
        self.item = self.incident = ""
        self.evidence, self.insurer = [], None
        self.timeline = [replace(each, reason=None) for each in self.timeline]
        return [ClaimRedacted(self.facts())]

    def facts(self) -> ClaimFacts:
        """Everything public about the claim: no word of what broke."""
        return ClaimFacts(
            job_id=self.job_id,
            claimant_id=self.claimant_id,
            respondent_id=self.respondent_id,
            claimant_side=self.claimant_side,
            state=self.state,
            estimated_loss=self.estimated_loss,
            offered=self.offer.amount if self.offer else None,
            settled=self.settlement.amount if self.settlement else None,
            evidence=len(self.evidence),
            reviews=self.reviews,
            reported_at=self.reported_at,
            review_began_at=self.review_began_at,
            due_at=self.due_at,
            ended_at=self.ended_at,
        )
