"""The end of a tenant: everything of it goes from every collection of every service."""

from collections.abc import Sequence
from typing import Any

import structlog

from shared.contracts.base import Delivered
from shared.contracts.identity import TenantOffboarded
from shared.parked import ParkedMessages
from shared.rabbit import Consumers
from shared.replicas import TenantReplica, TenantRow
from shared.scope import Scope
from shared.store import Files, Projection, Store
from shared.store.erasing import erase_tenant, erase_tenants_files

log = structlog.get_logger()

KEPT = frozenset({TenantReplica.collection, "tenants"})
"""What says that there was such a tenant, so that its slug stays taken and its host unknown."""


class Holdings:
    """All that a service is wired with; a resource of every service."""

    def __init__(self, kinds: Sequence[Any]) -> None:
        self.collections = sorted(
            {
                kind.collection
                for kind in kinds
                if issubclass(kind, Store | Projection | ParkedMessages)
            }
            - KEPT
        )
        self.buckets = sorted({kind.bucket for kind in kinds if issubclass(kind, Files)})


def add_offboarding(consumers: Consumers) -> None:
    """Subscribe a service to the ends of tenants."""

    @consumers.on("offboarding", TenantOffboarded, prefetch=1)
    async def end_tenant(delivered: Delivered[TenantOffboarded], scope: Scope) -> None:
        """First the word that it is over, so that nothing new comes; again and again if told."""
        row = TenantRow(delivered.subject, delivered.event.facts)
        await scope.store(TenantReplica).put(row, delivered)
        holdings, slug = scope.the(Holdings), scope.tenant.slug
        removed = 0
        for bucket in holdings.buckets:
            removed += await erase_tenants_files(scope.database, bucket, slug)
        for collection in holdings.collections:
            removed += await erase_tenant(scope.database, collection, slug)
        log.info("tenant.erased", documents=removed)
