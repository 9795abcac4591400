"""The job: all behaviours together, and its timer."""

from dataclasses import dataclass
from datetime import datetime

from services.jobs.model.paying import Paying
from services.jobs.model.redacting import Redacting
from services.jobs.model.requesting import Requesting
from services.jobs.model.showing import Showing
from services.jobs.model.state import Events
from services.jobs.model.transitions import ENDED, HOLDING, UNBOOKED, State


@dataclass(kw_only=True)
class Job(Requesting, Paying, Showing, Redacting):
    """The aggregate. Every public method is a command of the table, named in ``transitions``.

    The behaviours are classes of their own, each in a file: requesting, negotiation, booking,
    visit, ending, paying, showing, redacting.
    """

    def on_due(self, now: datetime) -> Events:
        """What the state reached says must happen by itself; nothing when it is not time yet."""
        if self.due_at is None or now < self.due_at:
            return []
        if self.state in UNBOOKED:
            return self._time_out(now)
        if self.state in HOLDING:
            return self._remind(now)
        if self.state is State.DELIVERED:
            return self.complete(None, now)
        if self.state in ENDED:
            return self._close(now)
        self.due_at = None
        return []

    def _remind(self, now: datetime) -> Events:
        """An answer to a wish for another slot, or the helper's word, did not come in time."""
        if self.reschedule is not None and self.reschedule.expires_at <= now:
            return self._lapse_reschedule(now)
        if self.state is State.BOOKED and not self.confirmation_missed:
            return self._miss_confirmation(now)
        self.due_at = None
        return []
