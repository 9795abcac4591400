"""Accounts and requests as identity's tests need them."""

from datetime import UTC, datetime
from typing import Any

import httpx

from services.identity.credentials import Codes
from services.identity.model import Account
from services.identity.store import AccountStore
from shared.kernel.ids import new_id
from shared.mail import MailStore
from tests.harness import Harness

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PASSWORD = "plum-Orbit-94-kettle"


def an_account(**fields: Any) -> Account:
    account, _ = Account.register(
        id=new_id("acc"),
        email="ada@people.example",
        display_name="Ada Berger",
        language="de",
        password_hash="hashed",
        at=NOON,
    )
    for name, value in fields.items():
        setattr(account, name, value)
    return account


def a_registration(**fields: Any) -> dict[str, Any]:
    return {
        "email": f"{new_id('mail')}@people.example",
        "password": PASSWORD,
        "display_name": "Ada Berger",
        "language": "de",
    } | fields


async def registered(identity: Harness, **fields: Any) -> dict[str, Any]:
    """The account's body as the API answered it."""
    async with identity.client() as client:
        answer = await client.post("/v1/accounts", json=a_registration(**fields))
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def code_of(identity: Harness, account_id: str, tenant: str = "vodafone") -> str:
    """The code in force, as it stands in the mail."""
    account = await identity.scope(tenant).store(AccountStore).get(account_id)
    assert account.challenge is not None
    codes: Codes = identity.runtime.resources[Codes]
    return codes.of(account_id, account.challenge.number)


async def verified(identity: Harness, **fields: Any) -> dict[str, Any]:
    account = await registered(identity, **fields)
    code = await code_of(identity, account["id"])
    async with identity.client() as client:
        answer = await client.post(
            "/v1/accounts/verify", json={"email": account["email"], "code": code}
        )
    assert answer.status_code == 200, answer.text
    return account


async def logged_in(client: httpx.AsyncClient, email: str) -> dict[str, Any]:
    answer = await client.post("/v1/auth/login", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def mails_to(identity: Harness, address: str) -> list[str]:
    """Subject and text of each mail that waits, oldest first."""
    documents = identity.runtime.database.collection(MailStore.collection)
    found = documents.find({"recipient": address}).sort("created_at", 1)
    return [f"{mail['subject']}\n{mail['text']}" async for mail in found]


def believing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def refused(identity: Harness, client: httpx.AsyncClient, access_token: str) -> None:
    """Waits for at most five seconds until the token is refused."""

    async def asked() -> bool:
        answer = await client.get("/v1/me", headers=believing(access_token))
        return answer.status_code == 401

    await identity.eventually(asked)
