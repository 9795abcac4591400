"""Another e-mail address: proved by its owner, noticed by the old one, had by nobody twice."""

import asyncio
from typing import Any

import httpx
import pytest

from services.identity.commands.addresses import claim_address
from services.identity.credentials import Codes
from services.identity.model import EmailClaim
from services.identity.store import AccountStore, EmailClaimStore
from shared.contracts.identity import AccountUpdated
from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.identity.builders import (
    PASSWORD,
    a_registration,
    believing,
    logged_in,
    mails_to,
    registered,
    verified,
)


def an_address() -> str:
    return f"{new_id('new')}@people.example"


async def asked(
    identity: Harness, client: httpx.AsyncClient, account: dict[str, Any], to: str
) -> httpx.Response:
    body = {"email": to, "current_password": PASSWORD}
    return await client.put("/v1/me/email", json=body)


async def moving_code(identity: Harness, id: str) -> str:
    account = await identity.scope().store(AccountStore).get(id)
    assert account.email_change is not None
    codes: Codes = identity.runtime.resources[Codes]
    return codes.moving(id, account.email_change.challenge.number)


async def confirmed(client: httpx.AsyncClient, code: str, **headers: str) -> httpx.Response:
    return await client.post("/v1/me/email/confirm", json={"code": code}, headers=headers)


async def moved(identity: Harness, account: dict[str, Any], to: str) -> httpx.Response:
    async with identity.client(account["id"]) as client:
        answer = await asked(identity, client, account, to)
        assert answer.status_code == 202, answer.text
        return await confirmed(client, await moving_code(identity, account["id"]))


async def test_the_code_goes_to_the_new_address_and_a_notice_to_the_old(identity: Harness):
    account, to = await verified(identity, language="en"), an_address()
    answer = await moved(identity, account, to)
    assert answer.status_code == 200
    assert answer.json()["email"] == to
    assert answer.json()["email_verified"] is True
    code_mail = (await mails_to(identity, to))[-1]
    assert code_mail.startswith("Your code")
    old = await mails_to(identity, account["email"])
    assert any("Another e-mail address" in text for text in old)
    assert any("was changed" in text and f"{to[0]}***@people.example" in text for text in old)
    assert not any(to in text for text in old)
    event = await identity.published(AccountUpdated, subject=account["id"])
    assert event.event.facts.email == to


async def test_afterwards_only_the_new_address_logs_in_and_the_old_one_is_free(identity: Harness):
    account, to = await verified(identity), an_address()
    await moved(identity, account, to)
    async with identity.client() as client:
        await logged_in(client, to)
        body = {"email": account["email"], "password": PASSWORD}
        assert (await client.post("/v1/auth/login", json=body)).status_code == 401
    newcomer = await registered(identity, email=account["email"])
    assert await identity.scope().store(AccountStore).find(newcomer["id"]) is not None


async def test_before_the_code_is_given_nothing_changes(identity: Harness):
    account, to = await verified(identity), an_address()
    async with identity.client(account["id"]) as client:
        await asked(identity, client, account, to)
        assert (await client.get("/v1/me")).json()["email"] == account["email"]
        await logged_in(client, account["email"])
    newcomer = await registered(identity, email=to)
    assert await identity.scope().store(AccountStore).find(newcomer["id"]) is not None
    async with identity.client(account["id"]) as client:
        answer = await confirmed(client, await moving_code(identity, account["id"]))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_code")


async def test_whether_an_address_is_taken_is_not_told_but_its_owner_is(identity: Harness):
    account, owner = await verified(identity), await verified(identity)
    async with identity.client(account["id"]) as client:
        answer = await asked(identity, client, account, owner["email"])
        assert (answer.status_code, answer.json()) == (202, {"status": "accepted"})
        code = await moving_code(identity, account["id"])
        assert not any(code in text for text in await mails_to(identity, owner["email"]))
        assert (await confirmed(client, code)).status_code == 422
    assert any("Registrierung" in text for text in await mails_to(identity, owner["email"]))


async def test_two_who_move_to_one_address_do_not_share_it(identity: Harness):
    people, to = [await verified(identity) for _ in range(2)], an_address()
    codes = []
    for account in people:
        async with identity.client(account["id"]) as client:
            await asked(identity, client, account, to)
        codes.append(await moving_code(identity, account["id"]))
    async with identity.client(people[0]["id"]) as one, identity.client(people[1]["id"]) as two:
        answers = await asyncio.gather(confirmed(one, codes[0]), confirmed(two, codes[1]))
    assert sorted(answer.status_code for answer in answers) == [200, 422]


async def test_a_wrong_code_five_times_ends_the_wish(identity: Harness):
    account, to = await verified(identity), an_address()
    async with identity.client(account["id"]) as client:
        await asked(identity, client, account, to)
        right = await moving_code(identity, account["id"])
        wrong = f"{(int(right) + 1) % 10**6:06d}"
        for code in [wrong] * 5 + [right]:
            assert (await confirmed(client, code)).status_code == 422


async def test_a_repeated_confirmation_with_its_key_gets_the_first_answer(identity: Harness):
    account, to = await verified(identity), an_address()
    async with identity.client(account["id"]) as client:
        await asked(identity, client, account, to)
        code = await moving_code(identity, account["id"])
        first = await confirmed(client, code, **{"Idempotency-Key": "k1"})
        again = await confirmed(client, code, **{"Idempotency-Key": "k1"})
    assert first.status_code == again.status_code == 200
    assert again.headers["idempotent-replayed"] == "true"
    assert first.json() == again.json()


async def test_a_move_needs_the_password_and_another_address(identity: Harness):
    account = await verified(identity)
    async with identity.client(account["id"]) as client:
        body = {"email": an_address(), "current_password": "wrong"}
        answer = await client.put("/v1/me/email", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "wrong_password")
        answer = await asked(identity, client, account, account["email"].upper())
        assert (answer.status_code, answer.json()["code"]) == (422, "same_address")
        await asked(identity, client, account, an_address())
        answer = await asked(identity, client, account, an_address())
        assert answer.status_code == 429


async def test_a_move_that_stopped_after_its_claim_is_finished_by_the_same_code(identity: Harness):
    account, to = await verified(identity), an_address()
    async with identity.client(account["id"]) as client:
        await asked(identity, client, account, to)
        assert await claim_address(to, account["id"], identity.scope()) == account["id"]
        twin = await registered(identity, email=to)
        assert await identity.scope().store(AccountStore).find(twin["id"]) is None
        assert (
            await confirmed(client, await moving_code(identity, account["id"]))
        ).status_code == 200
        await logged_in(client, to)


async def test_a_move_that_stopped_before_its_release_does_not_keep_the_old_address(
    identity: Harness,
):
    account, to = await verified(identity), an_address()
    await moved(identity, account, to)
    scope = identity.scope()
    key = EmailClaim.key("vodafone", account["email"])
    claims = scope.store(EmailClaimStore)
    assert await claims.find(key) is None
    await claims.create(EmailClaim(id=key, account_id=account["id"], claimed_at=utc_now()), [])
    async with identity.client() as client:
        body = {"email": account["email"], "password": PASSWORD}
        assert (await client.post("/v1/auth/login", json=body)).status_code == 401
    newcomer = await registered(identity, email=account["email"])
    assert (await claims.get(key)).account_id == newcomer["id"]


@pytest.mark.parametrize("there", [True, False])
async def test_registering_an_address_and_moving_to_it_at_once_makes_one_owner(
    identity: Harness, there: bool
):
    account, to = await verified(identity), an_address()
    async with identity.client(account["id"]) as mover, identity.client() as client:
        await asked(identity, mover, account, to)
        code = await moving_code(identity, account["id"])
        works = [confirmed(mover, code), client.post("/v1/accounts", json=a_registration(email=to))]
        answers = await asyncio.gather(*(works if there else reversed(works)))
    owners = [answer for answer in answers if answer.status_code in (200, 201)]
    assert owners
    accounts = identity.scope().store(AccountStore)
    claim = await identity.scope().store(EmailClaimStore).get(EmailClaim.key("vodafone", to))
    owner = await accounts.get(claim.account_id)
    assert owner.holds(to)
    assert (await client_email(identity, account["id"]) == to) == (owner.id == account["id"])


async def client_email(identity: Harness, id: str) -> str:
    async with identity.client(id) as client:
        email: str = (await client.get("/v1/me")).json()["email"]
        return email


async def test_a_move_shows_in_ones_own_account_only(identity: Harness):
    account, to = await verified(identity), an_address()
    await moved(identity, account, to)
    async with identity.client() as client:
        token = (await logged_in(client, to))["access_token"]
        me = (await client.get("/v1/me", headers=believing(token))).json()
    assert me["id"] == account["id"]
