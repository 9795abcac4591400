"""A booked appointment as a timer of its own: a day before it, somebody has to be told."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.contracts.jobs import AppointmentApproached, AppointmentFacts
from shared.kernel.aggregate import Aggregate
from shared.kernel.ids import derived_id

AHEAD = timedelta(hours=24)


@dataclass(kw_only=True)
class Appointment(Aggregate):
    """One for each booked job; whether the job is still booked is asked when the time has come."""

    job_id: str
    start: datetime

    @staticmethod
    def id_for(job_id: str) -> str:
        return derived_id("appointment", job_id)

    @classmethod
    def of(cls, job_id: str, start: datetime, now: datetime) -> "Appointment":
        id = cls.id_for(job_id)
        return cls(id=id, job_id=job_id, start=start, due_at=max(now, start - AHEAD))

    def move(self, start: datetime, now: datetime) -> list[AppointmentApproached]:
        if start != self.start:
            self.start, self.due_at = start, max(now, start - AHEAD)
        return []

    def on_due(self, now: datetime) -> list[AppointmentApproached]:
        if self.due_at is None or now < self.due_at:
            return []
        self.due_at = None
        return [AppointmentApproached(self.facts())]

    def facts(self) -> AppointmentFacts:
        return AppointmentFacts(job_id=self.job_id, start=self.start)
