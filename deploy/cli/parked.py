"""Parked messages: looked at, given to their consumers again, or dropped."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from deploy.cli import services
from deploy.cli.connections import Connections
from deploy.cli.platform import RefusedError
from deploy.cli.terminal import age, carried_out, cell, harmless, out
from deploy.topology import SERVICES
from shared.kernel.errors import NotFound
from shared.parked import ParkedMessages, ParkedSummary, Selection
from shared.rabbit import ParkedMessage, Publisher

parked = typer.Typer(help="Messages that could not be applied.", no_args_is_help=True)

Reason = Annotated[str | None, typer.Option(help="only those parked for this reason")]
Queue = Annotated[str | None, typer.Option(help="only those of this work queue")]
Tenant = Annotated[str | None, typer.Option(help="only those of this tenant")]
All = Annotated[bool, typer.Option("--all", help="every message that the options select")]
Id = Annotated[str | None, typer.Argument(help="the message's id")]


@parked.command("list")
def list_parked(
    service: Annotated[str | None, typer.Argument(help="all services when left out")] = None,
    reason: Reason = None,
    queue: Queue = None,
    tenant: Tenant = None,
    limit: Annotated[int, typer.Option(min=1, help="per service, the oldest first")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """What is parked, the oldest first."""
    selection = Selection(reason=reason, queue=queue, tenant=tenant)
    found = carried_out(_listed(service, selection, limit))
    if as_json:
        rows = [
            {"service": name, **asdict(each), "parked_at": each.parked_at.isoformat()}
            for name, each in found
        ]
        out.print_json(json.dumps(rows))
        return
    if not found:
        out.print("nothing is parked that matches")
        return
    table = Table("service", "queue", "reason", "tenant", "age")
    table.add_column("id", overflow="fold")
    for name, each in found:
        texts = (each.queue, each.reason, each.tenant)
        table.add_row(name, *map(cell, texts), age(each.parked_at), cell(each.id))
    out.print(table)


@parked.command("show")
def show(service: str, id: str, queue: Queue = None) -> None:
    """One message whole: why it was parked, its headers, its body."""
    message = carried_out(_read(service, id, queue))
    table = Table(show_header=False)
    about = {
        "id": message.id,
        "queue": message.queue,
        "reason": message.reason,
        "detail": message.detail,
        "parked": f"{message.parked_at.isoformat()} ({age(message.parked_at)} ago)",
        "tenant": message.tenant,
        "subject": message.subject,
        "content type": message.content_type,
    }
    for name, value in about.items():
        table.add_row(name, cell(value))
    for name, value in sorted(message.headers.items()):
        table.add_row(cell(f"header {name}"), cell(str(value)))
    out.print(table)
    body = message.body.decode(errors="backslashreplace")
    out.print(harmless(body), markup=False, highlight=False, soft_wrap=True)


@parked.command("replay")
def replay(
    service: str,
    id: Id = None,
    everything: All = False,
    reason: Reason = None,
    queue: Queue = None,
    tenant: Tenant = None,
) -> None:
    """Give messages to their consumer again, under their ids.

    Each is forgotten here only once the broker has confirmed it.
    """
    carried_out(_replayed(service, Selection(reason, queue, tenant, id), everything))


@parked.command("drop")
def drop(
    service: str,
    id: Id = None,
    everything: All = False,
    reason: Reason = None,
    queue: Queue = None,
    tenant: Tenant = None,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Forget messages for good: what they tell is never applied."""
    carried_out(_dropped(service, Selection(reason, queue, tenant, id), everything, yes))


async def _listed(
    service: str | None, selection: Selection, limit: int
) -> list[tuple[str, ParkedSummary]]:
    connections = Connections()
    found: list[tuple[str, ParkedSummary]] = []
    for name in SERVICES if service is None else (services.checked(service),):
        async with connections.database(name) as database:
            rows = await ParkedMessages(database).list(selection, limit)
            found += [(name, row) for row in rows]
    return found


async def _read(service: str, id: str, queue: str | None) -> ParkedMessage:
    async with Connections().database(services.checked(service)) as database:
        kept = ParkedMessages(database)
        (summary,) = await _meant(service, kept, Selection(id=id, queue=queue), everything=False)
        return await kept.get(summary.key)


async def _meant(
    service: str, kept: ParkedMessages, selection: Selection, everything: bool
) -> Sequence[ParkedSummary]:
    """Everything selected, or one message exactly, by its id. RefusedError otherwise."""
    if (selection.id is None) is not everything:
        raise RefusedError("name one message, or say --all")
    found = await kept.list(selection)
    if selection.id is None:
        return found
    if not found:
        raise RefusedError(f"{service} has no parked message {harmless(selection.id)}")
    if len(found) > 1:
        queues = ", ".join(harmless(each.queue) for each in found)
        raise RefusedError(f"several queues have parked it, say --queue: {queues}")
    return found


async def _replayed(service: str, selection: Selection, everything: bool) -> None:
    connections = Connections()
    async with connections.database(services.checked(service)) as database:
        kept = ParkedMessages(database)
        found = await _meant(service, kept, selection, everything)
        if not found:
            _say("nothing is parked that matches")
            return
        async with connections.publisher() as publisher:
            for summary in found:
                _say(f"{summary.id}: {await _sent(summary, kept, publisher)}")


async def _sent(summary: ParkedSummary, kept: ParkedMessages, publisher: Publisher) -> str:
    """What became of it. Unavailable, and nothing is forgotten, without the broker's word."""
    try:
        message = await kept.get(summary.key)
    except NotFound:
        return "not there any more"
    await publisher.replay(message)
    if await kept.remove(message):
        return f"replayed to {message.queue}"
    return f"replayed to {message.queue}, and parked again since"


async def _dropped(service: str, selection: Selection, everything: bool, yes: bool) -> None:
    async with Connections().database(services.checked(service)) as database:
        kept = ParkedMessages(database)
        found = await _meant(service, kept, selection, everything)
        if not found:
            _say("nothing is parked that matches")
            return
        if not yes:
            what = (
                f"message {harmless(found[0].id)}" if len(found) == 1 else f"{len(found)} messages"
            )
            typer.confirm(f"Drop {what} of {service} for good?", abort=True)
        for summary in found:
            gone = await kept.remove(summary)
            _say(f"{summary.id}: {'dropped' if gone else 'not there any more'}")


def _say(line: str) -> None:
    out.print(harmless(line), markup=False, highlight=False, soft_wrap=True)
