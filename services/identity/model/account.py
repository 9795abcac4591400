"""A person's account in one tenant: registration, address, password, roles, suspension."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from services.identity.model.codes import Challenge, InvalidCode
from services.identity.model.mailbox import Mailbox
from services.identity.model.revocation import Revocable
from shared.contracts.identity import (
    AccountEvent,
    AccountFacts,
    AccountRegistered,
    AccountReinstated,
    AccountSuspended,
    AccountUpdated,
    AccountVerified,
)
from shared.kernel.errors import Conflict, Invalid

GRANTABLE = ("support", "tenant_admin")
"""Roles a person is given by an administrator; helper is earned, customer is everyone."""


class WrongPassword(Invalid):
    code = "wrong_password"

    def __init__(self) -> None:
        super().__init__("this is not your password", pointer="/current_password")


class NotSuspended(Conflict):
    code = "not_suspended"


class AccountLeaving(Conflict):
    """It is about to be erased."""

    code = "account_leaving"


class AlreadySuspended(Conflict):
    code = "already_suspended"


@dataclass(frozen=True)
class Consent:
    """That the person agreed to one version of a document, and when."""

    kind: str
    version: str
    at: datetime


@dataclass(kw_only=True)
class Account(Mailbox, Revocable):
    """password_hash in argon2's own format. consents are never forgotten, the newest is last."""

    ROLES: ClassVar[Sequence[str]] = ("customer", "helper", *GRANTABLE, "platform_admin")

    display_name: str
    language: str
    password_hash: str
    roles: list[str] = field(default_factory=lambda: ["customer"])
    status: str = "active"
    registered_at: datetime
    consents: list[Consent] = field(default_factory=list)
    suspension_reason: str | None = None
    reinstatement_reason: str | None = None
    """Of the last of either."""

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
        agreed: Mapping[str, str] | None = None,
    ) -> tuple["Account", list[AccountEvent]]:
        account = cls(
            id=id,
            email=email,
            display_name=display_name,
            language=language,
            password_hash=password_hash,
            registered_at=at,
            challenge=Challenge(1, at),
            consents=[Consent(kind, version, at) for kind, version in (agreed or {}).items()],
        )
        return account, [AccountRegistered(account.facts())]

    def register_again(
        self, *, display_name: str, language: str, password_hash: str, at: datetime
    ) -> tuple[bool, list[AccountEvent]]:
        """Somebody else, or the same person with another password, registers the address.

        As long as nobody has proved to own it, the latest registration counts: its password, and
        a new code, so that a code mailed for one registration never confirms another's password.
        Sessions of the earlier one end. The first answer says whether the code may be mailed.
        """
        self.password_hash, self.display_name, self.language = password_hash, display_name, language
        self.challenge = Challenge(self.challenge.number + 1 if self.challenge else 1, at)
        self.consents = []
        self.revoke(at)
        return self.may_mail(at), [AccountUpdated(self.facts())]

    # The address -------------------------------------------------------------------------------

    def answer(self, *, right: bool, at: datetime) -> list[AccountEvent]:
        """Use a try of the code in force; the fifth wrong one ends it.

        Does not raise on a wrong code, since the used try must be saved.
        """
        challenge = self.challenge
        if challenge is None or not challenge.alive(at):
            return []
        if not right:
            self.challenge = challenge.missed()
            return []
        return self._verify(at)

    def _verify(self, at: datetime) -> list[AccountEvent]:
        self.challenge = None
        self.verified_at = at
        return [AccountVerified(self.facts())]

    def move(self, *, number: int, at: datetime) -> list[AccountEvent]:
        """To the address whose code, the one with this number, was given. InvalidCode if not."""
        change = self.email_change
        if change is None or change.challenge.number != number or not change.challenge.alive(at):
            raise InvalidCode
        self.email, self.email_change = change.email, None
        self.challenge, self.reset, self.verified_at = None, None, at
        return [AccountUpdated(self.facts())]

    # The password ------------------------------------------------------------------------------

    def change_password(
        self, *, known_as: str, password_hash: str, at: datetime, session: str
    ) -> list[AccountEvent]:
        """End all sessions but this one. known_as is the hash that the old password matched;
        WrongPassword when that is not the one in force (any more)."""
        if known_as != self.password_hash:
            raise WrongPassword
        self.password_hash, self.reset = password_hash, None
        self.revoke(at, spare=session)
        return [AccountUpdated(self.facts())]

    def reset_password(
        self, *, right: bool, password_hash: str, at: datetime
    ) -> list[AccountEvent]:
        """By the mailed code, which proves the address as well. InvalidCode when it is not right.

        Every session ends, as whoever forgot a password may have been robbed of it.
        """
        if self.reset is None or not right or not self.reset.alive(at):
            raise InvalidCode
        self.password_hash, self.reset = password_hash, None
        self.revoke(at)
        return [AccountUpdated(self.facts())] if self.email_verified else self._verify(at)

    # Consent, name and roles -------------------------------------------------------------------

    def agree(self, versions: Mapping[str, str], at: datetime) -> list[AccountEvent]:
        """To documents by kind and version; nothing happens for what was agreed to already."""
        agreed = self.agreed
        new = {kind: version for kind, version in versions.items() if agreed.get(kind) != version}
        self.consents = [
            *self.consents,
            *(Consent(kind, version, at) for kind, version in sorted(new.items())),
        ]
        return [AccountUpdated(self.facts())] if new else []

    @property
    def agreed(self) -> dict[str, str]:
        """Kind of document -> the version agreed to last."""
        return {consent.kind: consent.version for consent in self.consents}

    @property
    def powers(self) -> list[str]:
        """The roles that count: none but customer before the address is known to be theirs."""
        return list(self.roles) if self.email_verified else ["customer"]

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
        if self.status == "leaving":
            raise AccountLeaving("this account is being erased")
        if self.status == "suspended":
            raise AlreadySuspended("this account is suspended already")
        self.status = "suspended"
        self.suspension_reason = reason
        self.revoke(at)
        return [AccountSuspended(self.facts())]

    def reinstate(self, reason: str) -> list[AccountEvent]:
        if self.status != "suspended":
            raise NotSuspended("this account is not suspended")
        self.status = "active"
        self.suspension_reason, self.reinstatement_reason = None, reason
        return [AccountReinstated(self.facts())]

    def leave(self, at: datetime) -> list[AccountEvent]:
        """Close it for good: nobody is signed in, nobody can sign in."""
        if self.status == "leaving":
            return []
        self.status = "leaving"
        self.revoke(at)
        return [AccountUpdated(self.facts())]

    def believes(self, session_id: str, started_at: datetime) -> bool:
        """Whether a session still counts; a suspension ended all that came before it."""
        return self.status == "active" and self.counts(session_id, started_at)

    def log_out_everywhere(self, at: datetime) -> list[AccountEvent]:
        self.revoke(at)
        return [AccountUpdated(self.facts())]

    def tell_ended(self, session_id: str, at: datetime) -> list[AccountEvent]:
        """Let every service know that a session has ended."""
        return [AccountUpdated(self.facts())] if self.end_session(session_id, at) else []

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
            spared_session=self.spared_session,
            ended_sessions=self.told_sessions(),
            consents=self.agreed,
        )
