"""What one request or one event may touch: one tenant's stores, at one moment."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, Self, TypeVar

from shared.contracts.identity import TenantFacts
from shared.edge import Acting


class Stores(Protocol):
    """Anything that is made for one tenant: aggregate stores and projections."""

    @classmethod
    def open(cls, scope: "Scope") -> Self: ...


R = TypeVar("R")
S = TypeVar("S", bound=Stores)


@dataclass(frozen=True)
class Scope:
    """tenant is the tenant's configuration; now the business time at the edge.

    resources holds what a service shares between requests (hasher, mailer, files), by class.
    acting: on a route by role, who it is; every change is then told to the audit log.
    """

    tenant: TenantFacts
    now: datetime
    database: Any
    outbox: Any
    resources: dict[type, Any] = field(default_factory=dict)
    acting: Acting | None = None

    def store(self, kind: type[S]) -> S:
        """A store pinned to this tenant; there is no other way to get one."""
        return kind.open(self)

    def within(self, tenant: TenantFacts) -> "Scope":
        """The same moment in another tenant: for the platform's administrators alone."""
        return Scope(tenant, self.now, self.database, self.outbox, self.resources, self.acting)

    def the(self, kind: type[R]) -> R:
        """The process-wide resource of this class."""
        resource: R = self.resources[kind]
        return resource
