"""Telling a service's facts again, for consumers that were not there when they came about."""

from typing import Annotated, Any

import typer
from rich.progress import Progress

from deploy.cli import services
from deploy.cli.connections import Connections
from deploy.cli.platform import RefusedError
from deploy.cli.terminal import carried_out, err, out
from shared.kernel.errors import Unavailable
from shared.rabbit import Publisher
from shared.republish import publishing, republish
from shared.store import Database, Store
from shared.store.snapshots import Snapshots


def republish_service(
    service: str,
    tenant: Annotated[str | None, typer.Option(help="only what belongs to this tenant")] = None,
) -> None:
    """Publish a snapshot of everything that a service publishes events about.

    Harmless to those who know it all, and when repeated.
    """
    told = carried_out(_republished(service, tenant))
    for aggregate, number in told.items():
        out.print(f"{aggregate}: {number} told again", highlight=False)


async def _republished(service: str, tenant: str | None) -> dict[str, int]:
    connections = Connections()
    kinds = publishing(services.stores(services.checked(service)))
    async with connections.database(service) as database:
        counts = {kind: await Snapshots(database, kind).count(tenant) for kind in kinds}
        if tenant is not None and not any(counts.values()):
            raise RefusedError(f"{service} has nothing of a tenant {tenant!r}")
        async with connections.publisher() as publisher:
            with Progress(console=err) as progress:
                return {
                    _name(kind): await _told(kind, database, publisher, tenant, progress, count)
                    for kind, count in counts.items()
                }


async def _told(
    kind: type[Store[Any]],
    database: Database,
    publisher: Publisher,
    tenant: str | None,
    progress: Progress,
    expected: int,
) -> int:
    bar = progress.add_task(_name(kind), total=expected)
    try:
        number = await republish(
            database,
            kind,
            publisher.publish,
            tenant=tenant,
            told=lambda number: progress.update(bar, completed=number),
        )
    except Unavailable as error:
        raise RefusedError(f"{error.detail}; begin again, repeats do no harm") from None
    progress.update(bar, total=number, completed=number)
    return number


def _name(kind: type[Store[Any]]) -> str:
    assert kind.snapshot is not None, "only those that publish are asked for"
    return kind.snapshot.aggregate
