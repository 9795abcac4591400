"""The commands; each is a thin edge over the administrator's API or the code itself.

Those that go straight to broker and databases are in files of their own.
"""

import json
from typing import Any

import typer

from deploy import topology as topologies
from deploy.cli.audit import audit
from deploy.cli.clients import clients
from deploy.cli.events import events
from deploy.cli.keys import keys
from deploy.cli.offboarding import offboard
from deploy.cli.parked import parked
from deploy.cli.republish import republish_service
from deploy.cli.routes import show_routes
from deploy.cli.signed_in import platform
from deploy.cli.tenants import tenants
from deploy.cli.terminal import err, out

app = typer.Typer(
    name="helphood", help="Operate the platform.", no_args_is_help=True, add_completion=False
)
roles = typer.Typer(help="What people may do.", no_args_is_help=True)
banks = typer.Typer(help="Qualification questions.", no_args_is_help=True)
topology = typer.Typer(help="The broker's exchanges and queues.", no_args_is_help=True)
app.add_typer(tenants, name="tenants")
app.add_typer(audit, name="audit")
app.add_typer(keys, name="keys")
tenants.command("offboard")(offboard)
app.add_typer(clients, name="clients")
app.add_typer(roles, name="roles")
app.add_typer(banks, name="questions")
app.add_typer(topology, name="topology")
app.add_typer(events, name="events")
app.add_typer(parked, name="parked")
app.command("republish")(republish_service)
app.command("routes")(show_routes)


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
