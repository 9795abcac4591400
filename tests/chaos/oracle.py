"""What every projection must say: its own handlers, given each newest event once, in order."""

from contextlib import suppress
from importlib import import_module
from typing import Any

from deploy.topology import SERVICES
from shared.contracts.base import Delivered
from shared.contracts.identity import TenantEvent
from shared.kernel.errors import Refusal
from shared.kernel.ids import new_id
from shared.service import Runtime
from shared.store import Projection
from tests.chaos.sources import Rows, Sources, settings_of, wired

History = list[Delivered[Any]]
"""One aggregate's events in order."""


async def ideal_rows(sources: Sources, histories: list[History]) -> dict[tuple[str, str], Rows]:
    """(service, collection) -> rows of a world in which nothing ever went wrong."""
    found = {}
    for service in SERVICES:
        runtime = _in_its_own_world(sources, service)
        try:
            await _hear(runtime, histories)
            for collection in projections(service):
                rows = await runtime.database.collection(collection).find({}).to_list(None)
                found[service, collection] = {row["_id"]: row for row in rows}
        finally:
            runtime.database.close()
    return found


def projections(service: str) -> list[str]:
    """The collections in which this service keeps foreign facts."""
    return [kind.collection for kind in wired(service) if issubclass(kind, Projection)]


def _in_its_own_world(sources: Sources, service: str) -> Runtime:
    """The service as it is wired, with an empty database and nothing running."""
    told = sources.stack.service_environment(service)
    settings = settings_of(service)(
        **{name.lower(): value for name, value in told.items()}
        | {"mongo_database": new_id("oracle"), "log_level": "CRITICAL"}
    )
    app = import_module(f"services.{service}.app").create(settings)
    runtime: Runtime = app.state.runtime
    return runtime


async def _hear(runtime: Runtime, histories: list[History]) -> None:
    """Tenants first; of each history what is newest for a queue, as newest wins."""
    for kind in runtime.stores:
        for collection, indexes in kind.index_plan().items():
            await runtime.database.ensure_indexes(collection, indexes)
    tenants_first = sorted(histories, key=lambda each: not isinstance(each[0].event, TenantEvent))
    for history in tenants_first:
        for subscription in runtime.consumers.subscriptions:
            wanted = [each for each in history if type(each.event) in subscription.events]
            if not wanted:
                continue
            scope = await runtime.scope_for(wanted[-1])
            # Foreign facts are written first; an effect on what is not there is not asked for.
            with suppress(Refusal):
                await subscription.handler(wanted[-1], scope)
