"""Signing keys: looked at, and rotated without logging anybody out."""

import typer
from rich.table import Table

from deploy.cli.signed_in import platform
from deploy.cli.terminal import out

keys = typer.Typer(help="Keys that sign access tokens.", no_args_is_help=True)


@keys.command("list")
def list_keys() -> None:
    """Which key signs, which one is next, which one is still believed."""
    with platform() as admin:
        ring = admin.request("GET", "/v1/admin/keys")
    _show(ring)


@keys.command("rotate")
def rotate_keys() -> None:
    """Sign with the next key from now on. Refused while a request would be lost by it."""
    with platform() as admin:
        ring = admin.request("POST", "/v1/admin/keys/rotate")
    _show(ring)


def _show(ring: dict[str, object]) -> None:
    table = Table("key", "state", "since")
    found = ring["keys"]
    assert isinstance(found, list), "the platform answers with a list of keys"
    for key in found:
        table.add_row(key["kid"], key["state"], key["since"])
    out.print(table)
    out.print(f"the next rotation is safe from {ring['rotation_safe_from']}", highlight=False)
