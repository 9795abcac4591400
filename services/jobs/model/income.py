"""What helpers earned in a year, quarter by quarter, as it must be reported."""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from services.jobs.model.credit_notes import CreditNote
from services.jobs.model.job import Job
from services.jobs.model.receipts import Receipt
from services.jobs.model.values import Charge
from shared.kernel.money import Money


@dataclass(frozen=True)
class Fees:
    """What of a job's fee became due in a year, or was taken back in it."""

    helper_id: str
    filed: str
    charges: tuple[Charge, ...]

    @classmethod
    def of(cls, job: Job, year: int, zone: ZoneInfo) -> "Fees":
        assert job.helper_id is not None, "a fee is owed to a helper"
        charges = (each for each in job.charges if each.at.astimezone(zone).year == year)
        return cls(job.helper_id, job.filed, tuple(charges))


Entry = Receipt | CreditNote | Fees


@dataclass
class Quarter:
    """In minor units. gross is what receipts say and fees that became due, less what was refunded
    or taken back in the quarter; fees is their part of it. activities are its receipts: a visit
    that did not take place is none. commission is what the operator withheld of the receipts."""

    gross: int = 0
    fees: int = 0
    commission: int = 0
    activities: int = 0

    @property
    def consideration(self) -> int:
        """Net of what the operator withheld, as the directive wants it."""
        return self.gross - self.commission


@dataclass
class Income:
    """One helper's year."""

    helper_id: str
    currency: str
    quarters: list[Quarter] = field(default_factory=lambda: [Quarter() for _ in range(4)])

    def add(self, entry: Entry, zone: ZoneInfo) -> None:
        """A receipt adds to the quarter of its date, a credit note takes from that of its own, and
        of a fee each change counts when it was made."""
        if isinstance(entry, Fees):
            for charge in entry.charges:
                self._add_fee(charge, zone)
            return
        quarter = self.quarters[quarter_of(entry.issued_at, zone)]
        # Another currency than the tenant's own is a defect, and no figure to be reported.
        amount = Money.zero(self.currency) + entry.total
        withheld = amount.times(entry.commission_bps, 10_000).amount_minor
        if isinstance(entry, Receipt):
            quarter.gross += amount.amount_minor
            quarter.commission += withheld
            quarter.activities += 1
        else:
            quarter.gross -= amount.amount_minor
            quarter.commission -= withheld

    def _add_fee(self, charge: Charge, zone: ZoneInfo) -> None:
        amount = (Money.zero(self.currency) + charge.amount).amount_minor
        quarter = self.quarters[quarter_of(charge.at, zone)]
        quarter.gross += amount
        quarter.fees += amount


def quarter_of(moment: datetime, zone: ZoneInfo) -> int:
    """0 to 3 on the tenant's calendar."""
    return (moment.astimezone(zone).month - 1) // 3


def behind(helper_id: str) -> str:
    """Sorts behind every paper of this helper, and before those of the next."""
    return f"{helper_id}|~"
