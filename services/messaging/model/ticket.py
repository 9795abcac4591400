"""A ticket: lets whoever holds it open one live stream, as browsers cannot send a token there."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Conflict

LIFE = timedelta(seconds=60)


class TicketUsed(Conflict):
    """It opened a stream before, or its minute is over."""

    code = "invalid_ticket"


@dataclass(kw_only=True)
class Ticket(Aggregate):
    """id is from a digest of the secret, which is kept nowhere.

    session, signed_in_at and expires_at are those of the token it was asked for with: the stream
    ends when that one does.
    """

    person_id: str
    session: str
    signed_in_at: datetime
    expires_at: datetime
    issued_at: datetime
    used: bool = False

    def use(self, at: datetime) -> None:
        """Once, and within LIFE."""
        if self.used or at >= self.issued_at + LIFE:
            raise TicketUsed("this ticket is of no use any more")
        self.used = True
