"""What helpers earned in a year, quarter by quarter, as it must be reported."""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from services.jobs.model.credit_notes import CreditNote
from services.jobs.model.receipts import Receipt
from shared.kernel.money import Money

Entry = Receipt | CreditNote


@dataclass
class Quarter:
    """In minor units. gross is what receipts say less what was refunded in the quarter; activities
    are its receipts; commission is what the operator withheld of gross."""

    gross: int = 0
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
        """A receipt adds to the quarter of its date, a credit note takes from that of its own."""
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


def quarter_of(moment: datetime, zone: ZoneInfo) -> int:
    """0 to 3 on the tenant's calendar."""
    return (moment.astimezone(zone).month - 1) // 3


def behind(helper_id: str) -> str:
    """Sorts behind every paper of this helper, and before those of the next."""
    return f"{helper_id}|~"
