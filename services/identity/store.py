"""Identity's collections."""

from datetime import timedelta
from typing import Any, Self

from services.identity.model import (
    Account,
    Client,
    EmailClaim,
    KeyRing,
    LoginFailures,
    Session,
    Tenant,
)
from services.identity.model.login import WINDOW
from shared.contracts.identity import ERASED, AccountSnapshot, TenantFacts, TenantSnapshot
from shared.scope import Scope
from shared.store import Index, Store
from shared.store.database import driver_errors


class AccountStore(Store[Account]):
    kind, collection, noun = Account, "accounts", "account"
    snapshot, remains = AccountSnapshot, ERASED


class EmailClaimStore(Store[EmailClaim]):
    kind, collection, noun = EmailClaim, "email_claims", "e-mail address"


class LoginFailuresStore(Store[LoginFailures]):
    """Anybody may make any number of these with invented addresses, so they do not stay."""

    kind, collection, noun = LoginFailures, "login_failures", "login record"
    # The oldest failure kept is at most one window older than the newest.
    indexes = (Index((("times", 1),), expire_after=2 * WINDOW),)


class SessionStore(Store[Session]):
    """Pages run over ``order``, newest first; before is the last one's of the page before."""

    kind, collection, noun = Session, "sessions", "session"
    indexes = (
        Index((("expires_at", 1),), expire_after=timedelta(0)),
        Index((("tenant", 1), ("account_id", 1), ("live", 1), ("order", -1))),
    )

    async def live_of(self, account_id: str, before: str | None, limit: int) -> list[Session]:
        """A person's sessions that were not ended by themselves."""
        where: dict[str, Any] = {"account_id": account_id, "live": True}
        if before is not None:
            where["order"] = {"$lt": before}
        return await self._find(where, sort=(("order", -1),), limit=limit)


class ClientStore(Store[Client]):
    kind, collection, noun = Client, "clients", "client"
    indexes = (Index((("tenant", 1), ("live", 1), ("order", -1))),)

    async def living(self, before: str | None, limit: int) -> list[Client]:
        """Those that were not revoked, newest first; pages run over ``order``."""
        where: dict[str, Any] = {"live": True}
        if before is not None:
            where["order"] = {"$lt": before}
        return await self._find(where, sort=(("order", -1),), limit=limit)

    @classmethod
    def of(cls, slug: str, scope: Scope) -> Self:
        """The store of the tenant that is being administered."""
        return cls(scope.database, slug, scope.outbox)


class KeyRingStore(Store[KeyRing]):
    """Pinned to the platform's pseudo-tenant, as keys belong to no operator."""

    kind, collection, noun = KeyRing, "key_rings", "key ring"


class TenantStore(Store[Tenant]):
    """A tenant's configuration is its own; the platform administrator opens one by its slug."""

    kind, collection, noun = Tenant, "tenants", "tenant"
    snapshot = TenantSnapshot

    @classmethod
    def facts_of(cls, aggregate: Tenant) -> TenantFacts:
        return aggregate.configuration()

    @classmethod
    def of(cls, slug: str, scope: Scope) -> Self:
        """The store of the tenant that is being administered."""
        return cls(scope.database, slug, scope.outbox)

    async def everyones(self) -> list[Tenant]:
        """All tenants, for the platform administrator."""
        with driver_errors():
            found = await self._documents.find({}).sort("_id", 1).to_list(None)
        return [self._codec.decode(document) for document in found]
