"""A job and its timeline as each side sees them.

Until a job is booked the helper's side sees no address and a rounded place, and never the words
of other bidders; support sees no address.
"""

from datetime import datetime
from typing import Self

from pydantic import Field

from services.jobs.model import Caller, Job, State
from services.jobs.model.errors import NoSuchJob
from services.jobs.model.values import Address, Offer, Side, Step
from services.jobs.views.parts import (
    AddressView,
    ChangeView,
    DeliveryView,
    FeeView,
    LineView,
    OfferView,
    PaymentView,
    RescheduleView,
    ResolutionView,
    SlotView,
    money,
)
from shared.http.fields import Instant, MoneyOut, PointOut, View


class JobView(View):
    """role is the reader's part. slot, minutes and price are those agreed, null before booking.

    allowed are the commands the reader may give now, in kebab case.
    """

    id: str
    version: int
    state: str
    role: str
    allowed: list[str]
    customer_id: str
    helper_id: str | None
    broadcast: bool
    category: str
    title: str
    description: str
    city: str
    address: AddressView | None
    place: PointOut
    slots: list[SlotView]
    request_expires_at: Instant
    offers: list[OfferView]
    slot: SlotView | None
    minutes: int | None
    price: MoneyOut | None
    reschedule: RescheduleView | None
    change: ChangeView | None
    changes: list[ChangeView]
    delivery: DeliveryView | None
    cause: str | None
    cause_party: str | None
    fee: FeeView | None
    proposed_resolution: ResolutionView | None
    resolution: ResolutionView | None
    line: LineView | None
    payment: PaymentView | None
    milestones: dict[str, Instant] = Field(description="When a state was first reached.")


def job_view(job: Job, reader: Caller, at: datetime) -> JobView:
    """NoSuchJob is never raised: a bidder who has just bowed out still gets an answer."""
    try:
        side = job.side_of(reader)
        state, allowed = job.state, [str(command) for command in job.allowed(reader, at)]
    except NoSuchJob:
        side, state, allowed = Side.HELPER, State.DECLINED, []
    if side is Side.HELPER and state is State.OFFERED and _stranger(job, reader):
        state = State.REQUESTED
    exact = exact_address(job, side) is not None
    agreement = job.agreement
    return JobView(
        id=job.id,
        version=job.version,
        state=state,
        role=side,
        allowed=allowed,
        customer_id=job.customer_id,
        helper_id=job.helper_id,
        broadcast=job.broadcast,
        category=job.category,
        title=job.title,
        description=job.description,
        city=job.address.city,
        address=_address(job) if exact else None,
        place=PointOut.of(job.place if exact else job.public_place),
        slots=[SlotView.of(slot) for slot in job.slots],
        request_expires_at=job.request_expires_at,
        offers=[OfferView.of(offer) for offer in _offers(job, side, reader)],
        slot=SlotView.of(job.slot) if job.slot else None,
        minutes=agreement.terms.minutes if agreement else None,
        price=money(agreement.price) if agreement else None,
        reschedule=RescheduleView.of(job.reschedule) if job.reschedule else None,
        change=ChangeView.of(job.change) if job.change else None,
        changes=[ChangeView.of(change) for change in job.changes],
        delivery=DeliveryView.of(job.delivery) if job.delivery else None,
        cause=job.cause,
        cause_party=job.cause_party,
        fee=FeeView.of(job.fee) if job.fee else None,
        proposed_resolution=(
            ResolutionView.of(job.proposed_resolution) if job.proposed_resolution else None
        ),
        resolution=ResolutionView.of(job.resolution) if job.resolution else None,
        line=LineView.of(job.line_checks[-1]) if job.line_checks else None,
        payment=PaymentView.of(job),
        milestones=_milestones(job, state),
    )


def exact_address(job: Job, side: Side) -> Address | None:
    """For the customer, and for the helper once booked."""
    if side is Side.CUSTOMER or (side is Side.HELPER and job.helper_booked):
        return job.address
    return None


def _stranger(job: Job, reader: Caller) -> bool:
    """In reach of an open broadcast, but not in talks: other helpers' offers are no news."""
    return job.helper_id is None and job.thread(reader.id) is None


def _address(job: Job) -> AddressView:
    address = job.address
    return AddressView(street=address.street, postcode=address.postcode, city=address.city)


def _offers(job: Job, side: Side, reader: Caller) -> list[Offer]:
    if side is Side.HELPER:
        return [offer for offer in job.offers if offer.helper_id == reader.id]
    return job.offers


def _milestones(job: Job, state: State) -> dict[str, datetime]:
    hidden = {"offered"} if state is State.REQUESTED else set()
    return {name: at for name, at in job.milestones.items() if name not in hidden}


class StepView(View):
    """version is the job's after the step; actor an account, null where a timer acted."""

    version: int
    state: str
    command: str
    actor: str | None
    reason: str | None
    at: Instant

    @classmethod
    def of(cls, step: Step) -> Self:
        return cls(
            version=step.version,
            state=step.state,
            command=step.command,
            actor=step.actor,
            reason=step.reason,
            at=step.at,
        )


class TimelineView(View):
    """Oldest first."""

    data: list[StepView]


def timeline_view(job: Job, reader: Caller) -> TimelineView:
    """Every step; for helpers without those that other bidders made."""
    steps = job.timeline
    if job.side_of(reader) is Side.HELPER:
        known = (None, job.customer_id, reader.id)
        bidders = {offer.helper_id for offer in job.offers} | set(job.declined_by)
        steps = [step for step in steps if step.actor in known or step.actor not in bidders]
    return TimelineView(data=[StepView.of(step) for step in steps])
