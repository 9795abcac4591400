"""A person's account in one tenant: registration, verification, roles, suspension."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from shared.contracts.identity import (
    AccountEvent,
    AccountFacts,
    AccountRegistered,
    AccountReinstated,
    AccountSuspended,
    AccountUpdated,
    AccountVerified,
)
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Conflict, Invalid, Limited

CODE_LIFE = timedelta(minutes=10)
CODE_TRIES = 5
RESEND_AFTER = timedelta(minutes=1)

GRANTABLE = ("support", "tenant_admin")
"""Roles a person is given by an administrator; helper is earned, customer is everyone."""


class InvalidCode(Invalid):
    """Wrong, expired, used up, unknown e-mail or nothing to verify: one answer for all."""

    code = "invalid_code"

    def __init__(self) -> None:
        super().__init__("this code is not valid", pointer="/code")


class NotSuspended(Conflict):
    code = "not_suspended"


class AlreadySuspended(Conflict):
    code = "already_suspended"


def normalise_email(email: str) -> str:
    """The form in which an address is unique in a tenant: case folded."""
    return email.strip().casefold()


@dataclass(frozen=True)
class Challenge:
    """The verification code in force; number counts the codes ever issued for the account.

    The code itself is derived from a secret, the account and the number; it is stored nowhere.
    """

    number: int
    issued_at: datetime
    tries: int = 0

    def alive(self, at: datetime) -> bool:
        return self.tries < CODE_TRIES and at < self.issued_at + CODE_LIFE


@dataclass(kw_only=True)
class Account(Aggregate):
    """email as the person wrote it; password_hash in argon2's own format."""

    ROLES: ClassVar[Sequence[str]] = ("customer", "helper", *GRANTABLE, "platform_admin")

    email: str
    display_name: str
    language: str
    password_hash: str
    roles: list[str] = field(default_factory=lambda: ["customer"])
    status: str = "active"
    registered_at: datetime
    verified_at: datetime | None = None
    challenge: Challenge | None = None
    tokens_valid_from: datetime | None = None
    suspension_reason: str | None = None

    @classmethod
    def register(
        cls,
        *,
        id: str,
        email: str,
        display_name: str,
        language: str,
        password_hash: str,
        at: datetime,
    ) -> tuple["Account", list[AccountEvent]]:
        account = cls(
            id=id,
            email=email,
            display_name=display_name,
            language=language,
            password_hash=password_hash,
            registered_at=at,
            challenge=Challenge(1, at),
        )
        return account, [AccountRegistered(account.facts())]

    @property
    def email_verified(self) -> bool:
        return self.verified_at is not None

    @property
    def powers(self) -> list[str]:
        """The roles that count: none but customer before the address is known to be theirs."""
        return list(self.roles) if self.email_verified else ["customer"]

    def challenge_again(self, at: datetime) -> list[AccountEvent]:
        """A new code; Limited within a minute of the last, nothing at all once verified."""
        if self.email_verified:
            return []
        if self.challenge is not None and at < self.challenge.issued_at + RESEND_AFTER:
            wait = self.challenge.issued_at + RESEND_AFTER - at
            raise Limited("one code a minute", retry_after=max(1, round(wait.total_seconds())))
        number = self.challenge.number + 1 if self.challenge else 1
        self.challenge = Challenge(number, at)
        return []

    def answer(self, *, right: bool, at: datetime) -> list[AccountEvent]:
        """Use a try of the code in force; the fifth wrong one ends it.

        Does not raise on a wrong code, since the used try must be saved.
        """
        challenge = self.challenge
        if challenge is None or not challenge.alive(at):
            return []
        if not right:
            self.challenge = Challenge(challenge.number, challenge.issued_at, challenge.tries + 1)
            return []
        self.challenge = None
        self.verified_at = at
        return [AccountVerified(self.facts())]

    def edit(self, *, display_name: str | None, language: str | None) -> list[AccountEvent]:
        before = (self.display_name, self.language)
        self.display_name = display_name or self.display_name
        self.language = language or self.language
        return [AccountUpdated(self.facts())] if before != self._named() else []

    def _named(self) -> tuple[str, str]:
        return self.display_name, self.language

    def grant(self, role: str) -> list[AccountEvent]:
        """Add a role; nothing happens when it is there already."""
        if role in self.roles:
            return []
        self.roles = [known for known in self.ROLES if known in (*self.roles, role)]
        return [AccountUpdated(self.facts())]

    def suspend(self, reason: str, at: datetime) -> list[AccountEvent]:
        if self.status == "suspended":
            raise AlreadySuspended("this account is suspended already")
        self.status = "suspended"
        self.suspension_reason = reason
        self.tokens_valid_from = at
        return [AccountSuspended(self.facts())]

    def reinstate(self) -> list[AccountEvent]:
        if self.status != "suspended":
            raise NotSuspended("this account is not suspended")
        self.status = "active"
        self.suspension_reason = None
        return [AccountReinstated(self.facts())]

    def believes(self, session_started: datetime) -> bool:
        """Whether a session of then still counts: a suspension ends all that came before it."""
        ended = self.tokens_valid_from
        return self.status == "active" and (ended is None or session_started >= ended)

    def facts(self) -> AccountFacts:
        return AccountFacts(
            email=self.email,
            display_name=self.display_name,
            language=self.language,
            roles=list(self.roles),
            status=self.status,
            email_verified=self.email_verified,
            registered_at=self.registered_at,
            verified_at=self.verified_at,
            tokens_valid_from=self.tokens_valid_from,
        )
