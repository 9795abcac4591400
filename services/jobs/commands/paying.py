"""Each side's word on payment."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from services.jobs.commands.giving import OnJob, carry_out
from services.jobs.model import Caller, Command, Job
from services.jobs.model.state import Events
from services.jobs.model.values import PaymentMethod
from services.jobs.store import JobStore
from shared.scope import Scope


@dataclass(frozen=True)
class Payment:
    """on is the tenant's date."""

    method: PaymentMethod
    on: date


@dataclass(frozen=True)
class SayPayment(OnJob):
    """payment None: there was none (yet)."""

    payment: Payment | None


async def say_payment(cmd: SayPayment, jobs: JobStore, scope: Scope) -> Job:
    def say(job: Job, by: Caller) -> Events:
        paid = cmd.payment
        if paid is None:
            return job.say_unpaid(by, scope.now)
        zone = ZoneInfo(scope.tenant.time_zone)
        return job.say_paid(paid.method, paid.on, by, scope.now, zone)

    return await carry_out(cmd, Command.PAYMENT_WORD, say, jobs, scope)
