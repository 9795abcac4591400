"""Identity's collections."""

from datetime import datetime, timedelta
from itertools import combinations
from typing import Any, ClassVar, Self

from services.identity.model import (
    Account,
    Client,
    EmailClaim,
    KeyRing,
    LoginFailures,
    Session,
    Tenant,
)
from services.identity.model.audit import Entry
from services.identity.model.erasure import ENDED, Erasure
from services.identity.model.erasure import State as ErasureState
from services.identity.model.export import Export
from services.identity.model.export import State as ExportState
from services.identity.model.login import WINDOW
from shared.audit import Looks
from shared.contracts import audit
from shared.contracts.identity import ERASED, AccountSnapshot, TenantFacts, TenantSnapshot
from shared.contracts.privacy import ErasureSnapshot, ExportSnapshot
from shared.export import parts_store
from shared.privacy import answers_of
from shared.scope import Scope
from shared.store import Files, Index, SealedFiles, Store
from shared.store.database import Document, driver_errors


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

    async def any_of(self, account_id: str, limit: int) -> list[Session]:
        """A person's sessions, those that have ended too."""
        for live in (True, False):
            where = {"account_id": account_id, "live": live}
            if found := await self._find(where, sort=(("order", -1),), limit=limit):
                return found
        return []


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
        return cls.opened(slug, scope)


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
        return cls.opened(slug, scope)

    async def everyones(self) -> list[Tenant]:
        """All tenants, for the platform administrator."""
        with driver_errors():
            found = await self._documents.find({}).sort("_id", 1).to_list(None)
        return [self._codec.decode(document) for document in found]


_FILTERS = ("actor_id", "kind", "about")


class AuditLog(Store[Entry]):
    """Grows by one entry at a time; nothing of it is changed but what must be forgotten."""

    kind, collection, noun = Entry, "audit_log", "entry"
    acts = False
    indexes: ClassVar[tuple[Index, ...]] = (
        Index((("tenant", 1), ("number", 1))),
        Index((("tenant", 1), ("ref", 1))),
        *(
            Index((("tenant", 1), *((name, 1) for name in chosen), ("order", -1)))
            for count in range(len(_FILTERS) + 1)
            for chosen in combinations(_FILTERS, count)
        ),
    )

    async def last(self) -> Entry | None:
        """The end of the chain."""
        found = await self._find({"number": {"$gt": 0}}, sort=(("number", -1),), limit=1)
        return found[0] if found else None

    async def from_number(self, number: int, limit: int) -> list[Entry]:
        """In the order of the chain."""
        return await self._find({"number": {"$gte": number}}, sort=(("number", 1),), limit=limit)

    async def knows(self, ref: str) -> bool:
        """Whether this event was written down."""
        return bool(await self._find({"ref": ref}, limit=1))

    async def about(self, account_id: str) -> list[Entry]:
        """What was done to somebody's data and is not blanked yet."""
        return await self._find({"about": account_id}, sort=(("order", -1),))

    async def search(
        self,
        *,
        actor: str | None,
        kind: str | None,
        subject: str | None,
        since: str,
        before: str,
        limit: int,
    ) -> list[Entry]:
        """Newest first; since and before are places (model.audit.place_of), the first included."""
        wanted = {"actor_id": actor, "kind": kind, "about": subject}
        where: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
        where["order"] = {"$lt": before} | ({"$gte": since} if since else {})
        return await self._find(where, sort=(("order", -1),), limit=limit)


class LookStore(Looks):
    """Who looked at the audit log, and so at what others did."""

    audited, snapshot = audit.AUDITED["identity"], audit.SNAPSHOTS["identity"]


_BY_DEADLINE = Index((("tenant", 1), ("state", 1), ("deadline_at", 1)))


def _due_in(state: str, until: datetime) -> Document:
    """One state at a time: with ``$in`` the range would have to be looked for."""
    return {"state": state, "deadline_at": {"$lt": until}}


class ErasureStore(Store[Erasure]):
    """People's wishes to be forgotten; what stays of one tells that it was done, and when."""

    kind, collection, noun = Erasure, "erasures", "erasure"
    snapshot = ErasureSnapshot
    indexes = (_BY_DEADLINE,)

    async def unfinished(self, until: datetime, limit: int) -> list[Erasure]:
        """Those whose deadline is before that."""
        states = [state for state in ErasureState if state not in ENDED]
        found = [await self._find(_due_in(state, until), limit=limit) for state in states]
        return [wish for wishes in found for wish in wishes]


class ExportStore(Store[Export]):
    """People's wishes to get their data."""

    kind, collection, noun = Export, "exports", "export"
    snapshot = ExportSnapshot
    indexes = (_BY_DEADLINE,)

    async def unfinished(self, until: datetime, limit: int) -> list[Export]:
        """Those whose deadline is before that."""
        return await self._find(_due_in(ExportState.COLLECTING, until), limit=limit)


class ExportPieces(Files):
    """What services sent, sealed to the wish's own key."""

    bucket = "export_pieces"


class Archives(SealedFiles):
    """Finished archives, for a week."""

    bucket = "export_archives"


Answers = answers_of("identity")
Parts = parts_store("identity")
