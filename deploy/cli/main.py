"""The commands; each is a thin edge over the administrator's API or the code itself.

Those that go straight to broker and databases are in files of their own.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from deploy import topology as topologies
from deploy.cli.events import events
from deploy.cli.parked import parked
from deploy.cli.platform import Platform
from deploy.cli.republish import republish_service
from deploy.cli.terminal import err, out, plainly
from deploy.tenants import load

app = typer.Typer(
    name="helphood", help="Operate the platform.", no_args_is_help=True, add_completion=False
)
tenants = typer.Typer(help="Operators on the platform.", no_args_is_help=True)
roles = typer.Typer(help="What people may do.", no_args_is_help=True)
banks = typer.Typer(help="Qualification questions.", no_args_is_help=True)
topology = typer.Typer(help="The broker's exchanges and queues.", no_args_is_help=True)
app.add_typer(tenants, name="tenants")
app.add_typer(roles, name="roles")
app.add_typer(banks, name="questions")
app.add_typer(topology, name="topology")
app.add_typer(events, name="events")
app.add_typer(parked, name="parked")
app.command("republish")(republish_service)


@contextmanager
def platform() -> Iterator[Platform]:
    """Signed in; a refusal ends the program with what was said."""
    with plainly():
        signed_in = Platform()
        try:
            yield signed_in
        finally:
            signed_in.close()


@tenants.command("apply")
def apply_tenants(files: Annotated[list[Path], typer.Argument(exists=True)]) -> None:
    """Create or change tenants from their files, and give them their question banks."""
    with platform() as admin:
        loaded = [(file.stem, load(file)) for file in files]
        for slug, body in loaded:
            given = admin.apply(slug, body)
            out.print(f"{slug}: applied, questions for {', '.join(given)}", highlight=False)


@tenants.command("show")
def show_tenants() -> None:
    """All tenants with their hosts and price bands."""
    table = Table("tenant", "programme", "hosts", "status", "hourly rate")
    with platform() as admin:
        for tenant in admin.request("GET", "/v1/admin/tenants")["data"]:
            band = tenant["hourly_rate"]
            low, high = band["min"]["amount_minor"], band["max"]["amount_minor"]
            table.add_row(
                tenant["slug"],
                tenant["programme_name"],
                " ".join(tenant["hosts"]),
                tenant["status"],
                f"{low / 100:.2f}-{high / 100:.2f} {tenant['currency']}",
            )
    out.print(table)


@roles.command("grant")
def grant_role(tenant: str, email: str, role: str) -> None:
    """Make the person with this address support or tenant_admin."""
    with platform() as admin:
        body = {"email": email, "role": role}
        account = admin.request("POST", f"/v1/admin/tenants/{tenant}/roles", body)
        out.print(f"{email}: {', '.join(account['roles'])}", highlight=False)


@banks.command("export")
def export_questions(tenant: str, skill: str = "wifi") -> None:
    """The right answers of a bank, for a trial: question id to option text."""
    with platform() as admin:
        path = f"/v1/admin/tenants/{tenant}/question-banks/{skill}"
        out.print_json(json.dumps(right_answers(admin.request("GET", path))))


def right_answers(bank: dict[str, Any]) -> dict[str, list[str]]:
    """Question id -> the right option's text in every language."""
    return {
        question["id"]: [
            text
            for option in question["options"]
            if option.get("right")
            for text in option["text"].values()
        ]
        for question in bank["questions"]
    }


@topology.command("export")
def export_topology() -> None:
    """Write deploy/rabbit/definitions.json anew from the services' consumers."""
    topologies.FILE.write_text(topologies.exported())
    out.print(f"{topologies.FILE} written", highlight=False)


@topology.command("check")
def check_topology() -> None:
    """Fail when deploy/rabbit/definitions.json is not what the code declares."""
    if topologies.FILE.read_text() != topologies.exported():
        err.print("definitions.json is not what the code declares: helphood topology export")
        raise typer.Exit(1)
