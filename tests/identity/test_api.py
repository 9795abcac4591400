"""Identity through its HTTP door."""

import asyncio

import pytest

from services.identity.store import AccountStore, SessionStore
from shared.contracts.identity import AccountRegistered, AccountVerified
from shared.kernel.ids import new_id
from shared.mail import MailStore
from tests.harness import Harness
from tests.identity.builders import (
    PASSWORD,
    a_registration,
    code_of,
    logged_in,
    mails_to,
    refused,
    registered,
    verified,
)


async def test_registration_answers_the_new_account(identity: Harness):
    body = a_registration(display_name="  Zoë Groß ")
    async with identity.client() as client:
        answer = await client.post("/v1/accounts", json=body)
    assert answer.status_code == 201
    account = answer.json()
    assert account["display_name"] == "Zoë Groß"
    assert account["roles"] == ["customer"]
    assert account["email_verified"] is False
    assert "password" not in answer.text
    event = await identity.published(AccountRegistered, subject=account["id"], tenant="vodafone")
    assert event.event.facts.email == body["email"]
    assert event.sequence == 1


async def test_the_password_is_kept_as_argon2id(identity: Harness):
    account = await registered(identity)
    stored = await identity.scope().store(AccountStore).get(account["id"])
    assert stored.password_hash.startswith("$argon2id$")


async def test_the_code_arrives_by_mail_in_the_persons_language(identity: Harness):
    account = await registered(identity, language="en")
    code = await code_of(identity, account["id"])

    async def mailed() -> bool:
        found = await identity.runtime.database.collection("mails").find_one(
            {"recipient": account["email"]}
        )
        return found is not None and code in found["text"] and found["subject"].startswith("Your")

    assert await identity.eventually(mailed)


async def test_verification_with_the_mailed_code(identity: Harness):
    account = await registered(identity)
    code = await code_of(identity, account["id"])
    async with identity.client() as client:
        answer = await client.post(
            "/v1/accounts/verify", json={"email": account["email"].upper(), "code": code}
        )
    assert answer.status_code == 200
    assert answer.json()["email_verified"] is True
    event = await identity.published(AccountVerified, subject=account["id"])
    assert event.event.facts.email_verified


@pytest.mark.parametrize("case", ["wrong", "unknown", "again"])
async def test_every_useless_code_gets_the_same_answer(identity: Harness, case: str):
    account = await verified(identity) if case == "again" else await registered(identity)
    right = "123456" if case == "again" else await code_of(identity, account["id"])
    body = {
        "wrong": {"email": account["email"], "code": f"{(int(right) + 1) % 10**6:06d}"},
        "unknown": {"email": "nobody@people.example", "code": right},
        "again": {"email": account["email"], "code": right},
    }[case]
    async with identity.client() as client:
        answer = await client.post("/v1/accounts/verify", json=body)
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "invalid_code"
    assert problem["errors"] == [{"pointer": "/code", "detail": "this code is not valid"}]


async def test_after_five_wrong_codes_the_right_one_is_dead(identity: Harness):
    account = await registered(identity)
    right = await code_of(identity, account["id"])
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    async with identity.client() as client:
        for code in [wrong] * 5 + [right]:
            answer = await client.post(
                "/v1/accounts/verify", json={"email": account["email"], "code": code}
            )
            assert answer.status_code == 422


async def test_resending_tells_nothing_and_sends_at_most_one_a_minute(identity: Harness):
    account = await registered(identity)
    first = await code_of(identity, account["id"])
    async with identity.client() as client:
        for email in (account["email"], "nobody@people.example"):
            answer = await client.post("/v1/accounts/verify/resend", json={"email": email})
            assert answer.status_code == 202
    assert await code_of(identity, account["id"]) == first


async def test_a_taken_address_is_answered_like_a_free_one(identity: Harness):
    account = await verified(identity)
    async with identity.client() as client:
        answer = await client.post("/v1/accounts", json=a_registration(email=account["email"]))
    assert answer.status_code == 201
    twin = answer.json()
    assert twin.keys() == account.keys()
    assert twin["id"] != account["id"]
    assert twin["email_verified"] is False
    assert await identity.scope().store(AccountStore).find(twin["id"]) is None
    mails = identity.runtime.database.collection("mails")
    texts = [mail["subject"] async for mail in mails.find({"recipient": account["email"]})]
    assert any("Registrierung" in subject for subject in texts)


async def test_the_latest_password_counts_until_the_address_is_verified(identity: Harness):
    account = await registered(identity)
    other = a_registration(email=account["email"], password="quite-Another-77-phrase")
    async with identity.client() as client:
        answer = await client.post("/v1/accounts", json=other)
        assert answer.status_code == 201
        assert answer.json().keys() == account.keys()
        body = {"email": account["email"], "password": PASSWORD}
        assert (await client.post("/v1/auth/login", json=body)).status_code == 401
        body["password"] = other["password"]
        assert (await client.post("/v1/auth/login", json=body)).status_code == 200


async def test_a_code_of_an_earlier_registration_confirms_nobody_elses_password(identity: Harness):
    account = await registered(identity)
    first = await code_of(identity, account["id"])
    other = a_registration(email=account["email"], password="quite-Another-77-phrase")
    async with identity.client() as client:
        assert (await client.post("/v1/accounts", json=other)).status_code == 201
        body = {"email": account["email"], "code": first}
        assert (await client.post("/v1/accounts/verify", json=body)).status_code == 422
        body["code"] = await code_of(identity, account["id"])
        assert (await client.post("/v1/accounts/verify", json=body)).status_code == 200
    texts = await mails_to(identity, account["email"])
    assert any(body["code"] in text and "anderen Passwort" in text for text in texts)


async def test_a_session_of_an_earlier_registration_ends_with_its_password(identity: Harness):
    account = await registered(identity)
    other = a_registration(email=account["email"], password="quite-Another-77-phrase")
    async with identity.client() as client:
        tokens = await logged_in(client, account["email"])
        await client.post("/v1/accounts", json=other)
        refresh = {"refresh_token": tokens["refresh_token"]}
        assert (await client.post("/v1/auth/refresh", json=refresh)).status_code == 401
        await refused(identity, client, tokens["access_token"])


async def test_registering_again_with_the_same_password_keeps_the_code(identity: Harness):
    """Somebody whose connection broke sends the form twice."""
    body = a_registration()
    account = await registered(identity, **body)
    first = await code_of(identity, account["id"])
    async with identity.client() as client:
        assert (await client.post("/v1/accounts", json=body)).status_code == 201
    assert await code_of(identity, account["id"]) == first


async def test_after_verification_nobody_changes_the_password_by_registering(identity: Harness):
    account = await verified(identity)
    other = a_registration(email=account["email"], password="quite-Another-77-phrase")
    async with identity.client() as client:
        assert (await client.post("/v1/accounts", json=other)).status_code == 201
        await logged_in(client, account["email"])


async def test_two_simultaneous_registrations_make_one_account(identity: Harness):
    body = a_registration()
    async with identity.client() as client:
        answers = await asyncio.gather(*(client.post("/v1/accounts", json=body) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {201}
    ids = [answer.json()["id"] for answer in answers]
    accounts = identity.scope().store(AccountStore)
    assert len([id for id in ids if await accounts.find(id)]) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "no-at-sign"),
        ("email", "a@b"),
        ("email", "x" * 310 + "@people.example"),
        ("email", {"$gt": ""}),
        ("password", "short"),
        ("password", "x" * 129),
        ("display_name", ""),
        ("display_name", "x" * 81),
        ("display_name", "Ada\u202egnp.exe"),
        ("display_name", "Ada\nBerger"),
        ("language", "xx"),
        ("language", 5),
        ("nickname", "unknown field"),
    ],
)
async def test_a_bad_field_is_named_and_nothing_happens(
    identity: Harness, field: str, value: object
):
    async with identity.client() as client:
        answer = await client.post("/v1/accounts", json=a_registration(**{field: value}))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["pointer"] == f"/{field}"


@pytest.mark.parametrize("password", ["password12345", "qwertzuiop123", "111111111111"])
async def test_a_password_that_guessers_try_early_is_refused(identity: Harness, password: str):
    async with identity.client() as client:
        answer = await client.post("/v1/accounts", json=a_registration(password=password))
    assert answer.status_code == 422
    assert answer.json()["code"] == "weak_password"


async def test_login_gives_tokens_that_open_ones_own_account(identity: Harness):
    account = await verified(identity)
    async with identity.client() as client:
        tokens = await logged_in(client, account["email"])
        assert tokens["token_type"] == "Bearer"
        assert tokens["expires_in"] == 900
        me = await client.get(
            "/v1/me", headers={"Authorization": f"Bearer {tokens['access_token']}"}
        )
    assert me.status_code == 200
    assert me.json()["id"] == account["id"]
    assert me.headers["etag"].strip('"').isdigit()


@pytest.mark.parametrize("known", [True, False])
async def test_wrong_and_unknown_get_the_same_refusal(identity: Harness, known: bool):
    email = (await registered(identity))["email"] if known else "nobody@people.example"
    async with identity.client() as client:
        answer = await client.post("/v1/auth/login", json={"email": email, "password": "wrong"})
    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_credentials"
    assert answer.json()["detail"] == "e-mail address or password is wrong"


async def test_many_wrong_passwords_close_the_account_for_a_while(identity: Harness):
    email = (await registered(identity))["email"]
    body = {"email": email, "password": "wrong"}
    async with identity.client() as client:
        client._transport.client = ("192.0.2.77", 1)  # type: ignore[attr-defined]
        statuses = [(await client.post("/v1/auth/login", json=body)).status_code for _ in range(11)]
        assert statuses == [401] * 11
        answer = await client.post("/v1/auth/login", json=body | {"password": PASSWORD})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 900


async def test_a_refresh_token_works_once_and_its_second_use_ends_the_session(identity: Harness):
    account = await verified(identity)
    async with identity.client() as client:
        first = (await logged_in(client, account["email"]))["refresh_token"]
        answer = await client.post("/v1/auth/refresh", json={"refresh_token": first})
        assert answer.status_code == 200
        second = answer.json()["refresh_token"]
        for token in (first, second):
            answer = await client.post("/v1/auth/refresh", json={"refresh_token": token})
            assert answer.status_code == 401
            assert answer.json()["code"] == "invalid_refresh_token"


async def test_simultaneous_uses_of_one_refresh_token_end_the_session(identity: Harness):
    account = await verified(identity)
    async with identity.client() as client:
        token = (await logged_in(client, account["email"]))["refresh_token"]
        answers = await asyncio.gather(
            *(client.post("/v1/auth/refresh", json={"refresh_token": token}) for _ in range(3))
        )
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401]
    session = await identity.scope().store(SessionStore).get(token.split(".")[0])
    assert session.ended_at is not None


async def test_logging_out_ends_the_session_and_never_complains(identity: Harness):
    account = await verified(identity)
    async with identity.client() as client:
        token = (await logged_in(client, account["email"]))["refresh_token"]
        for text in (token, token, "nonsense", "ses_1.unknown"):
            answer = await client.post("/v1/auth/logout", json={"refresh_token": text})
            assert answer.status_code == 204
        answer = await client.post("/v1/auth/refresh", json={"refresh_token": token})
    assert answer.status_code == 401


async def test_editing_oneself_needs_the_version_one_saw(identity: Harness):
    account = await verified(identity)
    async with identity.client(account["id"]) as client:
        etag = (await client.get("/v1/me")).headers["etag"]
        body = {"display_name": "Ada B."}
        assert (await client.patch("/v1/me", json=body)).status_code == 428
        stale = await client.patch("/v1/me", json=body, headers={"If-Match": '"99"'})
        assert stale.status_code == 412
        answer = await client.patch("/v1/me", json=body, headers={"If-Match": etag})
        assert answer.status_code == 200
        assert answer.json()["display_name"] == "Ada B."
        assert answer.headers["etag"] != etag
        cached = await client.get("/v1/me", headers={"If-None-Match": answer.headers["etag"]})
    assert cached.status_code == 304


async def test_the_same_address_may_register_in_both_tenants(identity: Harness):
    account = await verified(identity)
    async with identity.client(tenant="swisscom") as client:
        answer = await client.post("/v1/accounts", json=a_registration(email=account["email"]))
        assert answer.status_code == 201
        other = answer.json()["id"]
        login = await client.post(
            "/v1/auth/login", json={"email": account["email"], "password": PASSWORD + "x"}
        )
    assert login.status_code == 401
    assert await identity.scope("swisscom").store(AccountStore).find(other)
    assert await identity.scope("swisscom").store(AccountStore).find(account["id"]) is None


async def test_a_token_of_the_other_tenant_is_no_token_here(identity: Harness):
    account = await verified(identity)
    async with (
        identity.client() as client,
        identity.client(tenant="swisscom") as elsewhere,
    ):
        token = (await logged_in(client, account["email"]))["access_token"]
        answer = await elsewhere.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_token"


async def test_a_suspended_persons_token_is_refused_within_seconds(identity: Harness):
    account = await verified(identity)
    support = await verified(identity)
    async with (
        identity.client(account["id"]) as client,
        identity.client(support["id"], roles=("customer", "support")) as desk,
    ):
        assert (await client.get("/v1/me")).status_code == 200
        path = f"/v1/support/accounts/{account['id']}"
        answer = await desk.post(f"{path}/suspend", json={"reason": "abusive messages"})
        assert answer.status_code == 200
        assert answer.json()["status"] == "suspended"

        async def refused() -> bool:
            return (await client.get("/v1/me")).status_code == 401

        assert await identity.eventually(refused)
        answer = await client.post(
            "/v1/auth/login", json={"email": account["email"], "password": PASSWORD}
        )
        assert answer.status_code in (401, 403)
        assert (await desk.post(f"{path}/suspend", json={"reason": "x"})).status_code == 409
        assert (await desk.post(f"{path}/reinstate")).status_code == 422
        answer = await desk.post(f"{path}/reinstate", json={"reason": "a mistake"})
        assert answer.json()["status"] == "active"


async def test_customers_do_not_suspend_anybody(identity: Harness):
    account = await verified(identity)
    async with identity.client(account["id"]) as client:
        answer = await client.post(
            f"/v1/support/accounts/{account['id']}/suspend", json={"reason": "x"}
        )
    assert answer.status_code == 403


async def test_support_cannot_reach_into_the_other_tenant(identity: Harness):
    account = await verified(identity)
    async with identity.client("acc_x", tenant="swisscom", roles=("support",)) as desk:
        answer = await desk.post(
            f"/v1/support/accounts/{account['id']}/suspend", json={"reason": "x"}
        )
    assert answer.status_code == 404


async def test_a_code_mail_is_written_once_however_often_its_event_comes(identity: Harness):
    account = await registered(identity)
    event = await identity.published(AccountRegistered, subject=account["id"])
    for _ in range(3):
        await identity.deliver(event.event, subject=account["id"])
    mails = identity.runtime.database.collection(MailStore.collection)
    assert await mails.count_documents({"recipient": account["email"]}) == 1


async def test_the_public_keys_hold_nothing_private(identity: Harness):
    async with identity.client(host="anywhere.invalid") as client:
        answer = await client.get("/.well-known/jwks.json")
    assert answer.status_code == 200
    keys = answer.json()["keys"]
    assert len(keys) == 2
    assert all(key["kty"] == "EC" and key["crv"] == "P-256" and "d" not in key for key in keys)


async def test_the_docs_load_nothing_from_elsewhere(identity: Harness):
    async with identity.client() as client:
        page = await client.get("/docs")
        script = await client.get("/docs/swagger-ui-bundle.js")
        assert (await client.get("/docs/other.js")).status_code == 422
    assert page.status_code == 200
    assert "http" not in page.text.replace("<!doctype html>", "")
    assert script.status_code == 200


async def test_a_person_who_never_registered_is_nobody(identity: Harness):
    async with identity.client(new_id("acc")) as client:
        assert (await client.get("/v1/me")).status_code == 404
