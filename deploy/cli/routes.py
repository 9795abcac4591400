"""Who may use which route: a table made from the routes' own markers."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from deploy.cli.terminal import out
from deploy.openapi import merge, schemas
from deploy.openapi.merge import operations

CALLERS = (
    "visitor",
    "customer",
    "helper",
    "support",
    "tenant_admin",
    "partner",
    "platform_admin",
)
"""The platform's administrator at the platform's host, everybody else at a tenant's."""

OPEN, UNAUTHENTICATED, FORBIDDEN, NOTHING_THERE = "yes", "401", "403", "404"


@dataclass(frozen=True)
class Row:
    """cells: caller -> ``yes``, or the status that is answered. scopes: what a partner needs."""

    method: str
    path: str
    operation: str
    scopes: list[str]
    cells: dict[str, str]


def rows() -> Iterator[Row]:
    """Every route of every service, by path."""
    for path, method, operation in operations(merge(schemas())):
        yield Row(
            method.upper(),
            path,
            operation["operationId"],
            list(operation.get("x-scopes", ())),
            {caller: _cell(caller, operation) for caller in CALLERS},
        )


def _cell(caller: str, operation: Mapping[str, Any]) -> str:
    access = operation.get("x-access", "person")
    if access == "any_host":
        return OPEN
    if caller == "platform_admin":
        there = access == "platform" or operation.get("x-platform")
        return OPEN if there else NOTHING_THERE
    if access == "platform":
        return NOTHING_THERE
    if access == "public":
        return OPEN
    if caller == "visitor":
        return UNAUTHENTICATED
    if caller == "partner":
        return OPEN if operation.get("x-scopes") else FORBIDDEN
    return OPEN if access == "person" or caller in operation.get("x-roles", ()) else FORBIDDEN


def show_routes(
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
    role: Annotated[str | None, typer.Option(help="only what this caller may use")] = None,
) -> None:
    """Who may use which route. A partner also needs the scopes that stand there."""
    if role is not None and role not in CALLERS:
        raise typer.BadParameter(f"must be one of {', '.join(CALLERS)}", param_hint="--role")
    found = [row for row in rows() if role is None or row.cells[role] == OPEN]
    if as_json:
        out.print_json(json.dumps([asdict(row) for row in found]))
        return
    out.print(_table(found), highlight=False, markup=False, soft_wrap=True)


def _table(found: list[Row]) -> str:
    """Columns of even width, as wide as it takes: paths are to be found whole."""
    lines: list[tuple[str, ...]] = [("route", *CALLERS)]
    for row in found:
        cells = row.cells | {"partner": " ".join(row.scopes) or row.cells["partner"]}
        lines.append((f"{row.method} {row.path}", *(cells[caller] for caller in CALLERS)))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
