"""The audit log, straight from the database: whether it is still what was written."""

from typing import Annotated

import typer

from deploy.cli.connections import Connections
from deploy.cli.platform import RefusedError
from deploy.cli.terminal import carried_out, fail, harmless, out
from services.identity.commands.audit import verify_chain
from services.identity.model.audit import Verdict
from services.identity.store import AuditLog

audit = typer.Typer(help="Who looked, and who acted.", no_args_is_help=True)


@audit.command("verify")
def verify_audit(
    tenant: Annotated[str, typer.Argument(help="or platform, for the platform's own")],
    entries: Annotated[int, typer.Option(help="how many there were when it was verified last")] = 0,
) -> None:
    """Read the whole chain; status 1 when an entry is not what it was, or is gone.

    The end of a chain can be cut off unseen: keep the number that is shown, and name it next time.
    """
    verdict = carried_out(_verified(tenant))
    if verdict.fault is not None:
        fail(f"{harmless(tenant)}: broken at entry {verdict.broken_at}: {verdict.fault}")
    if verdict.entries < entries:
        fail(f"{harmless(tenant)}: {entries} entries were there, {verdict.entries} are left")
    out.print(
        f"{harmless(tenant)}: {verdict.entries} entries hold, sealed by {verdict.seal}",
        highlight=False,
        soft_wrap=True,
    )


async def _verified(tenant: str) -> Verdict:
    async with Connections().database("identity") as database:
        verdict = await verify_chain(AuditLog.unrelayed(database, tenant))
    if not verdict.entries and verdict.fault is None:
        raise RefusedError(f"there is no audit log of a tenant {tenant!r}")
    return verdict
