"""The end of a tenant: all of it exported, then erased everywhere, with a proof."""

import asyncio
import hashlib
import json
import time
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli.connections import Connections
from deploy.cli.platform import RefusedError
from deploy.cli.signed_in import platform
from deploy.cli.terminal import carried_out, out
from deploy.topology import SERVICES
from shared.kernel.clock import utc_now
from shared.offboarding import KEPT
from shared.store.erasing import is_there, lines_of, places_of

SETTLING = 6.0
"""Seconds from the suspension until what was begun before it is written and published."""

PATIENCE = 120.0
ASK_AGAIN = 10.0
"""Seconds after which what is left is asked for again: it may have been written meanwhile."""


@dataclass
class Holding:
    """One collection of one service: how many documents, and the digest of its NDJSON (SHA-256)."""

    documents: int
    sha256: str


def offboard(
    tenant: str,
    into: Annotated[Path, typer.Option(help="folder for the archive and the proof")],
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Export everything of a suspended tenant, then erase it in every service, for good."""
    if not yes:
        typer.confirm(f"Erase everything of {tenant}, for good?", abort=True)
    into.mkdir(parents=True, exist_ok=True)
    archive, proof = into / f"{tenant}.zip", into / f"{tenant}.proof.json"
    with platform() as admin:
        found = {each["slug"]: each for each in admin.request("GET", "/v1/admin/tenants")["data"]}
        if tenant not in found:
            raise RefusedError(f"there is no tenant {tenant!r}")
        if found[tenant]["status"] == "active":
            raise RefusedError(f"{tenant} is still served: helphood tenants suspend {tenant}")
        time.sleep(SETTLING)
        held = carried_out(_exported(tenant, archive))
        out.print(f"{tenant}: {sum(each.documents for each in held.values())} documents exported")
        path = f"/v1/admin/tenants/{tenant}/offboard"
        carried_out(_erased(tenant, lambda: admin.request("POST", path)))
    statement = {
        "tenant": tenant,
        "erased_at": utc_now().isoformat(),
        "archive": archive.name,
        "archive_sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "exported": {name: asdict(holding) for name, holding in held.items()},
        "left": dict.fromkeys(held, 0),
    }
    proof.write_text(json.dumps(statement, indent=1) + "\n")
    out.print(f"{tenant}: erased; {archive} and {proof} tell what there was", soft_wrap=True)


async def _exported(tenant: str, archive: Path) -> dict[str, Holding]:
    connections, held = Connections(), {}
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        for service in SERVICES:
            async with connections.database(service) as database:
                for place in await places_of(database, tenant, KEPT):
                    lines = [line async for line in lines_of(database, place)]
                    content = b"".join(lines)
                    written.writestr(f"{service}/{place.collection}.ndjson", content)
                    digest = hashlib.sha256(content).hexdigest()
                    held[f"{service}/{place.collection}"] = Holding(len(lines), digest)
    return held


async def _erased(tenant: str, ask: Any) -> None:
    """Until nothing is left, and still nothing a moment later. RefusedError if something stays."""
    deadline, clear = time.monotonic() + PATIENCE, 0
    while clear < 2:
        await asyncio.to_thread(ask)
        again = time.monotonic() + ASK_AGAIN
        left = await _left(tenant)
        while left and time.monotonic() < again:
            await asyncio.sleep(0.5)
            left = await _left(tenant)
        clear = 0 if left else clear + 1
        if left and time.monotonic() > deadline:
            raise RefusedError(f"still there: {', '.join(left)}; run it again")
        await asyncio.sleep(2)


async def _left(tenant: str) -> list[str]:
    connections, left = Connections(), []
    for service in SERVICES:
        async with connections.database(service) as database:
            for place in await places_of(database, tenant, KEPT):
                if await is_there(database, place):
                    left.append(f"{service}/{place.collection}")
    return left
