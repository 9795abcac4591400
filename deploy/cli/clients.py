"""Partners' machines of a tenant: made, listed, given new secrets, revoked."""

from typing import Annotated, Any

import typer
from rich.table import Table

from deploy.cli.signed_in import platform
from deploy.cli.terminal import cell, out

clients = typer.Typer(help="Partners' machines.", no_args_is_help=True)

_MOST = 100


@clients.command("create")
def create_client(
    tenant: str,
    name: str,
    scope: Annotated[list[str], typer.Option(help="e.g. events:read; once for each")],
) -> None:
    """A new client; its secret is shown this once."""
    with platform() as admin:
        body = {"name": name, "scopes": scope}
        _show(admin.request("POST", f"/v1/admin/tenants/{tenant}/clients", body))


@clients.command("list")
def list_clients(tenant: str) -> None:
    """Those that were not revoked, newest first."""
    table = Table("client", "name", "scopes", "created", "last used")
    path = f"/v1/admin/tenants/{tenant}/clients?limit={_MOST}"
    with platform() as admin:
        while path:
            page = admin.request("GET", path)
            for each in page["data"]:
                table.add_row(
                    each["id"],
                    cell(each["name"]),
                    " ".join(each["scopes"]),
                    each["created_at"],
                    each["last_used_at"] or "never",
                )
            more = page["next_cursor"]
            start = f"/v1/admin/tenants/{tenant}/clients?limit={_MOST}"
            path = f"{start}&cursor={more}" if more else ""
    out.print(table)


@clients.command("rotate")
def rotate_client(tenant: str, client: str) -> None:
    """A new secret, shown this once; the old one goes on for 24 hours."""
    with platform() as admin:
        _show(admin.request("POST", f"/v1/admin/tenants/{tenant}/clients/{client}/rotate"))


@clients.command("revoke")
def revoke_client(tenant: str, client: str) -> None:
    """No new token from now on."""
    with platform() as admin:
        admin.request("DELETE", f"/v1/admin/tenants/{tenant}/clients/{client}")
        out.print(f"{client}: revoked", highlight=False)


def _show(made: dict[str, Any]) -> None:
    out.print(f"client  {made['id']}", highlight=False)
    out.print(f"secret  {made['secret']}", highlight=False, soft_wrap=True)
    out.print(f"scopes  {' '.join(made['scopes'])}", highlight=False)
