"""Who is let in, where, and in which order that is asked."""

from typing import Any

import pytest

from tests.shared.http.shop import ALICE, Shop
from tests.shared.tokens import TokenMaker
from tests.tenants import VODAFONE


@pytest.mark.parametrize("path", ["/v1/open", "/v1/items", "/nothing"])
async def test_an_unknown_host_is_told_first(shop: Shop, path: str) -> None:
    async with shop.client(None) as client:
        refused = await client.get(path, headers={"Host": "nowhere.localhost"})
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_tenant")


@pytest.mark.parametrize(
    "host", ["vodafone.localhost", "VODAFONE.localhost:8080", "vodafone.localhost.:80"]
)
async def test_case_and_port_of_the_host_do_not_matter(shop: Shop, host: str) -> None:
    async with shop.client() as client:
        found = await client.get("/v1/open", headers={"Host": host})
    assert found.json() == {"tenant": "vodafone", "actor": ALICE}


async def test_while_no_tenant_is_known_everybody_waits(shop: Shop) -> None:
    shop.town.hosts, shop.town.ready = {}, False
    async with shop.client(None) as client:
        refused = await client.get("/v1/open")
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "2"


async def test_a_suspended_tenant_is_not_served(shop: Shop) -> None:
    suspended = VODAFONE.model_copy(update={"status": "suspended"})
    shop.town.hosts["vodafone.localhost"] = suspended
    async with shop.client(None) as client:
        refused = await client.get("/v1/open")
    assert (refused.status_code, refused.json()["code"]) == (503, "tenant_suspended")
    assert "Retry-After" in refused.headers


async def test_an_offboarded_tenant_is_unknown(shop: Shop) -> None:
    gone = VODAFONE.model_copy(update={"status": "offboarded"})
    shop.town.hosts["vodafone.localhost"] = gone
    async with shop.client(None) as client:
        assert (await client.get("/v1/open")).json()["code"] == "unknown_tenant"


async def test_a_person_is_needed_unless_the_route_says_otherwise(shop: Shop) -> None:
    async with shop.client(None) as client:
        refused = await client.get("/v1/items")
        welcome = await client.get("/v1/open")
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert welcome.json()["actor"] is None


@pytest.mark.parametrize("path", ["/v1/open", "/v1/items"])
@pytest.mark.parametrize("token", ["", "x.y.z", "🙈".encode().decode("latin-1")])
async def test_a_bad_token_is_refused_on_public_routes_too(
    shop: Shop, path: str, token: str
) -> None:
    headers = [(b"Authorization", f"Bearer {token}".encode("latin-1"))]
    async with shop.client(None) as client:
        refused = await client.get(path, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


async def test_two_tokens_are_none(shop: Shop) -> None:
    token = ("Authorization", f"Bearer {shop.tokens.token(ALICE, 'vodafone')}")
    async with shop.client(None) as client:
        assert (await client.get("/v1/open", headers=[token])).status_code == 200
        assert (await client.get("/v1/open", headers=[token, token])).status_code == 401


async def test_a_token_of_another_tenant_is_like_a_forged_one(shop: Shop) -> None:
    async with shop.client(ALICE, tenant="swisscom") as client:
        elsewhere = await client.get("/v1/open", headers={"Host": "vodafone.localhost"})
        at_home = await client.get("/v1/open")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (401, "invalid_token")
    assert at_home.status_code == 200


async def test_a_revoked_token_is_refused(shop: Shop) -> None:
    shop.banned.ids.add(ALICE)
    async with shop.client() as client:
        refused = await client.get("/v1/open")
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")


async def test_a_role_route_wants_one_of_its_roles(shop: Shop) -> None:
    async with shop.client(ALICE, roles=["customer"]) as client:
        refused = await client.get("/v1/support/items")
    async with shop.client(ALICE, roles=["customer", "support"]) as client:
        welcome = await client.get("/v1/support/items")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert welcome.status_code == 200


async def test_platform_routes_are_at_the_platforms_host_only(shop: Shop) -> None:
    admin: dict[str, Any] = {"roles": ["platform_admin"]}
    async with shop.client(ALICE, tenant="platform", **admin) as client:
        assert (await client.get("/v1/admin/tenants")).json() == {"data": "platform"}
    async with shop.client(ALICE, tenant="platform") as client:
        assert (await client.get("/v1/admin/tenants")).status_code == 403
    async with shop.client(None, tenant="platform") as client:
        assert (await client.get("/v1/admin/tenants")).status_code == 401
    async with shop.client(ALICE, **admin) as client:
        elsewhere = await client.get("/v1/admin/tenants")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "not_found")


async def test_tenant_routes_are_not_at_the_platforms_host_unless_marked(shop: Shop) -> None:
    async with shop.client(ALICE, tenant="platform") as client:
        refused = await client.get("/v1/items")
        marked = await client.get("/v1/open")
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_tenant")
    assert marked.json()["tenant"] == "platform"


async def test_any_host_routes_ask_for_nothing(shop: Shop) -> None:
    shop.town.hosts, shop.town.ready = {}, False
    async with shop.client(None) as client:
        headers = {"Host": "10.0.0.7:9000", "Authorization": "Bearer nonsense"}
        assert (await client.get("/v1/keys", headers=headers)).status_code == 200


async def test_each_check_comes_before_the_next(shop: Shop) -> None:
    """One request with every fault; the faults are mended one by one."""
    stranger = TokenMaker().token(ALICE, "vodafone")
    customer = shop.tokens.token(ALICE, "vodafone")
    support = shop.tokens.token(ALICE, "vodafone", roles=["support"])
    faults: dict[str, Any] = {
        "Host": "nowhere.localhost",
        "Authorization": f"Bearer {stranger}",
        "Content-Type": "text/plain",
        "Content-Length": str(10**7),
    }
    answers = []
    async with shop.client(None) as client:
        for mended in (
            {},
            {"Host": "vodafone.localhost"},
            {"Authorization": f"Bearer {customer}"},
            {"Authorization": f"Bearer {support}"},
            {"Content-Type": "application/json"},
            {"Content-Length": "2"},
        ):
            faults |= mended
            refused = await client.post("/v1/support/items?x=1", headers=faults, content=b"[]")
            answers.append((refused.status_code, refused.json()["code"]))
        correct = {"Authorization": f"Bearer {support}"}
        for path, body in (("?x=1", {}), ("", {}), ("", {"title": "x"})):
            refused = await client.post(f"/v1/support/items{path}", headers=correct, json=body)
            answers.append((refused.status_code, refused.json().get("code")))
    assert answers == [
        (404, "unknown_tenant"),
        (401, "invalid_token"),
        (403, "forbidden"),
        (415, "unsupported_media_type"),
        (413, "body_too_large"),
        (422, "malformed_body"),
        (422, "invalid_request"),
        (422, "invalid_request"),
        (200, None),
    ]
