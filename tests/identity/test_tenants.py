"""Tenants, as the platform's administrator applies them."""

import json
from typing import Any

import httpx
import pytest

from services.identity.store import AccountStore
from shared.contracts.identity import (
    ERASED,
    AccountErased,
    AccountRegistered,
    AccountUpdated,
    TenantConfigured,
)
from shared.contracts.profiles import Availability, HelperFacts, HelperListed
from shared.kernel.clock import utc_now
from shared.kernel.errors import NotFound
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.identity.builders import registered, verified


def a_tenant(slug: str, **fields: Any) -> dict[str, Any]:
    return {
        "hosts": [f"{slug}.localhost"],
        "brand": {
            "name": "Alpentel",
            "programme_name": "Nachbarn",
            "primary_colour": "#004488",
            "accent_colour": "#ffaa00",
            "support_email": "hilfe@alpentel.example",
        },
        "country": "CH",
        "locales": ["fr", "it", "de"],
        "currency": "CHF",
        "time_zone": "Europe/Zurich",
        "categories": [{"slug": "wifi", "names": {"fr": "Wi-Fi", "de": "WLAN"}}],
        "hourly_rate": {
            "min": {"amount_minor": 2000, "currency": "CHF"},
            "max": {"amount_minor": 6000, "currency": "CHF"},
        },
        "service_area": {"centre": {"lat": 46.95, "lon": 7.45}, "radius_m": 50_000},
        "rules": {"insurance_required": True},
    } | fields


def administrator(identity: Harness) -> httpx.AsyncClient:
    return identity.client(
        "acc_root", tenant="platform", roles=("platform_admin",), host="platform.localhost"
    )


def a_slug() -> str:
    return "t" + new_id("t")[-12:]


async def test_a_new_tenant_is_served_at_its_host_at_once(identity: Harness):
    slug = a_slug()
    async with administrator(identity) as admin:
        answer = await admin.put(f"/v1/admin/tenants/{slug}", json=a_tenant(slug))
        assert answer.status_code == 201, answer.text
        listed = (await admin.get("/v1/admin/tenants")).json()["data"]
    assert slug in [tenant["slug"] for tenant in listed]
    event = await identity.published(TenantConfigured, subject=slug, tenant=slug)
    assert event.event.facts.hourly_rate_max.amount_minor == 6000
    async with identity.client(tenant=slug) as client:

        async def served() -> bool:
            return (await client.get("/v1/tenant")).status_code == 200

        assert await identity.eventually(served)
        tenant = (await client.get("/v1/tenant", headers={"Accept-Language": "fr"})).json()
    assert tenant["programme_name"] == "Nachbarn"
    assert tenant["categories"][0]["name"] == "Wi-Fi"
    assert tenant["hourly_rate"]["min"] == {"amount_minor": 2000, "currency": "CHF"}


async def test_applying_the_same_configuration_again_changes_nothing(identity: Harness):
    slug = a_slug()
    async with administrator(identity) as admin:
        first = await admin.put(f"/v1/admin/tenants/{slug}", json=a_tenant(slug))
        again = await admin.put(f"/v1/admin/tenants/{slug}", json=a_tenant(slug))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.headers["etag"] == again.headers["etag"]


async def test_a_host_belongs_to_one_tenant(identity: Harness):
    one, two = a_slug(), a_slug()
    async with administrator(identity) as admin:
        await admin.put(f"/v1/admin/tenants/{one}", json=a_tenant(one))
        body = a_tenant(two, hosts=[f"{two}.localhost", f"{one}.localhost"])
        answer = await admin.put(f"/v1/admin/tenants/{two}", json=body)
    assert answer.status_code == 409
    assert answer.json()["code"] == "host_taken"


BAND = {
    "min": {"amount_minor": 3000, "currency": "CHF"},
    "max": {"amount_minor": 2000, "currency": "CHF"},
}
EUROS = {
    "min": {"amount_minor": 2000, "currency": "EUR"},
    "max": {"amount_minor": 3000, "currency": "CHF"},
}


def owing(**compensation: Any) -> dict[str, Any]:
    return {"compensation": compensation}


def franc(amount_minor: int, currency: str = "CHF") -> dict[str, Any]:
    return {"amount_minor": amount_minor, "currency": currency}


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("time_zone", "Europe/Atlantis", "/time_zone"),
        ("currency", "XYZ", "/currency"),
        ("hourly_rate", BAND, "/hourly_rate/max"),
        ("hourly_rate", EUROS, "/hourly_rate/min/currency"),
        ("hosts", [], "/hosts"),
        ("hosts", ["Upper.Case"], "/hosts/0"),
        ("categories", [], "/categories"),
        ("surprise", 1, "/surprise"),
        ("rules", {"pass_mark": 7}, "/rules/pass_mark"),
        ("rules", owing(helper_percent=1001), "/rules/compensation/helper_percent"),
        ("rules", owing(helper_percent=-1), "/rules/compensation/helper_percent"),
        ("rules", owing(helper_percent="all"), "/rules/compensation/helper_percent"),
        ("rules", owing(helper_travel="yes"), "/rules/compensation/helper_travel"),
        ("rules", owing(customer=franc(-1)), "/rules/compensation/customer/amount_minor"),
        ("rules", owing(customer=franc(10**13)), "/rules/compensation/customer/amount_minor"),
        ("rules", owing(customer=franc(1, "EUR")), "/rules/compensation/customer/currency"),
        ("rules", owing(customer=5), "/rules/compensation/customer"),
        ("rules", owing(neighbour=franc(1)), "/rules/compensation/neighbour"),
        ("rules", {"compensation": None}, "/rules/compensation"),
        ("tax_number", "CHE-123.456.789", "/tax_number"),
        ("tax_number", "DE123456788", "/tax_number"),
        ("tax_number", "1" * 41, "/tax_number"),
        ("tax_number", 123456788, "/tax_number"),
    ],
)
async def test_a_bad_configuration_names_the_field(
    identity: Harness, field: str, value: object, pointer: str
):
    slug = a_slug()
    async with administrator(identity) as admin:
        answer = await admin.put(
            f"/v1/admin/tenants/{slug}", content=json.dumps(a_tenant(slug, **{field: value})),
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer
        listed = (await admin.get("/v1/admin/tenants")).json()["data"]
    assert slug not in [tenant["slug"] for tenant in listed]


async def test_what_an_operator_owes_is_public_and_its_tax_number_is_not(identity: Harness):
    slug = a_slug()
    rules = owing(helper_percent=25, helper_travel=False, customer=franc(0))
    async with administrator(identity) as admin:
        body = a_tenant(slug, rules=rules, tax_number="CHE-123.456.788")
        answer = await admin.put(f"/v1/admin/tenants/{slug}", json=body)
        assert (answer.status_code, answer.json()["tax_number"]) == (201, "CHE123456788")
        listed = (await admin.get("/v1/admin/tenants")).json()["data"]
    [mine] = [each for each in listed if each["slug"] == slug]
    assert (mine["tax_number"], mine["rules"]) == ("CHE123456788", answer.json()["rules"])
    told = await identity.published(TenantConfigured, subject=slug, tenant=slug)
    assert told.event.facts.tax_number == "CHE123456788"
    async with identity.client(tenant=slug) as client:

        async def served() -> Any:
            answer = await client.get("/v1/tenant")
            return answer if answer.status_code == 200 else None

        seen = await identity.eventually(served)
    assert seen.json()["rules"]["compensation"] == rules["compensation"]
    assert "123456788" not in seen.text


async def test_administration_is_for_administrators_at_the_platforms_host(identity: Harness):
    slug = a_slug()
    async with identity.client("acc_x", roles=("tenant_admin",)) as client:
        answer = await client.put(f"/v1/admin/tenants/{slug}", json=a_tenant(slug))
        assert answer.status_code == 404
    async with identity.client("acc_x", tenant="platform", host="platform.localhost") as client:
        answer = await client.put(f"/v1/admin/tenants/{slug}", json=a_tenant(slug))
        assert answer.status_code == 403
        assert (await client.get("/v1/tenant")).status_code == 404


async def test_the_first_administrator_can_log_in(identity: Harness):
    body = {"email": "root@helphood.example", "password": "correct horse battery staple"}
    async with identity.client(host="platform.localhost") as client:

        async def let_in() -> Any:
            answer = await client.post("/v1/auth/login", json=body)
            return answer.json() if answer.status_code == 200 else None

        tokens = await identity.eventually(let_in)
        answer = await client.get(
            "/v1/admin/tenants", headers={"Authorization": f"Bearer {tokens['access_token']}"}
        )
    assert answer.status_code == 200


async def test_an_unknown_host_is_no_tenant(identity: Harness):
    async with identity.client(host="nobody.localhost") as client:
        answer = await client.get("/v1/tenant")
    assert answer.status_code == 404
    assert answer.json()["code"] == "unknown_tenant"


def a_listed_helper() -> HelperListed:
    facts = HelperFacts(
        status="listed",
        display_name="Ada",
        headline="",
        skills=["wifi"],
        languages=["de"],
        hourly_rate=None,
        min_minutes=30,
        place=None,
        public_place=None,
        radius_m=1000,
        trader_status="private",
        availability=Availability(),
        listed_at=utc_now(),
    )
    return HelperListed(facts)


async def test_whoever_is_listed_becomes_a_helper(identity: Harness):
    account = await verified(identity)
    await identity.deliver(a_listed_helper(), subject=account["id"])
    event = await identity.published(AccountUpdated, subject=account["id"])
    assert event.event.facts.roles == ["customer", "helper"]


async def test_what_is_late_for_an_erased_account_is_passed_over(identity: Harness):
    """It would be parked otherwise, with a person's data in it."""
    account = await registered(identity)
    accounts = identity.scope().store(AccountStore)
    registration = await identity.published(AccountRegistered, subject=account["id"])
    await accounts.bury(account["id"], lambda _: [AccountErased(ERASED)])
    for event in (registration.event, a_listed_helper()):
        await identity.deliver(event, subject=account["id"])
    assert await accounts.find(account["id"]) is None
    with pytest.raises(NotFound):
        await identity.deliver(a_listed_helper(), subject=new_id("acc"))


async def test_support_is_granted_by_address(identity: Harness):
    account = await registered(identity)
    accounts = identity.scope().store(AccountStore)
    slug = a_slug()
    async with administrator(identity) as admin:
        await admin.put(f"/v1/admin/tenants/{slug}", json=a_tenant(slug))
        async with identity.client(tenant=slug) as client:

            async def joined() -> Any:
                body = {
                    "email": account["email"],
                    "password": "plum-Orbit-94-kettle",
                    "display_name": "Desk",
                    "language": "de",
                }
                answer = await client.post("/v1/accounts", json=body)
                return answer.json() if answer.status_code == 201 else None

            assert await identity.eventually(joined)
        path = f"/v1/admin/tenants/{slug}/roles"
        answer = await admin.post(path, json={"email": account["email"], "role": "support"})
        assert answer.status_code == 200
        assert "support" in answer.json()["roles"]
        body = {"email": "nobody@people.example", "role": "support"}
        assert (await admin.post(path, json=body)).status_code == 404
        body = {"email": account["email"], "role": "platform_admin"}
        assert (await admin.post(path, json=body)).status_code == 422
    assert (await accounts.get(account["id"])).roles == ["customer"]
