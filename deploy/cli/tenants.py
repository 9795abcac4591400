"""Tenants as data: files are applied, compared and shown; a tenant is suspended and reinstated."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from deploy.cli.platform import Platform, RefusedError
from deploy.cli.signed_in import platform
from deploy.cli.terminal import harmless, out
from deploy.tenants import load

tenants = typer.Typer(help="Operators on the platform.", no_args_is_help=True)

Files = Annotated[list[Path], typer.Argument(exists=True, help="YAML, named like the tenant")]
DIFFERENT = 2
"""Status of ``diff`` when something would change."""


@tenants.command("apply")
def apply_tenants(files: Files) -> None:
    """Create or change tenants from their files, and give them their question banks.

    All files are checked before anything is applied.
    """
    with platform() as admin:
        loaded = [(file.stem, load(file)) for file in files]
        for slug, body in loaded:
            given = admin.apply(slug, body)
            out.print(f"{slug}: applied, questions for {', '.join(given)}", highlight=False)


@tenants.command("show")
def show_tenants(
    tenant: Annotated[str | None, typer.Argument(help="all of this one, as JSON")] = None,
) -> None:
    """All tenants with their hosts and price bands, or all that is configured of one."""
    with platform() as admin:
        found = _configured(admin)
        if tenant is not None:
            if tenant not in found:
                raise RefusedError(f"there is no tenant {tenant!r}: one of {', '.join(found)}")
            out.print_json(json.dumps(found[tenant]))
            return
    table = Table("tenant", "programme", "hosts", "status", "hourly rate", "terms")
    for slug, each in found.items():
        band = each["hourly_rate"]
        low, high = band["min"]["amount_minor"], band["max"]["amount_minor"]
        table.add_row(
            slug,
            each["programme_name"],
            " ".join(each["hosts"]),
            each["status"],
            f"{low / 100:.2f}-{high / 100:.2f} {each['currency']}",
            each["documents"].get("terms", "-"),
        )
    out.print(table)


@tenants.command("diff")
def diff_tenants(files: Files) -> None:
    """What applying these files would change; status 2 when there is anything.

    Legal texts are compared by their versions, as a version's text never changes.
    """
    with platform() as admin:
        loaded = [(file.stem, load(file)) for file in files]
        found = _configured(admin)
    lines = [
        f"{slug}: {line}"
        for slug, body in loaded
        for line in differences(found.get(slug, {}), body)
    ]
    for line in lines:
        out.print(harmless(line), highlight=False, markup=False, soft_wrap=True)
    if lines:
        raise typer.Exit(DIFFERENT)
    out.print("nothing would change")


@tenants.command("suspend")
def suspend_tenant(
    tenant: str, reason: Annotated[str, typer.Option(help="kept with the suspension")]
) -> None:
    """Serve nothing at the tenant's hosts any more; 503 is answered within two seconds."""
    with platform() as admin:
        path = f"/v1/admin/tenants/{tenant}/suspend"
        told = admin.request("POST", path, {"reason": reason})
        out.print(f"{tenant}: {told['status']}", highlight=False)


@tenants.command("reinstate")
def reinstate_tenant(tenant: str) -> None:
    """Serve the tenant again."""
    with platform() as admin:
        told = admin.request("POST", f"/v1/admin/tenants/{tenant}/reinstate")
        out.print(f"{tenant}: {told['status']}", highlight=False)


def _configured(admin: Platform) -> dict[str, dict[str, Any]]:
    return {each["slug"]: each for each in admin.request("GET", "/v1/admin/tenants")["data"]}


def differences(shown: Mapping[str, Any], body: Mapping[str, Any]) -> list[str]:
    """``- place: value`` for what goes, ``+ place: value`` for what comes, in order of place."""
    wanted = dict(body)
    wanted["documents"] = {kind: each["version"] for kind, each in body["documents"].items()}
    there = dict(_flat("", {name: shown[name] for name in wanted if name in shown}))
    # The view also names each category in the reader's language.
    there = {place: value for place, value in there.items() if not _is_localised(place)}
    coming = dict(_flat("", wanted))
    lines = []
    for place in sorted(there.keys() | coming.keys()):
        if there.get(place) == coming.get(place):
            continue
        lines += [f"- {place}: {there[place]}"] if place in there else []
        lines += [f"+ {place}: {coming[place]}"] if place in coming else []
    return lines


def _is_localised(place: str) -> bool:
    parts = place.split(".")
    return len(parts) == 2 and parts[0].startswith("categories[") and parts[1] == "name"


def _flat(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(f"{place}.{name}" if place else name, inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _flat(f"{place}[{number}]", inner)
    else:
        yield place, value
