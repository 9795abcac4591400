"""Codes sent by mail: what they prove, how long they live, how often they are sent."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.kernel.errors import Invalid, Limited

CODE_LIFE = timedelta(minutes=10)
CODE_TRIES = 5
RESEND_AFTER = timedelta(minutes=1)

RESET_LIFE = timedelta(minutes=30)
"""Of a code for a new password, which is too long to be guessed and needs no limit of tries."""

UNASKED_WINDOW = timedelta(hours=1)
UNASKED_MAILS = 10
UNASKED_PAUSE = timedelta(minutes=15)
"""Strangers may cause ten mails an hour to one address, then one every quarter of an hour: no
mailbox is flooded, and the owner who asks is never without a code that lives."""

CLAIM_LIFE = timedelta(hours=1)
"""How long a new address is kept for whoever is moving there; longer than the code lives."""


class InvalidCode(Invalid):
    """Wrong, expired, used up, unknown e-mail or nothing to verify: one answer for all."""

    code = "invalid_code"

    def __init__(self) -> None:
        super().__init__("this code is not valid", pointer="/code")


@dataclass(frozen=True)
class Challenge:
    """A six-digit code in force; number counts the codes ever issued to the account.

    The code itself is derived from a secret, the account and the number; it is stored nowhere.
    """

    number: int
    issued_at: datetime
    tries: int = 0

    def alive(self, at: datetime) -> bool:
        return self.tries < CODE_TRIES and at < self.issued_at + CODE_LIFE

    def missed(self) -> "Challenge":
        """After a wrong try; the fifth is the last."""
        return Challenge(self.number, self.issued_at, self.tries + 1)

    def check_patience(self, at: datetime) -> None:
        """Limited within a minute of this code."""
        wait = (self.issued_at + RESEND_AFTER - at).total_seconds()
        if wait > 0:
            raise Limited("one code a minute", retry_after=max(1, round(wait)))


@dataclass(frozen=True)
class Reset:
    """A long code for a new password. Strangers can ask for one, but not use it up."""

    number: int
    issued_at: datetime

    def alive(self, at: datetime) -> bool:
        return at < self.issued_at + RESET_LIFE


@dataclass(frozen=True)
class EmailChange:
    """The address a person is moving to, until its code is given back."""

    email: str
    challenge: Challenge
