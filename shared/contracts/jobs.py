"""Published by jobs: the life of a job, its receipt, claims and cases about it."""

from datetime import datetime

from shared.contracts.base import Event, Facts
from shared.kernel.geo import Point
from shared.kernel.money import Money


class Slot(Facts):
    """A half-open interval in UTC."""

    start: datetime
    end: datetime


class JobFacts(Facts):
    """A job. The event's subject is the job id.

    helper_id is None while a broadcast has no taker. slot, minutes and price are those of the
    agreement, absent before booking. public_place is rounded to about 1 km. asked_helper_id is who
    was asked by name, also after the job went to others; answered_at when they first said yes or
    no to it, absent if they did not. confirmation_missed_at: this slot is not confirmed in time.
    """

    customer_id: str
    helper_id: str | None
    broadcast: bool
    category: str
    title: str
    state: str
    public_place: Point
    city: str
    slot: Slot | None = None
    minutes: int | None = None
    price: Money | None = None
    outcome: str | None = None
    cause: str | None = None
    cause_party: str | None = None
    requested_at: datetime
    offered_at: datetime | None = None
    booked_at: datetime | None = None
    confirmed_at: datetime | None = None
    departed_at: datetime | None = None
    started_at: datetime | None = None
    delivered_at: datetime | None = None
    completed_at: datetime | None = None
    unsuccessful_at: datetime | None = None
    cancelled_at: datetime | None = None
    no_show_at: datetime | None = None
    disputed_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    declined_at: datetime | None = None
    withdrawn_at: datetime | None = None
    expired_at: datetime | None = None
    asked_helper_id: str | None = None
    answered_at: datetime | None = None
    confirmation_missed_at: datetime | None = None


class JobEvent(Event[JobFacts], publisher="jobs", aggregate="job", facts=JobFacts):
    """Base of the job's events."""


class JobRequested(JobEvent): ...


class JobOffered(JobEvent): ...


class JobDeclined(JobEvent): ...


class JobWithdrawn(JobEvent): ...


class JobExpired(JobEvent): ...


class JobBooked(JobEvent): ...


class JobRescheduled(JobEvent): ...


class JobRescheduleProposed(JobEvent):
    """Waits for the other side; the appointment is as it was."""


class JobConfirmed(JobEvent): ...


class JobConfirmationMissed(JobEvent):
    """The visit is near and the helper has not said that they will come."""


class JobDeparted(JobEvent): ...


class JobStarted(JobEvent): ...


class JobChangeProposed(JobEvent):
    """More than was agreed; waits for the customer."""


class JobChangeApproved(JobEvent): ...


class JobDelivered(JobEvent): ...


class JobCompleted(JobEvent): ...


class JobUnsuccessful(JobEvent): ...


class JobCancelled(JobEvent): ...


class JobNoShow(JobEvent): ...


class JobDisputed(JobEvent): ...


class JobResolutionProposed(JobEvent):
    """Waits for the other side, or for support."""


class JobResolved(JobEvent): ...


class JobClosed(JobEvent): ...


class JobRedacted(JobEvent):
    """One of the parties was forgotten, and every free word of the job with them."""


class JobSnapshot(JobEvent): ...


class ReceiptFacts(Facts):
    """A receipt. The event's subject is the receipt id; number is gapless per helper and year."""

    job_id: str
    helper_id: str
    customer_id: str
    number: str
    issued_at: datetime
    total: Money


class ReceiptEvent(Event[ReceiptFacts], publisher="jobs", aggregate="receipt", facts=ReceiptFacts):
    """Base of the receipt's events."""


class ReceiptIssued(ReceiptEvent): ...


class ReceiptSnapshot(ReceiptEvent): ...


class ClaimFacts(Facts):
    """A damage claim about a job. The event's subject is the claim id; no word of what broke.

    claimant_side: customer or helper. offered is the amount that waits for an answer, settled what
    it ended with. evidence counts files, reviews how often support was asked to look at it. Until
    due_at the next side is waited for.
    """

    job_id: str
    claimant_id: str
    respondent_id: str
    claimant_side: str
    state: str
    estimated_loss: Money
    offered: Money | None = None
    settled: Money | None = None
    evidence: int = 0
    reviews: int = 0
    reported_at: datetime
    review_began_at: datetime | None = None
    due_at: datetime | None = None
    ended_at: datetime | None = None


class ClaimEvent(Event[ClaimFacts], publisher="jobs", aggregate="claim", facts=ClaimFacts):
    """Base of the claim's events."""


class ClaimReported(ClaimEvent): ...


class ClaimEvidenceAdded(ClaimEvent): ...


class ClaimEvidenceRequested(ClaimEvent): ...


class ClaimEscalated(ClaimEvent):
    """Support is to decide."""


class ClaimOffered(ClaimEvent): ...


class ClaimReferred(ClaimEvent):
    """To the insurer of one of the sides."""


class ClaimSettled(ClaimEvent): ...


class ClaimRejected(ClaimEvent): ...


class ClaimWithdrawn(ClaimEvent): ...


class ClaimRedacted(ClaimEvent):
    """One of the parties was forgotten, and every free word of the claim with them."""


class ClaimSnapshot(ClaimEvent): ...


class CaseFacts(Facts):
    """Something that support must look at. The event's subject is the case id; no word of it.

    type: safety, running_visit, other, dispute, claim, missed_confirmation, block. severity:
    urgent, high, normal. state: open, assigned, answered, closed. opened_by is absent where no
    person opened it, reader_ids are the accounts that see it, respond_by is when a first response
    is due.
    """

    job_id: str
    claim_id: str | None = None
    type: str
    severity: str
    state: str
    opened_by: str | None = None
    reader_ids: list[str] = []
    assignee_id: str | None = None
    opened_at: datetime
    respond_by: datetime
    responded_at: datetime | None = None
    overdue_at: datetime | None = None
    closed_at: datetime | None = None


class CaseEvent(Event[CaseFacts], publisher="jobs", aggregate="case", facts=CaseFacts):
    """Base of the case's events."""


class CaseOpened(CaseEvent): ...


class CaseAssigned(CaseEvent): ...


class CaseResponded(CaseEvent): ...


class CaseOverdue(CaseEvent):
    """Nobody responded in time."""


class CaseClosed(CaseEvent): ...


class CaseRedacted(CaseEvent):
    """One of the sides was forgotten, and every free word of the case with them."""


class CaseSnapshot(CaseEvent): ...


class CompensationFacts(Facts):
    """What the operator owes one side of a visit that failed by line or router.

    The event's subject is the compensation id. side: customer or helper, cause: line_inactive or
    router_fault.
    """

    job_id: str
    person_id: str
    side: str
    cause: str
    amount: Money
    granted_at: datetime


class CompensationEvent(
    Event[CompensationFacts], publisher="jobs", aggregate="compensation", facts=CompensationFacts
):
    """Base of the compensation's events."""


class CompensationGranted(CompensationEvent): ...


class CompensationSnapshot(CompensationEvent): ...


class CreditNoteFacts(Facts):
    """What of a receipt was taken back. The event's subject is the credit note's id.

    number is gapless per helper and year; total is the amount refunded.
    """

    job_id: str
    helper_id: str
    customer_id: str
    receipt_id: str
    receipt_number: str
    number: str
    issued_at: datetime
    total: Money


class CreditNoteEvent(
    Event[CreditNoteFacts], publisher="jobs", aggregate="credit_note", facts=CreditNoteFacts
):
    """Base of the credit note's events."""


class CreditNoteIssued(CreditNoteEvent): ...


class CreditNoteSnapshot(CreditNoteEvent): ...


class TaxRecordFacts(Facts):
    """How far it is with a helper's tax data, of which nothing is told. The event's subject is the
    account id.

    state: waiting, asked, overdue, given or left. due_by is when bookings end without them.
    """

    state: str
    asked_at: datetime | None = None
    due_by: datetime | None = None
    given_at: datetime | None = None
    reminders: int = 0


class TaxRecordEvent(
    Event[TaxRecordFacts], publisher="jobs", aggregate="tax_record", facts=TaxRecordFacts
):
    """Base of the tax record's events."""


class TaxDataRequested(TaxRecordEvent):
    """The first paid job is near."""


class TaxDataReminded(TaxRecordEvent): ...


class TaxDataOverdue(TaxRecordEvent):
    """From now on the helper cannot be booked."""


class TaxDataProvided(TaxRecordEvent): ...


class TaxDataErased(TaxRecordEvent):
    """The helper is no more; what has to be reported yet stays sealed."""


class TaxRecordSnapshot(TaxRecordEvent): ...


class AppointmentFacts(Facts):
    """A booked appointment, whether it is kept or not."""

    job_id: str
    start: datetime


class AppointmentEvent(
    Event[AppointmentFacts], publisher="jobs", aggregate="appointment", facts=AppointmentFacts
):
    """Base of the appointment's events."""


class AppointmentApproached(AppointmentEvent):
    """A day before it, or at once where it was booked later."""


class AppointmentSnapshot(AppointmentEvent): ...
