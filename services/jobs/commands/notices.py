"""Telling people what waits for them: mails that follow from facts, each written once.

What is said is what the job says now. Where it has gone on in the meantime, nobody is told of what
does not wait for them any more.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from services.jobs.mails import Letterhead, reader, send
from services.jobs.model import Job, State
from services.jobs.model.transitions import AHEAD, HOLDING, Command
from services.jobs.model.values import Offer, Side
from services.jobs.store import JobStore, TaxStore
from shared.contracts import jobs as events
from shared.kernel.money import Money
from shared.replicas import Person
from shared.scope import Scope

TAX = {
    events.TaxDataRequested: "tax_requested",
    events.TaxDataReminded: "tax_reminded",
    events.TaxDataOverdue: "tax_overdue",
}


async def of_tax_data(helper_id: str, event: events.TaxRecordEvent, scope: Scope) -> None:
    """Nothing to who has given them by now."""
    helper = await reader(helper_id, scope)
    record = await scope.store(TaxStore).find(helper_id)
    if helper is None or record is None or record.due_by is None:
        return
    due = Letterhead.to(helper, scope.tenant).day(record.due_by)
    facts = event.facts
    key = (facts.asked_at.isoformat() if facts.asked_at else "", str(facts.reminders))
    await send(TAX[type(event)], helper, scope, *key, due=due)


@dataclass(frozen=True)
class Notice:
    """kind is the mail's, key tells it from others of its kind; other is whom it speaks of."""

    kind: str
    to: str | None
    other: str | None
    key: tuple[str, ...]
    values: Callable[[Letterhead], dict[str, str]] = field(default=lambda _: {})


async def of_job(job_id: str, event: events.JobEvent, scope: Scope) -> None:
    job = await scope.store(JobStore).get(job_id)
    await tell_all(job, _WRITERS[type(event)](job), scope)


async def tell_all(job: Job, notices: Iterable[Notice], scope: Scope) -> None:
    for notice in notices:
        person = await reader(notice.to, scope)
        if person is not None:
            other = await reader(notice.other, scope)
            await _tell(job, notice, person, other, scope)


async def _tell(
    job: Job, notice: Notice, person: Person, other: Person | None, scope: Scope
) -> None:
    head = Letterhead.to(person, scope.tenant)
    values = {
        "title": job.title,
        "city": job.address.city,
        "category": head.category(job.category),
        "other": other.display_name if other else head.say("nobody"),
        "slot": head.slot(job.slot) if job.slot else "",
        "price": head.money(job.agreement.price) if job.agreement else "",
    }
    values |= notice.values(head)
    await send(notice.kind, person, scope, job.id, *notice.key, **values)


def _to_both(job: Job, kind: str, *key: str) -> list[Notice]:
    sides = (job.customer_id, job.helper_id)
    return [
        Notice(kind, one, other, key) for one, other in zip(sides, reversed(sides), strict=True)
    ]


def _to_side(
    job: Job, side: Side, kind: str, *key: str, **more: Callable[[Letterhead], str]
) -> Notice:
    sides = {Side.CUSTOMER: job.customer_id, Side.HELPER: job.helper_id}

    def values(head: Letterhead) -> dict[str, str]:
        return {name: said(head) for name, said in more.items()}

    return Notice(kind, sides[side], sides[side.other], key, values)


def _to_the_other(job: Job, kind: str, command: Command) -> list[Notice]:
    """Across from whoever gave this command last; to both where it was support, or a timer."""
    step = next(step for step in reversed(job.timeline) if step.command == command)
    key = step.at.isoformat()
    for side, person in ((Side.CUSTOMER, job.customer_id), (Side.HELPER, job.helper_id)):
        if step.actor == person:
            return [_to_side(job, side.other, kind, key)]
    return _to_both(job, kind, key)


def _requested(job: Job) -> list[Notice]:
    if job.state is not State.REQUESTED or job.helper_id is None:
        return []
    until = job.request_expires_at
    said = _to_side(job, Side.HELPER, "request", until=lambda head: head.moment(until))
    return [said]


def _offered(job: Job) -> list[Notice]:
    """Each open offer, to whoever is to answer it."""
    found = []
    for offer in job.open_offers():
        kind = "counter" if offer.round else "offer"
        to = job.customer_id if offer.side is Side.HELPER else offer.helper_id
        found.append(Notice(kind, to, offer.by, (offer.id,), partial(_terms, offer)))
    return found


def _terms(offer: Offer, head: Letterhead) -> dict[str, str]:
    return {
        "slot": head.slot(offer.terms.slot),
        "price": head.money(offer.terms.price),
        "until": head.moment(offer.expires_at),
    }


def _booked(job: Job) -> list[Notice]:
    return _to_both(job, "booked", job.agreed.offer_id) if job.state in HOLDING else []


def _rescheduling(job: Job) -> list[Notice]:
    proposal = job.reschedule
    if proposal is None:
        return []
    slot, until = proposal.slot, proposal.expires_at
    return [
        _to_side(
            job,
            proposal.side.other,
            "reschedule",
            proposal.id,
            slot=lambda head: head.slot(slot),
            until=lambda head: head.moment(until),
        )
    ]


def _change(job: Job) -> list[Notice]:
    change = job.change
    if change is None:
        return []
    minutes: int = change.minutes
    materials: Money = change.materials
    return [
        _to_side(
            job,
            Side.CUSTOMER,
            "change",
            change.id,
            minutes=lambda _: str(minutes),
            materials=lambda head: head.money(materials),
        )
    ]


def _settlement(job: Job) -> list[Notice]:
    if job.proposed_resolution is None:
        return []
    return _to_the_other(job, "settlement", Command.RESOLVE)


def _when(state: State, kind: str, side: Side) -> Callable[[Job], list[Notice]]:
    """While the job is in this state, to this side."""

    def writer(job: Job) -> list[Notice]:
        if job.state is not state:
            return []
        # A request that was sent out again can come to the same end again.
        return [_to_side(job, side, kind, job.timeline[-1].at.isoformat())]

    return writer


def _told(command: Command, kind: str) -> Callable[[Job], list[Notice]]:
    """Whatever came later, the other side is told."""
    return lambda job: _to_the_other(job, kind, command)


_WRITERS: dict[type[events.JobEvent], Callable[[Job], list[Notice]]] = {
    events.JobRequested: _requested,
    events.JobOffered: _offered,
    events.JobDeclined: _when(State.DECLINED, "declined", Side.CUSTOMER),
    events.JobExpired: _when(State.EXPIRED, "expired", Side.CUSTOMER),
    events.JobBooked: _booked,
    events.JobRescheduleProposed: _rescheduling,
    events.JobRescheduled: _told(Command.ACCEPT_RESCHEDULE, "rescheduled"),
    events.JobChangeProposed: _change,
    events.JobDelivered: _when(State.DELIVERED, "delivered", Side.CUSTOMER),
    events.JobUnsuccessful: _when(State.UNSUCCESSFUL, "unsuccessful", Side.CUSTOMER),
    events.JobCancelled: _told(Command.CANCEL, "cancelled"),
    events.JobNoShow: _told(Command.NO_SHOW, "no_show"),
    events.JobDisputed: _told(Command.DISPUTE, "disputed"),
    events.JobResolutionProposed: _settlement,
    events.JobResolved: lambda job: _to_both(job, "resolved"),
}

TOLD = tuple(_WRITERS)


async def of_appointment(event: events.AppointmentApproached, scope: Scope) -> None:
    """A day before: the helper is asked to confirm, unless that was done."""
    job, start = await scope.store(JobStore).get(event.facts.job_id), event.facts.start
    if job.state is State.BOOKED and job.booked_slot.start == start:
        said = _to_side(job, Side.HELPER, "confirm", start.isoformat())
        await tell_all(job, [said], scope)


async def tell_line_fault(job: Job, scope: Scope) -> None:
    """Both sides may agree on another appointment, as long as the visit is yet to come."""
    if job.line_faulty and job.state in AHEAD:
        said = _to_both(job, "line_fault", job.line_checks[-1].occasion)
        await tell_all(job, said, scope)
