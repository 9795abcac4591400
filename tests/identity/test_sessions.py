"""Where a person is logged in, and how that ends everywhere."""

from datetime import timedelta
from typing import Any

import httpx

from services.identity.model import Session
from services.identity.store import AccountStore, SessionStore
from shared.contracts.identity import AccountUpdated
from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.identity.builders import PASSWORD, believing, logged_in, refused, verified


async def sessions(client: httpx.AsyncClient, token: str, **query: Any) -> dict[str, Any]:
    answer = await client.get("/v1/me/sessions", params=query, headers=believing(token))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_sessions_are_listed_with_the_newest_first(identity: Harness):
    account = await verified(identity)
    async with identity.client() as client:
        client.headers["User-Agent"] = "Kitchen tablet\x07"
        await logged_in(client, account["email"])
        client.headers["User-Agent"] = "x" * 300
        token = (await logged_in(client, account["email"]))["access_token"]
        listed = (await sessions(client, token))["data"]
    assert [each["client"] for each in listed] == ["x" * 200, "Kitchen tablet"]
    assert [each["current"] for each in listed] == [True, False]
    assert all(each["created_at"] and each["last_used_at"] for each in listed)
    assert listed[0].keys() == {"id", "created_at", "last_used_at", "client", "current"}


async def test_sessions_come_page_by_page(identity: Harness):
    account = await verified(identity)
    async with identity.client() as client:
        tokens = [(await logged_in(client, account["email"]))["access_token"] for _ in range(3)]
        first = await sessions(client, tokens[0], limit=2)
        second = await sessions(client, tokens[0], limit=2, cursor=first["next_cursor"])
    ids = [each["id"] for each in (*first["data"], *second["data"])]
    assert len(set(ids)) == 3
    assert second["next_cursor"] is None


async def test_an_ended_session_is_refused_within_seconds_and_others_go_on(identity: Harness):
    account = await verified(identity)
    async with identity.client() as client:
        mine, lost = [await logged_in(client, account["email"]) for _ in range(2)]
        lost_id = lost["refresh_token"].split(".")[0]
        path, headers = f"/v1/me/sessions/{lost_id}", believing(mine["access_token"])
        assert (await client.delete(path, headers=headers)).status_code == 204
        await refused(identity, client, lost["access_token"])
        refresh = {"refresh_token": lost["refresh_token"]}
        assert (await client.post("/v1/auth/refresh", json=refresh)).status_code == 401
        assert [each["id"] for each in (await sessions(client, mine["access_token"]))["data"]] == [
            mine["refresh_token"].split(".")[0]
        ]
        assert (await client.delete(path, headers=headers)).status_code == 404
    event = await identity.published(AccountUpdated, subject=account["id"])
    assert [ended.id for ended in event.event.facts.ended_sessions] == [lost_id]


async def test_a_logout_ends_the_access_token_too(identity: Harness):
    account = await verified(identity)
    async with identity.client() as client:
        left, other = [await logged_in(client, account["email"]) for _ in range(2)]
        await client.post("/v1/auth/logout", json={"refresh_token": left["refresh_token"]})
        await refused(identity, client, left["access_token"])
        answer = await client.get("/v1/me", headers=believing(other["access_token"]))
        assert answer.status_code == 200


async def test_a_refresh_token_used_twice_ends_the_access_tokens_too(identity: Harness):
    account = await verified(identity)
    async with identity.client() as client:
        tokens = await logged_in(client, account["email"])
        body = {"refresh_token": tokens["refresh_token"]}
        rotated = (await client.post("/v1/auth/refresh", json=body)).json()
        assert (await client.post("/v1/auth/refresh", json=body)).status_code == 401
        await refused(identity, client, rotated["access_token"])


async def test_logging_out_everywhere_ends_all_and_a_new_login_counts_at_once(identity: Harness):
    account = await verified(identity)
    async with identity.client() as client:
        here, there = [await logged_in(client, account["email"]) for _ in range(2)]
        headers = believing(here["access_token"])
        assert (await client.delete("/v1/me/sessions", headers=headers)).status_code == 204
        back = await logged_in(client, account["email"])
        for tokens in (here, there):
            await refused(identity, client, tokens["access_token"])
            refresh = {"refresh_token": tokens["refresh_token"]}
            assert (await client.post("/v1/auth/refresh", json=refresh)).status_code == 401
        assert len((await sessions(client, back["access_token"]))["data"]) == 1


async def test_nobody_ends_another_persons_session(identity: Harness):
    victim, thief = await verified(identity), await verified(identity)
    async with identity.client() as client:
        theirs = await logged_in(client, victim["email"])
        token = (await logged_in(client, thief["email"]))["access_token"]
        for id in (theirs["refresh_token"].split(".")[0], new_id("ses")):
            path = f"/v1/me/sessions/{id}"
            answer = await client.delete(path, headers=believing(token))
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        refresh = {"refresh_token": theirs["refresh_token"]}
        assert (await client.post("/v1/auth/refresh", json=refresh)).status_code == 200


async def test_a_session_that_ended_halfway_is_told_by_the_next_logout(identity: Harness):
    """The process ended between the session's end and the word to everybody."""
    account = await verified(identity)
    async with identity.client() as client:
        tokens = await logged_in(client, account["email"])
        id = tokens["refresh_token"].split(".")[0]
        await identity.scope().store(SessionStore).update(id, lambda it: it.end(utc_now()))
        await client.post("/v1/auth/logout", json={"refresh_token": tokens["refresh_token"]})
        await refused(identity, client, tokens["access_token"])


async def test_the_end_of_a_session_without_living_tokens_is_not_told(identity: Harness):
    account = await verified(identity)
    started = utc_now() - timedelta(hours=1)
    session = Session(
        id=new_id("ses"), account_id=account["id"], token_hash="x", order="1",
        started_at=started, expires_at=utc_now() + timedelta(days=1),
    )  # fmt: skip
    await identity.scope().store(SessionStore).create(session, [])
    async with identity.client() as client:
        await client.post("/v1/auth/logout", json={"refresh_token": f"{session.id}.x"})
    stored = await identity.scope().store(AccountStore).get(account["id"])
    assert stored.ended_sessions == []
    assert (await identity.scope().store(SessionStore).get(session.id)).live is False


# Guessing -------------------------------------------------------------------------------------


async def guess(identity: Harness, email: str, address: str, times: int) -> None:
    async with identity.client() as client:
        client._transport.client = (address, 1)  # type: ignore[attr-defined]
        for _ in range(times):
            await client.post("/v1/auth/login", json={"email": email, "password": "wrong"})


async def test_who_guesses_locks_out_nobody_but_themselves(identity: Harness):
    account = await verified(identity)
    await guess(identity, account["email"], "198.51.100.1", 12)
    body = {"email": account["email"], "password": PASSWORD}
    async with identity.client() as guesser, identity.client() as owner:
        guesser._transport.client = ("198.51.100.1", 1)  # type: ignore[attr-defined]
        owner._transport.client = ("203.0.113.5", 1)  # type: ignore[attr-defined]
        assert (await guesser.post("/v1/auth/login", json=body)).status_code == 429
        assert (await owner.post("/v1/auth/login", json=body)).status_code == 200


async def test_many_guessers_lock_out_strangers_but_not_the_owner_at_home(identity: Harness):
    account = await verified(identity)
    body = {"email": account["email"], "password": PASSWORD}
    async with identity.client() as owner, identity.client() as stranger:
        owner._transport.client = ("203.0.113.6", 1)  # type: ignore[attr-defined]
        stranger._transport.client = ("203.0.113.7", 1)  # type: ignore[attr-defined]
        assert (await owner.post("/v1/auth/login", json=body)).status_code == 200
        for last in range(1, 8):
            await guess(identity, account["email"], f"198.51.101.{last}", 10)
        assert (await stranger.post("/v1/auth/login", json=body)).status_code == 429
        assert (await owner.post("/v1/auth/login", json=body)).status_code == 200


async def test_an_address_that_tries_many_accounts_is_stopped(identity: Harness):
    for number in range(4):
        await guess(identity, f"victim{number}@people.example", "198.51.102.1", 8)
    account = await verified(identity)
    async with identity.client() as client:
        client._transport.client = ("198.51.102.1", 1)  # type: ignore[attr-defined]
        body = {"email": account["email"], "password": PASSWORD}
        assert (await client.post("/v1/auth/login", json=body)).status_code == 429
