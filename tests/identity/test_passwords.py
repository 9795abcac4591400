"""Changing a password, forgetting one, and what thieves make of either."""

import re
import time
from typing import Any

import httpx
import pytest

from services.identity.credentials import Codes
from services.identity.store import AccountStore
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.identity.builders import (
    PASSWORD,
    believing,
    logged_in,
    mails_to,
    refused,
    registered,
    verified,
)

NEW = "walnut-Tractor-58-breeze"


async def change(client: httpx.AsyncClient, token: str, **fields: str) -> httpx.Response:
    body = {"current_password": PASSWORD, "new_password": NEW} | fields
    return await client.put("/v1/me/password", json=body, headers=believing(token))


async def test_a_changed_password_ends_every_session_but_this_one(identity: Harness):
    account = await verified(identity)
    async with identity.client() as client:
        mine, other = [await logged_in(client, account["email"]) for _ in range(2)]
        assert (await change(client, mine["access_token"])).status_code == 204
        refresh = {"refresh_token": other["refresh_token"]}
        assert (await client.post("/v1/auth/refresh", json=refresh)).status_code == 401
        await refused(identity, client, other["access_token"])
        me = await client.get("/v1/me", headers=believing(mine["access_token"]))
        assert me.status_code == 200
        refresh = {"refresh_token": mine["refresh_token"]}
        answer = await client.post("/v1/auth/refresh", json=refresh)
        assert answer.status_code == 200
        me = await client.get("/v1/me", headers=believing(answer.json()["access_token"]))
        assert me.status_code == 200


async def test_after_a_change_only_the_new_password_logs_in(identity: Harness):
    account = await verified(identity)
    async with identity.client() as client:
        token = (await logged_in(client, account["email"]))["access_token"]
        await change(client, token)
        body = {"email": account["email"], "password": PASSWORD}
        assert (await client.post("/v1/auth/login", json=body)).status_code == 401
        body["password"] = NEW
        tokens = (await client.post("/v1/auth/login", json=body)).json()
        # At once, although the revocation is dated by the end of this second.
        me = await client.get("/v1/me", headers=believing(tokens["access_token"]))
        assert me.status_code == 200
        refresh = {"refresh_token": tokens["refresh_token"]}
        assert (await client.post("/v1/auth/refresh", json=refresh)).status_code == 200
    assert any("Passwort" in text for text in await mails_to(identity, account["email"]))


@pytest.mark.parametrize(
    ("field", "value", "code", "pointer"),
    [
        ("current_password", "not-it-at-all", "wrong_password", "/current_password"),
        ("new_password", "password12345", "weak_password", "/new_password"),
        ("new_password", "short", "invalid_request", "/new_password"),
    ],
)
async def test_a_bad_change_of_password_names_the_field(
    identity: Harness, field: str, value: str, code: str, pointer: str
):
    account = await verified(identity)
    async with identity.client() as client:
        token = (await logged_in(client, account["email"]))["access_token"]
        answer = await change(client, token, **{field: value})
        assert answer.status_code == 422
        assert (answer.json()["code"], answer.json()["errors"][0]["pointer"]) == (code, pointer)
        await logged_in(client, account["email"])


async def test_a_stolen_token_is_no_way_to_guess_the_password(identity: Harness):
    account = await verified(identity)
    async with identity.client() as client:
        client._transport.client = ("192.0.2.80", 1)  # type: ignore[attr-defined]
        token = (await logged_in(client, account["email"]))["access_token"]
        for _ in range(11):
            await change(client, token, current_password="wrong")
        assert (await change(client, token)).status_code == 429


# Forgotten ------------------------------------------------------------------------------------


async def ask(client: httpx.AsyncClient, email: str) -> httpx.Response:
    return await client.post("/v1/accounts/password-reset", json={"email": email})


async def confirm(client: httpx.AsyncClient, email: str, code: str, **fields: str) -> Any:
    body = {"email": email, "code": code, "password": NEW} | fields
    return await client.post("/v1/accounts/password-reset/confirm", json=body)


async def reset_code(identity: Harness, email: str) -> str:
    for text in reversed(await mails_to(identity, email)):
        if found := re.search(r"\b(\w{4}-\w{4}-\w{4})\b", text):
            return found[1]
    raise AssertionError("no code was mailed")


async def test_a_forgotten_password_is_replaced_by_a_mailed_code(identity: Harness):
    account = await verified(identity)
    async with identity.client() as client:
        before = await logged_in(client, account["email"])
        assert (await ask(client, account["email"].upper())).status_code == 202
        code = await reset_code(identity, account["email"])
        assert (await confirm(client, account["email"], code)).status_code == 204
        body = {"email": account["email"], "password": NEW}
        assert (await client.post("/v1/auth/login", json=body)).status_code == 200
        refresh = {"refresh_token": before["refresh_token"]}
        assert (await client.post("/v1/auth/refresh", json=refresh)).status_code == 401
        await refused(identity, client, before["access_token"])
        assert (await confirm(client, account["email"], code)).status_code == 422


async def test_the_code_may_be_typed_as_people_type(identity: Harness):
    account = await verified(identity)
    async with identity.client() as client:
        await ask(client, account["email"])
        code = (await reset_code(identity, account["email"])).lower().replace("-", " ")
        code = code.replace("0", "o").replace("1", "l")
        assert (await confirm(client, account["email"], code)).status_code == 204


async def test_the_owner_of_the_mailbox_takes_an_unverified_account_over(identity: Harness):
    account = await registered(identity)
    async with identity.client() as client:
        thief = await logged_in(client, account["email"])
        await ask(client, account["email"])
        code = await reset_code(identity, account["email"])
        assert (await confirm(client, account["email"], code)).status_code == 204
        await refused(identity, client, thief["access_token"])
    stored = await identity.scope().store(AccountStore).get(account["id"])
    assert stored.email_verified


@pytest.mark.parametrize("case", ["known", "unknown", "unverified"])
async def test_asking_for_a_reset_is_answered_the_same_for_everybody(identity: Harness, case: str):
    email = {
        "known": (await verified(identity))["email"],
        "unverified": (await registered(identity))["email"],
        "unknown": f"{new_id('mail')}@people.example",
    }[case]
    async with identity.client() as client:
        answer = await ask(client, email)
    assert (answer.status_code, answer.json()) == (202, {"status": "accepted"})


async def test_the_answer_is_sent_before_anything_is_looked_up(identity: Harness):
    """So its time cannot tell who is registered."""
    sent: list[float] = []
    found: list[float] = []
    scope = {
        "type": "http", "method": "POST", "path": "/v1/accounts/password-reset",
        "query_string": b"", "scheme": "http", "http_version": "1.1", "server": ("x", 80),
        "headers": [(b"host", b"vodafone.localhost"), (b"content-type", b"application/json"),
                    (b"content-length", b"29")],
        "client": ("192.0.2.81", 1), "raw_path": b"", "root_path": "",
    }  # fmt: skip
    account = await verified(identity, email=f"{new_id('m')[:6]}@a.example")
    body = b'{"email":"%s"}' % account["email"].encode()
    scope["headers"][-1] = (b"content-length", str(len(body)).encode())  # type: ignore[index]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body":
            sent.append(time.perf_counter())
            stored = await identity.scope().store(AccountStore).get(account["id"])
            found.append(stored.reset is not None)

    await identity.app(scope, receive, send)  # type: ignore[arg-type]
    assert found == [False]
    assert (await identity.scope().store(AccountStore).get(account["id"])).reset is not None


@pytest.mark.parametrize("case", ["wrong", "unknown", "not asked", "nonsense"])
async def test_every_useless_reset_code_gets_the_same_answer(identity: Harness, case: str):
    account = await verified(identity)
    email = "nobody@people.example" if case == "unknown" else account["email"]
    async with identity.client() as client:
        if case == "wrong":
            await ask(client, email)
        code = "ü" if case == "nonsense" else "0000-0000-0000"
        answer = await confirm(client, email, code)
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_code"
    assert answer.json()["errors"] == [{"pointer": "/code", "detail": "this code is not valid"}]


async def test_wrong_codes_and_repeated_asking_do_not_keep_the_owner_out(identity: Harness):
    account = await verified(identity)
    async with identity.client() as client, identity.client() as stranger:
        await ask(client, account["email"])
        code = await reset_code(identity, account["email"])
        for number in range(20):
            assert (
                await confirm(stranger, account["email"], f"{number:04d}-0000-0000")
            ).status_code == 422
            await ask(stranger, account["email"])
        assert (await confirm(client, account["email"], code)).status_code == 204
    resets = [text for text in await mails_to(identity, account["email"]) if code in text]
    assert len(resets) == 1


async def test_a_weak_new_password_does_not_use_the_code_up(identity: Harness):
    account = await verified(identity)
    async with identity.client() as client:
        await ask(client, account["email"])
        code = await reset_code(identity, account["email"])
        answer = await confirm(client, account["email"], code, password="password12345")
        assert answer.json()["code"] == "weak_password"
        assert (await confirm(client, account["email"], code)).status_code == 204


async def test_a_code_of_one_tenant_is_worth_nothing_in_the_other(identity: Harness):
    account = await verified(identity)
    async with identity.client() as client, identity.client(tenant="swisscom") as elsewhere:
        await ask(client, account["email"])
        code = await reset_code(identity, account["email"])
        assert (await confirm(elsewhere, account["email"], code)).status_code == 422


def test_codes_of_different_purposes_differ():
    codes = Codes("k" * 32)
    assert codes.of("acc_1", 1) != codes.moving("acc_1", 1)
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-?){3}", codes.resetting("acc_1", 1))
    assert codes.resetting("acc_1", 1) != codes.resetting("acc_1", 2)
