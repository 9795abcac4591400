"""Jobs in any state, the people in them, and what they say; pure values on a fixed Monday."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.jobs.model import Caller, Command, Job, State
from services.jobs.model.calendar import Availability, Hold, Hours
from services.jobs.model.helper import Helper
from services.jobs.model.requesting import Wish
from services.jobs.model.state import Events
from services.jobs.model.transitions import WHO
from services.jobs.model.values import (
    Address,
    Cause,
    Change,
    Delivery,
    Fee,
    Offer,
    Outcome,
    Party,
    Reschedule,
    Resolution,
    Side,
    Slot,
    Terms,
)
from shared.kernel.geo import Point
from shared.kernel.ids import new_id
from shared.kernel.money import Money
from tests.tenants import VODAFONE

NOW = datetime.fromisoformat("2026-03-02T10:00:00+00:00")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
PLACE = Point(52.5312, 13.3889)

ADA = Caller("ada")
SUE = Caller("sue", support=True)
EVA = Caller("eva")
"""Somebody without any part in the job."""


def eur(cents: int) -> Money:
    return Money(cents, "EUR")


def a_slot(ahead: timedelta = 2 * DAY, hours: int = 2) -> Slot:
    return Slot(NOW + ahead, NOW + ahead + hours * HOUR)


def around_the_clock() -> Availability:
    return Availability(hours=[Hours(str(day), "00:00", "24:00") for day in range(1, 8)])


def a_helper(id: str = "ben", **changes: Any) -> Helper:
    helper = Helper(
        id=id,
        status="listed",
        skills=["wifi", "tv"],
        radius_m=10_000,
        trader_status="private",
        availability=around_the_clock(),
        place=Point(52.52, 13.405),
        qualified={"wifi": NOW + 300 * DAY, "tv": NOW + 300 * DAY},
    )
    return replace(helper, **changes)


BEN = Caller("ben", helper=a_helper("ben"))
CEM = Caller("cem", helper=a_helper("cem"))


def a_wish(**changes: Any) -> Wish:
    wish = Wish(
        category="wifi",
        title="No Wi-Fi in the kitchen",
        description="Since the new router",
        address=Address("Invalidenstraße 1", "10115", "Berlin"),
        place=PLACE,
        slots=[a_slot()],
    )
    return replace(wish, **changes)


def terms(**changes: Any) -> Terms:
    """90 minutes at 15.00 EUR, 3.00 travel, 5.00 materials: 30.50 EUR."""
    offered = Terms(
        slot=a_slot(), minutes=90, hourly_rate=eur(1500), travel=eur(300), materials=eur(500)
    )
    return replace(offered, **changes)


def a_delivery(**changes: Any) -> Delivery:
    delivery = Delivery("Moved the access point", 80, eur(400), Outcome.SOLVED)
    return replace(delivery, **changes)


def requested(*, broadcast: bool = False, at: datetime = NOW, **wish: Any) -> Job:
    job, _ = Job.request(
        a_wish(**wish),
        id=new_id("job"),
        customer=ADA,
        helper_id=None if broadcast else "ben",
        tenant=VODAFONE,
        at=at,
    )
    return saved(job)


def saved(job: Job) -> Job:
    """As the store would have it: a version further."""
    job.version += 1
    return job


def offered(*, broadcast: bool = False, **changes: Any) -> Job:
    job = requested(broadcast=broadcast)
    job.offer(terms(**changes), BEN, NOW)
    return saved(job)


def a_hold(job: Job, ref: str, slot: Slot | None = None) -> Hold:
    return Hold(job.id, ref, slot or a_slot(), job.fence, NOW)


def book(job: Job, by: Caller = ADA, *, at: datetime = NOW, offer_id: str = "") -> Events:
    offer = next(each for each in job.open_offers() if offer_id in ("", each.id))
    hold = a_hold(job, offer.id, offer.terms.slot)
    return job.accept(offer.id, by, hold=hold, helper=a_helper(offer.helper_id), at=at)


def booked(*, at: datetime = NOW, **changes: Any) -> Job:
    job = offered(**changes)
    book(job, at=at)
    return saved(job)


def confirmed(**changes: Any) -> Job:
    job = booked(**changes)
    job.confirm(BEN, NOW)
    return saved(job)


def in_progress() -> Job:
    job = confirmed()
    job.start(BEN, job.booked_slot.start)
    return saved(job)


def delivered(**changes: Any) -> Job:
    job = in_progress()
    job.deliver(a_delivery(**changes), BEN, job.booked_slot.end)
    return saved(job)


def completed(**changes: Any) -> Job:
    job = delivered(**changes)
    job.complete(ADA, job.booked_slot.end)
    return saved(job)


def then(job: Job, act: Callable[[Job], Any]) -> Job:
    act(job)
    return saved(job)


def a_job(state: State) -> Job:
    """A direct job that came to this state on the usual way."""
    ways: dict[State, Callable[[], Job]] = {
        State.REQUESTED: requested,
        State.OFFERED: offered,
        State.DECLINED: lambda: then(requested(), lambda job: job.decline(BEN, NOW)),
        State.WITHDRAWN: lambda: then(requested(), lambda job: job.withdraw(ADA, NOW)),
        State.EXPIRED: lambda: then(requested(), lambda job: job.on_due(job.request_expires_at)),
        State.BOOKED: booked,
        State.CONFIRMED: confirmed,
        State.EN_ROUTE: lambda: then(confirmed(), lambda job: job.depart(BEN, NOW)),
        State.IN_PROGRESS: in_progress,
        State.DELIVERED: delivered,
        State.COMPLETED: completed,
        State.UNSUCCESSFUL: lambda: then(
            in_progress(), lambda job: job.fail(Cause.SKILL_GAP, BEN, NOW)
        ),
        State.CANCELLED: lambda: then(
            booked(), lambda job: job.cancel("ill", Party.HELPER, BEN, NOW)
        ),
        State.NO_SHOW: lambda: then(
            confirmed(), lambda job: job.no_show(BEN, job.booked_slot.start + HOUR)
        ),
        State.DISPUTED: lambda: then(
            completed(), lambda job: job.dispute("broken", ADA, job.booked_slot.end)
        ),
        State.RESOLVED: lambda: then(
            a_job(State.DISPUTED), lambda job: job.resolve(Resolution("settled"), SUE, NOW)
        ),
        State.CLOSED: lambda: then(
            completed(), lambda job: job.on_due(job.booked_slot.end + 60 * DAY)
        ),
    }
    job = ways[state]()
    assert job.state is state
    return job


def fee_of(job: Job) -> Fee:
    assert job.fee is not None
    return job.fee


def change_of(job: Job) -> Change:
    assert job.change is not None
    return job.change


def proposal_of(job: Job) -> Reschedule:
    assert job.reschedule is not None
    return job.reschedule


def talks(job: Job, helper_id: str) -> Offer:
    """The open offer in the talks with this helper."""
    offer = job.thread(helper_id)
    assert offer is not None
    return offer


PEOPLE = {Side.CUSTOMER: ADA, Side.HELPER: BEN, Side.SUPPORT: SUE}
GIVEN = [
    command
    for command, who in WHO.items()
    if command is not Command.REQUEST and who != (Side.TIMER,)
]
"""The commands that people give to a job that exists."""


def give(job: Job, command: Command, by: Caller, at: datetime) -> Events:
    """The command with what usually goes with it."""
    acts: dict[Command, Callable[[], Events]] = {
        Command.OFFER: lambda: job.offer(terms(), by, at),
        Command.COUNTER: lambda: job.counter(None, terms(minutes=60), by, at),
        Command.ACCEPT: lambda: _accept(job, by, at),
        Command.DECLINE: lambda: job.decline(by, at),
        Command.WITHDRAW: lambda: job.withdraw(by, at),
        Command.BROADCAST: lambda: job.send_out(by, at),
        Command.PROPOSE_RESCHEDULE: lambda: job.propose_reschedule(a_slot(3 * DAY), by, at),
        Command.ACCEPT_RESCHEDULE: lambda: _accept_reschedule(job, by, at),
        Command.REFUSE_RESCHEDULE: lambda: job.refuse_reschedule(by, at),
        Command.CONFIRM: lambda: job.confirm(by, at),
        Command.DEPART: lambda: job.depart(by, at),
        Command.START: lambda: job.start(by, at),
        Command.PROPOSE_CHANGE: lambda: job.propose_change(30, eur(0), "", by, at),
        Command.APPROVE_CHANGE: lambda: job.approve_change(None, by, at),
        Command.DELIVER: lambda: job.deliver(a_delivery(), by, at),
        Command.FAIL: lambda: job.fail(Cause.OTHER, by, at),
        Command.COMPLETE: lambda: job.complete(by, at),
        Command.CANCEL: lambda: job.cancel("ill", Party.HELPER, by, at),
        Command.AGREE_CAUSE: lambda: job.agree_cause(by, at),
        Command.NO_SHOW: lambda: job.no_show(by, at),
        Command.DISPUTE: lambda: job.dispute("broken", by, at),
        Command.PAYMENT_WORD: lambda: job.say_unpaid(by, at),
        Command.RESOLVE: lambda: job.resolve(Resolution("settled"), by, at),
    }
    return acts[command]()


def _accept(job: Job, by: Caller, at: datetime) -> Events:
    if job.open_offers():
        waiting = job.waiting_for(job.side_of(by), by.id)
        return book(job, by, at=at, offer_id=waiting[0].id if waiting else "")
    return job.accept("offer", by, hold=a_hold(job, "offer"), helper=a_helper(), at=at)


def _accept_reschedule(job: Job, by: Caller, at: datetime) -> Events:
    proposal = job.reschedule
    hold = a_hold(job, proposal.id if proposal else "", proposal.slot if proposal else None)
    return job.accept_reschedule(by, hold, at)
