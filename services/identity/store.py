"""Identity's collections."""

from datetime import timedelta
from typing import Self

from services.identity.model import Account, EmailClaim, KeyRing, LoginFailures, Session, Tenant
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
    kind, collection, noun = Session, "sessions", "session"
    indexes = (Index((("expires_at", 1),), expire_after=timedelta(0)),)


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
