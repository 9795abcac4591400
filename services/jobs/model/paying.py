"""What is owed in the end, and what both sides say of its payment; money itself goes past us."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.jobs.model.ending import Ending
from services.jobs.model.state import Caller, Events
from services.jobs.model.transitions import Command, State
from services.jobs.model.values import PaymentMethod, PaymentWord
from shared.kernel.errors import Invalid
from shared.kernel.money import Money


class Paying(Ending):
    """Each side has one word, its latest; where the two differ, both are shown."""

    def due(self) -> Money | None:
        """What the customer owes the helper: the work accepted and a fee, less a refund."""
        if not self.owing:
            return None
        amount = Money.zero(self.agreed.price.currency)
        if self.accepted_at is not None:
            amount = self.worth()
            if self.resolution is not None and self.resolution.refund is not None:
                amount = amount - self.resolution.refund
        return amount if self.fee_due is None else amount + self.fee_due

    def say_paid(
        self, method: PaymentMethod, on: date, by: Caller, at: datetime, zone: ZoneInfo
    ) -> Events:
        """As the customer: I paid; as the helper: I was paid. on is a date in the tenant's zone."""
        side = self.permit(Command.PAYMENT_WORD, by, at)
        if on > at.astimezone(zone).date():
            raise Invalid("cannot be in the future", pointer="/on")
        if on < self.when(State.REQUESTED).astimezone(zone).date():
            raise Invalid("cannot be before the job was asked for", pointer="/on")
        word = PaymentWord(paid=True, said_at=at, method=method, on=on.isoformat())
        return self._say(side, word, by, at)

    def say_unpaid(self, by: Caller, at: datetime) -> Events:
        """As the customer: I did not pay (yet); as the helper: I was not paid (yet)."""
        side = self.permit(Command.PAYMENT_WORD, by, at)
        return self._say(side, PaymentWord(paid=False, said_at=at), by, at)

    def _say(self, side: str, word: PaymentWord, by: Caller, at: datetime) -> Events:
        self.payment_words = {**self.payment_words, side: word}
        self._step(Command.PAYMENT_WORD, at, by=by)
        return []
