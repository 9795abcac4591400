"""A person's appointments as a calendar (iCalendar, RFC 5545)."""

from datetime import datetime, timedelta

from icalendar import Calendar, Event

from services.jobs.model import Caller, Job, State
from services.jobs.model.transitions import HOLDING
from services.jobs.model.values import Side
from services.jobs.papers import Letterhead
from services.jobs.store import JobStore
from services.jobs.views.job import exact_address
from shared.replicas import People
from shared.scope import Scope

SHOWN_FOR = timedelta(days=90)
"""After its end an appointment stays in the calendar."""

_BATCH = 50
_OLDEST = timedelta(days=200)
"""A job requested longer ago cannot have an appointment worth showing: 90 days ahead at most."""

_STATUS = {State.CANCELLED: "CANCELLED", State.NO_SHOW: "CANCELLED", State.BOOKED: "TENTATIVE"}


async def feed(person_id: str, scope: Scope) -> bytes:
    """Appointments of both roles, in the reader's language and the tenant's time zone."""
    person = await scope.store(People).get(person_id)
    head = Letterhead.to(person, scope.tenant)
    calendar = Calendar()
    calendar.add("prodid", f"-//{scope.tenant.brand.name}//Helphood//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", scope.tenant.brand.programme_name)
    calendar.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    for job in await _appointments(person_id, scope):
        calendar.add_component(_entry(job, Caller(person_id), head))
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


async def _appointments(person_id: str, scope: Scope) -> list[Job]:
    """Those that lie ahead or not long ago, by their time."""
    found: dict[str, Job] = {}
    oldest = scope.now - _OLDEST
    for seat in (f"customer:{person_id}", f"helper:{person_id}"):
        before: str | None = None
        while jobs := await scope.store(JobStore).of(seat, None, before, _BATCH):
            before = jobs[-1].order
            found |= {job.id: job for job in jobs if _worth_showing(job, scope.now)}
            if jobs[-1].when(State.REQUESTED) < oldest:
                break
    return sorted(found.values(), key=lambda job: (job.booked_slot.start, job.id))


def _worth_showing(job: Job, now: datetime) -> bool:
    return job.slot is not None and job.slot.end > now - SHOWN_FOR


def _entry(job: Job, reader: Caller, head: Letterhead) -> Event:
    """Cancelled ones stay, marked, so that programs take them out; the version orders updates."""
    slot, side = job.booked_slot, job.side_of(reader)
    entry = Event()
    entry.add("uid", f"{job.id}@{head.tenant.hosts[0]}")
    entry.add("sequence", job.version)
    entry.add("dtstamp", job.timeline[-1].at)
    entry.add("dtstart", slot.start.astimezone(head.zone))
    entry.add("dtend", slot.end.astimezone(head.zone))
    entry.add("summary", f"{head.category(job.category)}: {job.title}")
    entry.add("status", _STATUS.get(job.state, "CONFIRMED"))
    entry.add("transp", "OPAQUE" if job.state in HOLDING else "TRANSPARENT")
    entry.add("categories", [head.say("helper" if side is Side.HELPER else "customer")])
    address = exact_address(job, side)
    if address is not None and address.street:
        entry.add("location", f"{address.street}, {address.postcode} {address.city}")
    return entry
