"""A person's address: proved by a code, kept while they move, never flooded by strangers."""

from dataclasses import dataclass, field
from datetime import datetime

from services.identity.model.codes import (
    CLAIM_LIFE,
    RESEND_AFTER,
    UNASKED_MAILS,
    UNASKED_PAUSE,
    UNASKED_WINDOW,
    Challenge,
    EmailChange,
    Reset,
)
from shared.kernel.aggregate import Aggregate


def normalise_email(email: str) -> str:
    """The form in which an address is unique in a tenant: case folded."""
    return email.strip().casefold()


@dataclass(kw_only=True)
class Mailbox(Aggregate):
    """email as the person wrote it.

    codes_issued numbers the codes for new passwords and addresses; unasked holds when mails were
    caused by people who need not be the owner.
    """

    email: str
    verified_at: datetime | None = None
    challenge: Challenge | None = None
    codes_issued: int = 0
    reset: Reset | None = None
    email_change: EmailChange | None = None
    unasked: list[datetime] = field(default_factory=list)

    @property
    def email_verified(self) -> bool:
        return self.verified_at is not None

    def holds(self, address: str) -> bool:
        """Whether this normalised address is the account's."""
        return normalise_email(self.email) == address

    def moves_to(self, address: str, at: datetime) -> bool:
        """Whether this normalised address is kept for the account, which is moving there."""
        change = self.email_change
        if change is None or normalise_email(change.email) != address:
            return False
        return at < change.challenge.issued_at + CLAIM_LIFE

    def may_mail(self, at: datetime) -> bool:
        """Count one more mail that a stranger may have caused; False when there were enough."""
        self.unasked = [time for time in self.unasked if time > at - UNASKED_WINDOW]
        if len(self.unasked) >= UNASKED_MAILS and at < self.unasked[-1] + UNASKED_PAUSE:
            return False
        self.unasked = [*self.unasked, at]
        return True

    def challenge_again(self, at: datetime) -> None:
        """A new code; Limited within a minute of the last, nothing at all once verified."""
        if self.email_verified:
            return
        if self.challenge is not None:
            self.challenge.check_patience(at)
        self.challenge = Challenge(self.challenge.number + 1 if self.challenge else 1, at)

    def ask_email_change(self, email: str, at: datetime) -> None:
        """Limited within a minute of the last such wish."""
        if self.email_change is not None:
            self.email_change.challenge.check_patience(at)
        self.codes_issued += 1
        self.email_change = EmailChange(email, Challenge(self.codes_issued, at))

    def miss_email_change(self) -> None:
        """A wrong code was given."""
        if self.email_change is not None:
            missed = self.email_change.challenge.missed()
            self.email_change = EmailChange(self.email_change.email, missed)

    def ask_reset(self, at: datetime) -> bool:
        """Have a code for a new password in force; False when it must not be mailed (again).

        A code that lives goes on and is mailed again instead of a new one, so that nobody can keep
        the owner from using theirs.
        """
        if self.unasked and at < self.unasked[-1] + RESEND_AFTER:
            return False
        if not self.may_mail(at):
            return False
        if self.reset is None or not self.reset.alive(at):
            self.codes_issued += 1
            self.reset = Reset(self.codes_issued, at)
        self.reset = Reset(self.reset.number, at)
        return True
