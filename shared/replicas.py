"""What every service keeps of tenants and people, so that it need not ask anybody."""

import asyncio
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

import structlog

from shared.contracts.base import Delivered
from shared.contracts.identity import (
    ERASED,
    AccountErased,
    AccountFacts,
    AccountRegistered,
    AccountReinstated,
    AccountSnapshot,
    AccountSuspended,
    AccountUpdated,
    AccountVerified,
    Brand,
    TenantConfigured,
    TenantFacts,
    TenantRules,
    TenantSnapshot,
    TenantSuspended,
)
from shared.http.tokens import Actor
from shared.kernel.clock import utc_now
from shared.kernel.errors import Forbidden, NotFound, Unavailable
from shared.kernel.geo import Point
from shared.kernel.money import Money
from shared.rabbit import Consumers
from shared.scope import Scope
from shared.store import Database, Index, Projection
from shared.store.database import driver_errors
from shared.store.lookups import DELETED
from shared.tasks import end

log = structlog.get_logger()

TOKEN_LIFE = timedelta(minutes=20)
"""A revocation older than any access token's life (15 minutes and leeway) needs no memory."""

ARRIVAL = 1.0
"""Seconds to wait for a person whose registration may still be on its way here."""

PLATFORM = "platform"
"""Pseudo-tenant of the platform's own administrators; no real tenant may take this slug."""


OFFBOARDED = "offboarded"
"""The status of a tenant of which nothing is left."""


@dataclass(frozen=True)
class TenantRow:
    """A tenant's newest facts; id is the slug."""

    id: str
    facts: TenantFacts


class TenantReplica(Projection[TenantRow]):
    kind = TenantRow
    collection = "tenant_replica"
    noun = "tenant"


@dataclass(frozen=True)
class Person:
    """An account as other services know it; revoked_at is set while tokens are refused."""

    id: str
    email: str
    display_name: str
    language: str
    status: str
    email_verified: bool
    tokens_valid_from: datetime | None = None
    revoked_at: datetime | None = None
    spared_session: str = ""
    ended_sessions: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)


class People(Projection[Person]):
    """Every service's replica of accounts."""

    kind = Person
    collection = "people"
    noun = "person"
    indexes = (
        Index((("revoked_at", 1),), sparse=True),
        Index(((DELETED, 1),), sparse=True),
    )

    async def follow(self, delivered: Delivered[Any]) -> None:
        """Keep what an account's event says of the person, or that there is none any more."""
        if delivered.event.facts.status == ERASED.status:
            await self.bury(delivered.subject, delivered)
        else:
            await self.put(person_from(delivered), delivered)

    async def arrived(self, id: str) -> Person:
        """The person, waited for up to a second: a fresh account may outrun its event."""
        deadline = asyncio.get_running_loop().time() + ARRIVAL
        while True:
            person = await self.find(id)
            if person is not None:
                return person
            if asyncio.get_running_loop().time() > deadline:
                raise NotFound("there is no such person")
            await asyncio.sleep(0.05)

    async def verified(self, id: str) -> Person:
        """The person. Forbidden (email_not_verified) until the e-mail address is verified."""
        deadline = asyncio.get_running_loop().time() + ARRIVAL
        while True:
            person = await self.arrived(id)
            if person.email_verified:
                return person
            if asyncio.get_running_loop().time() > deadline:
                raise Forbidden("verify your e-mail address first", code="email_not_verified")
            await asyncio.sleep(0.05)


def person_from(delivered: Delivered[Any]) -> Person:
    """revoked_at by the facts where they say it, so that a snapshot tells the same moment.

    Whatever ends an account also sets tokens_valid_from. The moment is that of the latest
    revocation: once it is long ago, so are all the others.
    """
    facts: AccountFacts = delivered.event.facts
    revoked = [ended.ended_at for ended in facts.ended_sessions]
    if facts.tokens_valid_from is not None:
        revoked.append(facts.tokens_valid_from)
    elif facts.status != "active":
        revoked.append(delivered.time)
    return Person(
        id=delivered.subject,
        email=facts.email,
        display_name=facts.display_name,
        language=facts.language,
        status=facts.status,
        email_verified=facts.email_verified,
        tokens_valid_from=facts.tokens_valid_from,
        revoked_at=max(revoked, default=None),
        spared_session=facts.spared_session,
        ended_sessions=[ended.id for ended in facts.ended_sessions],
        roles=list(facts.roles),
    )


def add_replicas(consumers: Consumers) -> None:
    """Subscribe a service to what it must know of tenants and people."""

    @consumers.on("tenants", TenantConfigured, TenantSuspended, TenantSnapshot)
    async def keep_tenant(delivered: Delivered[Any], scope: Scope) -> None:
        await scope.store(TenantReplica).put(
            TenantRow(delivered.subject, delivered.event.facts), delivered
        )

    @consumers.on(
        "people",
        AccountRegistered,
        AccountVerified,
        AccountUpdated,
        AccountSuspended,
        AccountReinstated,
        AccountErased,
        AccountSnapshot,
    )
    async def keep_person(delivered: Delivered[Any], scope: Scope) -> None:
        await scope.store(People).follow(delivered)


def platform_tenant(host: str) -> TenantFacts:
    """The pseudo-tenant under which platform administrators log in at the platform host."""
    nothing = Money(0, "EUR")
    return TenantFacts(
        slug=PLATFORM,
        hosts=[host],
        brand=Brand(
            name="Helphood",
            programme_name="Helphood",
            primary_colour="#1f4e79",
            accent_colour="#f2a900",
            support_email="operations@helphood.example",
        ),
        country="DE",
        locales=["en"],
        currency="EUR",
        time_zone="UTC",
        categories=[],
        hourly_rate_min=nothing,
        hourly_rate_max=nothing,
        centre=Point(0.0, 0.0),
        radius_m=0,
        rules=TenantRules(),
    )


class _Memory(ABC):
    """What a process keeps in memory of its service's replicas, read again as it is used."""

    every: ClassVar[float]
    """Seconds; what is asked for is no older, as long as the database answers within as much."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._as_of = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    @abstractmethod
    async def refresh(self) -> None:
        """Read anew. Unavailable while the database is away; then the last known goes on."""

    async def fresh(self) -> None:
        """To be awaited before what is known is asked for; returns at once in most cases.

        Whoever comes at half the allowed age has it read again without waiting. So under load
        nobody waits for it, and at rest the database is asked nothing.
        """
        age = time.monotonic() - self._as_of
        if 2 * age < self.every:
            return
        if self._reading is None:
            self._reading = asyncio.create_task(self._read(), name=type(self).__name__)
        if age >= self.every and not self._database.lost:
            await asyncio.wait({self._reading}, timeout=self.every)

    async def stop(self) -> None:
        if self._reading is not None:
            await end([self._reading])

    async def _read(self) -> None:
        as_of = time.monotonic()
        try:
            await self.refresh()
        except Unavailable:
            log.info("replica.stale", replica=type(self).__name__)
            as_of = time.monotonic()
        except Exception:
            # A defect, or a document of another release: seen in the log, and no end of the rest.
            log.exception("replica.unreadable", replica=type(self).__name__)
            as_of = time.monotonic()
        finally:
            self._reading = None
        self._as_of = as_of


class Tenants(_Memory):
    """All tenants of the platform, from this service's replica."""

    every = 1.0
    """With the event's own way a change of a tenant is in force within 2 s."""

    def __init__(self, database: Database, platform_host: str) -> None:
        super().__init__(database)
        self._documents = database.collection(TenantReplica.collection)
        self._platform = platform_tenant(platform_host)
        self._by_slug: dict[str, TenantFacts] = {}
        self._by_host: dict[str, TenantFacts] = {}
        self._put([])
        self._seen: list[dict[str, Any]] = []
        self.loaded = False
        """Whether the replica was read at least once (it may still be empty)."""

    @property
    def ready(self) -> bool:
        """Whether any tenant but the platform itself is known."""
        return len(self._by_slug) > 1

    def by_host(self, host: str) -> TenantFacts | None:
        """The tenant served at this host (lower case, no port)."""
        return self._by_host.get(host)

    def by_slug(self, slug: str) -> TenantFacts | None:
        return self._by_slug.get(slug)

    def slugs(self) -> list[str]:
        return list(self._by_slug)

    async def refresh(self) -> None:
        with driver_errors():
            found = await self._documents.find({}).to_list(None)
        if found != self._seen:
            self._put([TenantFacts.model_validate(document["facts"]) for document in found])
            self._seen = found
        self.loaded = True

    def _put(self, tenants: list[TenantFacts]) -> None:
        # The platform last: whatever a tenant claims, its administrators keep their host.
        known = [*tenants, self._platform]
        self._by_slug = {tenant.slug: tenant for tenant in known}
        served = [tenant for tenant in known if tenant.status != OFFBOARDED]
        self._by_host = {host: tenant for tenant in served for host in tenant.hosts}


@dataclass(frozen=True, slots=True)
class _Revoked:
    """What of one person's tokens is refused."""

    status: str
    valid_from: datetime | None = None
    spared: str = ""
    ended: frozenset[str] = frozenset()

    def covers(self, actor: Actor) -> bool:
        if self.status != "active" or actor.session in self.ended:
            return True
        if self.valid_from is None or (self.spared and actor.session == self.spared):
            return False
        # A token says its time in whole seconds.
        return actor.issued_at < self.valid_from.replace(microsecond=0)


class Revocations(_Memory):
    """Whose tokens are refused before they expire."""

    every = 2.0
    """With the event's own way a revocation is in force within 5 s."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._documents = database.collection(People.collection)
        self._refused: dict[str, _Revoked] = {}

    def refuses(self, actor: Actor) -> bool:
        """Whether the account is erased or suspended, or ended this token's session."""
        found = self._refused.get(actor.id)
        return found is not None and found.covers(actor)

    async def refresh(self) -> None:
        recently = {"$gte": utc_now() - TOKEN_LIFE}
        names = ("status", "tokens_valid_from", "spared_session", "ended_sessions")
        fields = dict.fromkeys(names, 1)
        with driver_errors():
            revoked = await self._documents.find({"revoked_at": recently}, fields).to_list(None)
            erased = await self._documents.find({DELETED: recently}, {"_id": 1}).to_list(None)
        self._refused = {
            item["_id"]: _Revoked(
                item["status"],
                item.get("tokens_valid_from"),
                item.get("spared_session", ""),
                frozenset(item.get("ended_sessions", ())),
            )
            for item in revoked
        } | {item["_id"]: _Revoked(ERASED.status) for item in erased}
