"""Keeping a timer for each booked appointment."""

from services.jobs.model.appointment import Appointment
from services.jobs.store import AppointmentStore, JobStore
from shared.scope import Scope


async def watch_appointment(job_id: str, scope: Scope) -> None:
    """By what the job says now: an older word changes nothing."""
    job = await scope.store(JobStore).get(job_id)
    if job.slot is None:
        return
    start, appointments = job.slot.start, scope.store(AppointmentStore)
    fresh = Appointment.of(job_id, start, scope.now)
    if not await appointments.ensure(fresh, []):
        await appointments.update(fresh.id, lambda each: each.move(start, scope.now))
