"""The end of a tenant in one service: refused while served, done again if told again, for good."""

from typing import Any

import httpx

from services.identity.commands.audit import verify_chain
from services.identity.store import AuditLog
from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id
from shared.offboarding import Holdings
from shared.rabbit import ParkedMessage
from shared.store.erasing import is_there, places_of
from tests.harness import Harness
from tests.identity.test_tenants import a_slug, a_tenant, administrator


async def a_lived_in_tenant(identity: Harness, admin: httpx.AsyncClient) -> str:
    slug = a_slug()
    await admin.put(f"/v1/admin/tenants/{slug}", json=a_tenant(slug))

    async def known() -> bool:
        await identity.runtime.tenants.fresh()
        return identity.runtime.tenants.by_slug(slug) is not None

    await identity.eventually(known)
    async with identity.client(tenant=slug) as visitor:
        body = {
            "email": f"{new_id('x')}@people.example", "password": "plum tree river stone",
            "display_name": "Ada", "language": a_tenant(slug)["locales"][0],
        }  # fmt: skip
        assert (await visitor.post("/v1/accounts", json=body)).status_code == 201
    return slug


async def left(identity: Harness, slug: str) -> list[str]:
    database = identity.runtime.database
    places = await places_of(database, slug, {"tenants", "tenant_replica"})
    return [place.collection for place in places if await is_there(database, place)]


async def test_a_tenant_that_is_served_is_not_offboarded(identity: Harness):
    async with administrator(identity) as admin:
        slug = await a_lived_in_tenant(identity, admin)
        answer = await admin.post(f"/v1/admin/tenants/{slug}/offboard")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_suspended")
        assert (await admin.post("/v1/admin/tenants/nobody/offboard")).status_code == 404
        assert "accounts" in await left(identity, slug)


async def test_everything_goes_and_the_slug_stays_taken(identity: Harness):
    async with administrator(identity) as admin:
        slug = await a_lived_in_tenant(identity, admin)
        other = await a_lived_in_tenant(identity, admin)
        path = f"/v1/admin/tenants/{slug}"
        await admin.post(f"{path}/suspend", json={"reason": "contract ended"})
        for _ in range(2):
            answer = await admin.post(f"{path}/offboard")
            assert (answer.status_code, answer.json()["status"]) == (200, "offboarded")

            async def gone() -> bool:
                return await left(identity, slug) == []

            await identity.eventually(gone)
        for call in (
            admin.put(path, json=a_tenant(slug)),
            admin.post(f"{path}/reinstate"),
            admin.post(f"{path}/suspend", json={"reason": "x"}),
        ):
            answer = await call
            assert (answer.status_code, answer.json()["code"]) == (409, "tenant_offboarded")
        async with identity.client(tenant=slug) as visitor:

            async def unknown() -> bool:
                told = await visitor.get("/v1/tenant")
                return told.status_code == 404 and told.json()["code"] == "unknown_tenant"

            await identity.eventually(unknown)
        assert "accounts" in await left(identity, other)
    platforms = AuditLog.unrelayed(identity.runtime.database, "platform")

    async def told() -> bool:
        entries = await platforms.from_number(1, 1000)
        return any(each.told.get("thing") == slug for each in entries)

    await identity.eventually(told)
    assert (await verify_chain(platforms)).fault is None


async def test_what_comes_late_is_neither_applied_nor_kept(identity: Harness):
    async with administrator(identity) as admin:
        slug = await a_lived_in_tenant(identity, admin)
        path = f"/v1/admin/tenants/{slug}"
        await admin.post(f"{path}/suspend", json={"reason": "contract ended"})
        await admin.post(f"{path}/offboard")

        async def gone() -> bool:
            await identity.runtime.tenants.fresh()
            tenant: Any = identity.runtime.tenants.by_slug(slug)
            return tenant.status == "offboarded" and await left(identity, slug) == []

        await identity.eventually(gone)
    late = ParkedMessage(
        id=new_id("evt"), queue="identity.people", reason="refused", detail="x", headers={},
        content_type=None, body=b"Ada", parked_at=utc_now(), tenant=slug, subject="acc_x",
    )  # fmt: skip
    await identity.runtime.park(late)
    assert await left(identity, slug) == []


def test_every_collection_of_a_service_is_among_what_goes(identity: Harness):
    holdings = identity.runtime.resources[Holdings]
    assert {"accounts", "sessions", "people", "mails", "parked"} <= set(holdings.collections)
    assert not {"tenants", "tenant_replica"} & set(holdings.collections)
    assert set(holdings.buckets) == {"export_pieces", "export_archives"}
