"""Partners' machines: secrets shown once, rotated without a gap, scopes that routes ask for."""

import base64
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.identity.model import Client
from services.identity.model.client import OVERLAP, ClientRevoked, ClientSecret
from shared.http.access import roles as for_roles
from shared.http.access import rules_of, scopes
from shared.http.routes import CheckedRoute
from shared.http.tokens import Actor
from tests.harness import Harness
from tests.identity.builders import NOON, believing
from tests.identity.test_tenants import a_slug, a_tenant, administrator

CLIENTS = "/v1/admin/tenants/{}/clients"


async def made(admin: httpx.AsyncClient, slug: str, **fields: Any) -> dict[str, Any]:
    body = {"name": "Field service", "scopes": ["events:read", "reports:read"]} | fields
    answer = await admin.post(CLIENTS.format(slug), json=body)
    assert answer.status_code == 201, answer.text
    client: dict[str, Any] = answer.json()
    return client


async def a_partner(identity: Harness, **fields: Any) -> tuple[str, dict[str, Any]]:
    """A tenant of its own and a client there."""
    slug = a_slug()
    async with administrator(identity) as admin:
        await admin.put(f"/v1/admin/tenants/{slug}", json=a_tenant(slug))
        client = await made(admin, slug, **fields)

    async def known() -> bool:
        await identity.runtime.tenants.fresh()
        return identity.runtime.tenants.by_slug(slug) is not None

    await identity.eventually(known)
    return slug, client


async def token(client: httpx.AsyncClient, id: str, secret: str, **fields: str) -> httpx.Response:
    form = {
        "grant_type": "client_credentials", "client_id": id, "client_secret": secret,
    } | fields  # fmt: skip
    return await client.post("/v1/auth/token", data=form)


async def test_a_client_gets_a_token_with_its_scopes(identity: Harness):
    slug, client = await a_partner(identity)
    async with identity.client(tenant=slug) as machine:
        answer = await token(machine, client["id"], client["secret"])
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        told = answer.json()
        assert (told["token_type"], told["expires_in"]) == ("Bearer", 300)
        assert told["scope"] == "events:read reports:read"
        fewer = await token(machine, client["id"], client["secret"], scope="events:read")
        assert fewer.json()["scope"] == "events:read"
    actor = await identity.runtime.verifier.verify(fewer.json()["access_token"])
    assert (actor.id, actor.tenant, actor.is_machine) == (client["id"], slug, True)
    assert actor.scopes == {"events:read"}


async def test_a_client_may_name_itself_by_http_basic(identity: Harness):
    slug, client = await a_partner(identity)
    basic = base64.b64encode(f"{client['id']}:{client['secret']}".encode()).decode()
    form = {"grant_type": "client_credentials"}
    async with identity.client(tenant=slug) as machine:
        headers = {"Authorization": f"Basic {basic}"}
        answer = await machine.post("/v1/auth/token", data=form, headers=headers)
        assert answer.status_code == 200
        both = await machine.post(
            "/v1/auth/token", data=form | {"client_id": client["id"]}, headers=headers
        )
        assert (both.status_code, both.json()["error"]) == (400, "invalid_request")
        headers = {"Authorization": "Basic %%%"}
        answer = await machine.post("/v1/auth/token", data=form, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"client_id": "client_unknown"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"scope": "events:read webhooks:manage"}, 400, "invalid_scope"),
        ({"scope": "everything"}, 400, "invalid_scope"),
    ],
)
async def test_a_bad_request_for_a_token_is_told_as_the_standard_wants_it(
    identity: Harness, fields: dict[str, str], status: int, error: str
):
    slug, client = await a_partner(identity)
    async with identity.client(tenant=slug) as machine:
        answer = await token(machine, **({"id": client["id"], "secret": client["secret"]} | {
            {"client_id": "id", "client_secret": "secret"}.get(name, name): value
            for name, value in fields.items()
        }))  # fmt: skip
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["code"] == error
    assert answer.headers["cache-control"] == "no-store"


async def test_json_is_no_form(identity: Harness):
    async with identity.client() as machine:
        answer = await machine.post("/v1/auth/token", json={"grant_type": "client_credentials"})
    assert answer.status_code == 415


async def test_a_secret_is_shown_once_and_kept_as_a_hash(identity: Harness):
    slug, client = await a_partner(identity)
    async with administrator(identity) as admin:
        listed = (await admin.get(CLIENTS.format(slug))).json()["data"]
    assert [each["id"] for each in listed] == [client["id"]]
    assert "secret" not in listed[0]
    stored = await identity.runtime.database.collection("clients").find_one({"_id": client["id"]})
    assert client["secret"] not in str(stored)


async def test_two_secrets_are_good_while_a_new_one_is_brought_out(identity: Harness):
    slug, client = await a_partner(identity)
    async with administrator(identity) as admin, identity.client(tenant=slug) as machine:
        path = f"{CLIENTS.format(slug)}/{client['id']}/rotate"
        second = (await admin.post(path)).json()
        assert len(second["secrets_until"]) == 2
        for each in (client, second):
            assert (await token(machine, client["id"], each["secret"])).status_code == 200
        third = (await admin.post(path)).json()
        codes = [
            (await token(machine, client["id"], each["secret"])).status_code
            for each in (client, second, third)
        ]
    assert codes == [401, 200, 200]


async def test_a_revoked_client_gets_no_token(identity: Harness):
    slug, client = await a_partner(identity)
    async with administrator(identity) as admin, identity.client(tenant=slug) as machine:
        path = f"{CLIENTS.format(slug)}/{client['id']}"
        assert (await admin.delete(path)).status_code == 204
        assert (await token(machine, client["id"], client["secret"])).status_code == 401
        assert (await admin.post(f"{path}/rotate")).status_code == 409
        assert (await admin.get(CLIENTS.format(slug))).json()["data"] == []


async def test_a_client_is_nobody_in_another_tenant(identity: Harness):
    slug, client = await a_partner(identity)
    async with identity.client() as elsewhere, administrator(identity) as admin:
        assert (await token(elsewhere, client["id"], client["secret"])).status_code == 401
        path = f"/v1/admin/tenants/vodafone/clients/{client['id']}"
        assert (await admin.delete(path)).status_code == 404
    async with identity.client(tenant=slug) as machine:
        assert (await token(machine, client["id"], client["secret"])).status_code == 200


async def test_a_machine_is_let_in_nowhere_without_a_scope(identity: Harness):
    slug, client = await a_partner(identity)
    async with identity.client(tenant=slug) as machine:
        answer = await token(machine, client["id"], client["secret"])
        machine.headers.update(believing(answer.json()["access_token"]))
        me = await machine.get("/v1/me")
        assert (me.status_code, me.json()["code"]) == (403, "forbidden")
        assert (await machine.get("/v1/tenant")).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["everything"]},
        {"name": "", "scopes": ["events:read"]},
        {"name": "x\u202e", "scopes": ["events:read"]},
    ],
)
async def test_a_bad_client_is_refused(identity: Harness, body: dict[str, Any]):
    async with administrator(identity) as admin:
        slug = a_slug()
        await admin.put(f"/v1/admin/tenants/{slug}", json=a_tenant(slug))
        assert (await admin.post(CLIENTS.format(slug), json=body)).status_code == 422
        unknown = await admin.post(CLIENTS.format(a_slug()), json={
            "name": "x", "scopes": ["events:read"],
        })  # fmt: skip
        assert unknown.status_code == 404


async def test_guessing_a_secret_is_throttled(identity: Harness):
    slug, client = await a_partner(identity)
    async with identity.client(tenant=slug) as machine:
        machine._transport.client = ("198.51.103.1", 1)  # type: ignore[attr-defined]
        codes = [(await token(machine, client["id"], "wrong")).status_code for _ in range(12)]
    assert codes == [401] * 11 + [429]


def a_client() -> Client:
    return Client(
        id="client_1", name="x", scopes=["events:read"], created_at=NOON, order="1",
        secrets=[ClientSecret("first", NOON)],
    )  # fmt: skip


def test_the_old_secret_ends_after_a_day():
    client = a_client()
    client.rotate("second", NOON)
    just_before, then = NOON + OVERLAP - timedelta(seconds=1), NOON + OVERLAP
    assert [each.hashed for each in client.living(just_before)] == ["first", "second"]
    assert [each.hashed for each in client.living(then)] == ["second"]


def test_a_revoked_client_is_not_rotated():
    client = a_client()
    client.revoke(NOON)
    with pytest.raises(ClientRevoked):
        client.rotate("second", NOON)


def an_actor(*roles: str, scopes: tuple[str, ...] = ()) -> Actor:
    return Actor("x", "vodafone", frozenset(roles), "", NOON, frozenset(scopes))


@pytest.mark.parametrize(
    ("marker", "actor", "allowed"),
    [
        (scopes("events:read"), an_actor("partner", scopes=("events:read",)), True),
        (scopes("events:read"), an_actor("partner", scopes=("reports:read",)), False),
        (scopes("events:read"), an_actor("tenant_admin"), False),
        (for_roles("tenant_admin") | scopes("events:read"), an_actor("tenant_admin"), True),
        (for_roles("tenant_admin") | scopes("events:read"), an_actor("support"), False),
        (for_roles("tenant_admin"), an_actor("partner", scopes=("events:read",)), False),
        ({}, an_actor("partner", scopes=("events:read",)), False),
        ({}, an_actor("customer"), True),
    ],
)
def test_a_route_says_which_machines_and_people_it_lets_in(
    marker: dict[str, Any], actor: Actor, allowed: bool
):
    async def route() -> None: ...

    rules = rules_of(CheckedRoute("/v1/x", route, methods=["GET"], openapi_extra=marker))
    assert rules.let_in(actor) is allowed
