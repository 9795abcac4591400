"""How often a password may be guessed, such that guessing locks nobody else out."""

import asyncio
import hashlib
from datetime import datetime

from services.identity.credentials import Codes
from services.identity.model import Account, LoginFailures, normalise_email
from services.identity.model.login import (
    FAILURES_FROM_EVERYWHERE,
    FAILURES_PER_ACCOUNT,
    FAILURES_PER_ADDRESS,
)
from services.identity.store import LoginFailuresStore, SessionStore
from shared.kernel.clock import utc_now
from shared.kernel.errors import Conflict, Limited
from shared.scope import Scope


class Throttle:
    """Failures are counted three ways: against an account from one network address, from that
    address at all, and against the account from everywhere. Whoever fails on purpose so closes
    the account to themselves; many of them together close it to strangers, but not to its owner
    at an address where a session of theirs began.
    """

    def __init__(self, email: str, address: str, scope: Scope) -> None:
        self._scope = scope
        self._failures = scope.store(LoginFailuresStore)
        account = normalise_email(email)
        self._place = scope.the(Codes).place(address)
        self._limits = {
            self._key("account", account, address): FAILURES_PER_ACCOUNT,
            self._key("address", address): FAILURES_PER_ADDRESS,
        }
        self._everywhere = self._key("everywhere", account)

    def _key(self, kind: str, *parts: str) -> str:
        digest = hashlib.sha256("|".join((kind, *parts)).encode()).hexdigest()[:32]
        return f"{self._scope.tenant.slug}|{kind}|{digest}"

    @property
    def place(self) -> str:
        """The network address, as sessions remember it."""
        return self._place

    async def check(self, account: Account | None = None) -> None:
        """Limited when there were too many failures lately. account: whose it is, when known."""
        now = utc_now()
        for key, limit in self._limits.items():
            await self._check(key, limit, now)
        try:
            await self._check(self._everywhere, FAILURES_FROM_EVERYWHERE, now)
        except Limited:
            if account is None or not await self._at_home(account):
                raise

    async def _check(self, key: str, limit: int, now: datetime) -> None:
        failures = await self._failures.find(key)
        if failures is not None:
            failures.check(limit, now)

    async def _at_home(self, account: Account) -> bool:
        sessions = await self._scope.store(SessionStore).live_of(account.id, None, 100)
        return any(session.place == self._place for session in sessions)

    async def count(self) -> None:
        """One more failure. Limited when so many fail at once that they cannot be counted."""
        now, keys = utc_now(), (*self._limits, self._everywhere)
        await asyncio.gather(*(self._count(key, now) for key in keys))

    async def _count(self, key: str, now: datetime) -> None:
        if await self._failures.ensure(LoginFailures(id=key, times=[now]), []):
            return
        try:
            await self._failures.update(key, lambda failures: failures.add(now))
        except Conflict:
            raise Limited("too many failed logins", retry_after=1) from None
