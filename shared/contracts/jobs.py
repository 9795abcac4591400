"""Published by jobs: the life of a job and its receipt."""

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
    no to it, absent if they did not.
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


class JobEvent(Event[JobFacts], publisher="jobs", aggregate="job", facts=JobFacts):
    """Base of the job's events."""


class JobRequested(JobEvent): ...


class JobOffered(JobEvent): ...


class JobDeclined(JobEvent): ...


class JobWithdrawn(JobEvent): ...


class JobExpired(JobEvent): ...


class JobBooked(JobEvent): ...


class JobRescheduled(JobEvent): ...


class JobConfirmed(JobEvent): ...


class JobDeparted(JobEvent): ...


class JobStarted(JobEvent): ...


class JobChangeApproved(JobEvent): ...


class JobDelivered(JobEvent): ...


class JobCompleted(JobEvent): ...


class JobUnsuccessful(JobEvent): ...


class JobCancelled(JobEvent): ...


class JobNoShow(JobEvent): ...


class JobDisputed(JobEvent): ...


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
