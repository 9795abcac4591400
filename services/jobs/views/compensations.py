"""What the operator owes, as it is shown."""

from services.jobs.model.compensation import Compensation
from shared.http.fields import Instant, MoneyOut, View


class CompensationView(View):
    """side: whose it is. cause: line_inactive or router_fault."""

    id: str
    job_id: str
    person_id: str
    side: str
    cause: str
    amount: MoneyOut
    granted_at: Instant


class CompensationsView(View):
    data: list[CompensationView]


def compensation_view(entry: Compensation) -> CompensationView:
    return CompensationView(
        id=entry.id,
        job_id=entry.job_id,
        person_id=entry.person_id,
        side=entry.side,
        cause=entry.cause,
        amount=MoneyOut.of(entry.amount),
        granted_at=entry.granted_at,
    )
