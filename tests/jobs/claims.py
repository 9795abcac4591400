"""Claims in the running service: how they are reported, shown evidence for, and asked about."""

import io
from typing import Any

import httpx
from PIL import Image

from services.jobs.store import LookStore
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.jobs.journey import Story, ask, money
from tests.tenants import TENANTS

SUPPORT = ("customer", "support")

NOTICE = {"item": "Vase", "incident": "It fell from the shelf with the router"}


def notice(tenant: str = "vodafone", cents: int = 12000, **changes: Any) -> dict[str, Any]:
    loss = money(cents, TENANTS[tenant].currency)
    return NOTICE | {"estimated_loss": loss} | changes


def a_picture(*, hidden: bytes = b"Secret Camera") -> bytes:
    """A photo with something in its metadata that must not be seen."""
    exif = Image.Exif()
    exif[0x010F] = hidden.decode()
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(out, "JPEG", exif=exif)
    assert hidden in out.getvalue()
    return out.getvalue()


async def a_visit(jobs: Harness, tenant: str = "vodafone") -> Story:
    """A job whose visit has begun."""
    story = await ask(jobs, tenant=tenant)
    await story.begin()
    return story


async def report(
    story: Story, *, by: str = "", key: str | None = "", body: Any = None
) -> httpx.Response:
    """The answer to a first notice, by the customer unless said otherwise."""
    return await story.post(
        "claims", body or notice(story.tenant), by=by or story.customer, key=key
    )


async def a_claim(jobs: Harness, tenant: str = "vodafone") -> tuple[Story, dict[str, Any]]:
    story = await a_visit(jobs, tenant)
    answer = await report(story)
    assert answer.status_code == 201, answer.text
    return story, answer.json()


async def act(
    story: Story,
    claim: str,
    command: str,
    body: Any = None,
    *,
    by: str,
    roles: tuple[str, ...] = ("customer",),
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    async with story.jobs.client(by, tenant=story.tenant, roles=roles) as client:
        content = {} if body is None else {"json": body}
        return await client.post(f"/v1/claims/{claim}/{command}", headers=headers, **content)


async def show(
    story: Story,
    claim: str,
    content: bytes | None = None,
    *,
    by: str,
    key: str | None = None,
    **fields: str,
) -> httpx.Response:
    """Hand in a file."""
    file = a_picture() if content is None else content
    async with story.jobs.client(by, tenant=story.tenant) as client:
        return await client.post(
            f"/v1/claims/{claim}/evidence",
            files={"file": ("vase.jpg", file, "image/jpeg")},
            data=fields,
            headers={"Idempotency-Key": key or new_id("key")},
        )


async def look(
    story: Story, path: str, *, by: str, roles: tuple[str, ...] = ("customer",), **query: Any
) -> httpx.Response:
    async with story.jobs.client(by, tenant=story.tenant, roles=roles) as client:
        return await client.get(path, params=query)


async def looks_by(jobs: Harness, actor: str) -> list[dict[str, Any]]:
    """What this person of support has looked at, oldest first."""
    looks = jobs.runtime.database.collection(LookStore.collection).find({"actor_id": actor})
    found: list[dict[str, Any]] = await looks.sort("at", 1).to_list(None)
    return found
