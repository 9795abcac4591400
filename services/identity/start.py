"""The platform's first administrator, who must exist before anybody can make one."""

import asyncio

import structlog

from services.identity.credentials import Passwords
from services.identity.model import Account, EmailClaim, normalise_email
from services.identity.settings import Settings
from services.identity.store import AccountStore, EmailClaimStore
from shared.contracts.identity import AccountRegistered
from shared.kernel.clock import utc_now
from shared.kernel.errors import Unavailable
from shared.kernel.ids import derived_id
from shared.replicas import PLATFORM
from shared.store import Database

log = structlog.get_logger()


class FirstAdministrator:
    """Made once from the settings; without an address and a password nobody is made."""

    def __init__(self, database: Database, passwords: Passwords, settings: Settings) -> None:
        self._accounts = AccountStore.unrelayed(database, PLATFORM)
        self._claims = EmailClaimStore.unrelayed(database, PLATFORM)
        self._passwords = passwords
        self._email = settings.platform_admin_email
        self._password = settings.platform_admin_password.get_secret_value()

    async def run(self) -> None:
        """Try until the database is there."""
        while self._email and self._password:
            try:
                await self._ensure()
            except Unavailable:
                await asyncio.sleep(0.5)
                continue
            return

    async def _ensure(self) -> None:
        key = EmailClaim.key(PLATFORM, normalise_email(self._email))
        id, now = derived_id("acc", key), utc_now()
        # The claim is written last: an account without one is completed.
        if await self._claims.find(key) is not None:
            return
        account, _ = Account.register(
            id=id,
            email=self._email,
            display_name="Platform administrator",
            language="en",
            password_hash=await self._passwords.hash(self._password),
            at=now,
        )
        account.roles, account.verified_at, account.challenge = ["platform_admin"], now, None
        await self._accounts.ensure(account, [AccountRegistered(account.facts())])
        await self._claims.ensure(EmailClaim(id=key, account_id=id, claimed_at=now), [])
        log.info("platform.administrator_made")
