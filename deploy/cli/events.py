"""Events on their way: how far outboxes, queues and parked messages are behind."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from deploy.cli import services
from deploy.cli.connections import Connections
from deploy.cli.terminal import age, carried_out, out
from deploy.topology import SERVICES
from shared.kernel.clock import utc_now
from shared.parked import ParkedMessages
from shared.rabbit import Depth, depths
from shared.rabbit.topology import parked_queue, retry_queue, suspect_queue
from shared.store import Database, Store
from shared.store.outboxes import Outboxes

events = typer.Typer(help="Events on their way.", no_args_is_help=True)


@dataclass(frozen=True)
class Purpose:
    """A work queue and those that belong to it."""

    work: Depth
    retry: Depth
    parked: Depth


@dataclass(frozen=True)
class Backlog:
    """pending: aggregates with unpublished events; parked: documents in ``parked``.

    suspect: messages that wait to be tried alone.
    """

    service: str
    suspect: int | None
    pending: int
    oldest: datetime | None
    parked: int


@events.command("lag")
def lag(
    as_json: Annotated[bool, typer.Option("--json", help="for programs; ages in seconds")] = False,
) -> None:
    """What waits in outboxes and queues, and what was parked.

    Ready messages wait for a consumer; those that a consumer holds are not told over AMQP.
    """
    purposes, backlogs = carried_out(_look())
    if as_json:
        out.print_json(json.dumps(_told(purposes, backlogs)))
        return
    out.print(_queues(purposes))
    out.print(_services(backlogs))


async def _look() -> tuple[list[Purpose], list[Backlog]]:
    connections = Connections()
    names = [
        kind
        for service in SERVICES
        for queue in services.queues(service)
        for kind in (queue, retry_queue(queue), parked_queue(queue))
    ]
    suspects = [suspect_queue(service) for service in SERVICES]
    found = await depths(connections.amqp_url, [*names, *suspects])
    waiting = found[len(names) :]
    purposes = [Purpose(*found[i : i + 3]) for i in range(0, len(names), 3)]
    backlogs = []
    for service, suspect in zip(SERVICES, waiting, strict=True):
        async with connections.database(service) as database:
            backlogs.append(await _backlog(service, suspect.ready, database))
    return purposes, backlogs


async def _backlog(service: str, suspect: int | None, database: Database) -> Backlog:
    pending, oldest = 0, []
    for kind in services.stores(service):
        if issubclass(kind, Store):
            number, since = await Outboxes(database, kind.collection).backlog()
            pending += number
            oldest += [since] if since is not None else []
    parked = await ParkedMessages(database).count()
    return Backlog(service, suspect, pending, min(oldest, default=None), parked)


def _told(purposes: list[Purpose], backlogs: list[Backlog]) -> dict[str, object]:
    now = utc_now()
    return {
        "queues": [asdict(purpose) for purpose in purposes],
        "services": [
            {
                "service": each.service,
                "outbox_pending": each.pending,
                "outbox_oldest_age_seconds": (now - each.oldest).total_seconds()
                if each.oldest
                else None,
                "suspect": each.suspect,
                "parked": each.parked,
            }
            for each in backlogs
        ],
    }


def _queues(purposes: list[Purpose]) -> Table:
    table = Table("queue")
    for name in ("ready", "consumers", "retry", "parked"):
        table.add_column(name, justify="right")
    for each in purposes:
        if each.work.ready is None:
            table.add_row(each.work.queue, "not there")
            continue
        numbers = (
            each.work.ready,
            each.work.consumers,
            each.retry.ready,
            each.parked.ready,
        )
        table.add_row(each.work.queue, *("-" if n is None else str(n) for n in numbers))
    return table


def _services(backlogs: list[Backlog]) -> Table:
    table = Table("service")
    for name in ("unpublished", "oldest", "suspect", "parked"):
        table.add_column(name, justify="right")
    for each in backlogs:
        suspect = "-" if each.suspect is None else str(each.suspect)
        row = (str(each.pending), age(each.oldest), suspect, str(each.parked))
        table.add_row(each.service, *row)
    return table
