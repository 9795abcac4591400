"""A wish to be forgotten: waits, says for what, closes the account, and ends it."""

from datetime import timedelta
from typing import Any

import pytest

from services.identity.model.erasure import ASK_AGAIN, CLOSING, LOOK_AGAIN, Erasure, State, TooLate
from services.identity.store import AccountStore, EmailClaimStore, SessionStore
from shared.contracts.identity import AccountErased
from shared.contracts.privacy import (
    CHECKED,
    ERASED_BY,
    ErasureAdmitted,
    ErasureFinished,
    ErasureRequested,
    ErasureWithdrawn,
    PersonalDataFacts,
)
from shared.kernel.ids import new_id
from shared.mail import MailStore
from tests.harness import Harness
from tests.identity.builders import NOON

PASSWORD = "plum tree river stone"


def an_erasure() -> Erasure:
    erasure, events = Erasure.ask("vodafone", "acc_ada", NOON)
    assert [type(event) for event in events] == [ErasureRequested]
    return erasure


def all_checked(erasure: Erasure, **matters: list[str]) -> None:
    for service in CHECKED:
        erasure.hear_checked(service, erasure.round, matters.get(service, []), NOON)


def test_it_waits_while_something_is_open_and_says_for_what():
    erasure = an_erasure()
    all_checked(erasure, jobs=["job:job_1"])
    assert (erasure.state, erasure.open_matters) == (State.WAITING, ["job:job_1"])
    assert erasure.due_at == NOON + LOOK_AGAIN
    assert [type(event) for event in erasure.on_due(NOON + LOOK_AGAIN)] == [ErasureRequested]
    assert (erasure.state, erasure.round) == (State.CHECKING, 2)


def test_the_account_is_closed_before_anything_is_erased():
    erasure = an_erasure()
    all_checked(erasure)
    assert erasure.state is State.LEAVING
    assert erasure.closes_account
    assert erasure.due_at == NOON + CLOSING
    assert [type(event) for event in erasure.on_due(NOON + CLOSING)] == [ErasureAdmitted]


def test_nothing_is_decided_before_every_service_has_answered():
    erasure = an_erasure()
    for service in list(CHECKED)[1:]:
        erasure.hear_checked(service, 1, [], NOON)
        erasure.hear_checked(service, 1, [], NOON)
    assert erasure.state is State.CHECKING


def test_an_answer_to_an_earlier_round_is_out_of_date():
    erasure = an_erasure()
    erasure.on_due(NOON + ASK_AGAIN)
    for service in CHECKED:
        erasure.hear_checked(service, 1, [], NOON)
    assert not erasure.closes_account
    all_checked(erasure)
    assert erasure.closes_account


def test_who_is_silent_is_asked_again_until_all_have_erased():
    erasure = an_erasure()
    all_checked(erasure)
    erasure.on_due(NOON + CLOSING)
    erasure.hear_erased("jobs", erasure.round, NOON)
    assert [type(event) for event in erasure.on_due(NOON + ASK_AGAIN)] == [ErasureAdmitted]
    told: list[Any] = []
    for service in CHECKED:
        told += erasure.hear_erased(service, erasure.round, NOON)
    assert [type(event) for event in told] == [ErasureFinished]
    assert (erasure.state, erasure.due_at) == (State.FINISHED, None)
    assert erasure.on_due(NOON + timedelta(days=99)) == []


def test_a_wish_is_withdrawn_until_the_account_is_closed():
    erasure = an_erasure()
    assert [type(event) for event in erasure.withdraw()] == [ErasureWithdrawn]
    assert erasure.due_at is None
    all_checked(erasure)
    assert erasure.state is State.WITHDRAWN
    assert [type(event) for event in erasure.ask_again(NOON)] == [ErasureRequested]
    all_checked(erasure)
    with pytest.raises(TooLate):
        erasure.withdraw()


# With the other services' answers ---------------------------------------------------------------


async def joined(identity: Harness) -> tuple[str, str]:
    """Account and access token of somebody who logged in."""
    email = f"{new_id('x')}@people.example"
    body = {"email": email, "password": PASSWORD, "display_name": "Ada", "language": "de"}
    async with identity.client() as visitor:
        account = (await visitor.post("/v1/accounts", json=body)).json()["id"]
        login = await visitor.post("/v1/auth/login", json={"email": email, "password": PASSWORD})
    assert login.status_code == 200, login.text
    return account, email


async def others_say(
    identity: Harness, person: str, state: str, round: int, **matters: list[str]
) -> None:
    for service, event in (CHECKED if state == "checked" else ERASED_BY).items():
        if service != "identity":
            key = Erasure.key("vodafone", person)
            facts = PersonalDataFacts(
                erasure_id=key,
                person_id=person,
                round=round,
                state=state,
                open_matters=matters.get(service, []),
            )
            await identity.deliver(event(facts), subject=new_id("answer"))


async def state_of(client: Any) -> str:
    answer = await client.get("/v1/me/erasure")
    assert answer.status_code == 200, answer.text
    state: str = answer.json()["state"]
    return state


async def test_an_account_ends_when_all_have_answered_and_nothing_leads_to_it(identity: Harness):
    person, email = await joined(identity)
    async with identity.client(person) as ada:
        asked = await ada.delete("/v1/me")
        assert asked.status_code == 202
        assert asked.json()["state"] == "checking"
        assert (await ada.delete("/v1/me")).json()["asked_at"] == asked.json()["asked_at"]
        await others_say(identity, person, "checked", 1)

        async def leaving() -> bool:
            return await state_of(ada) == "leaving"

        await identity.eventually(leaving)
        async with identity.client() as visitor:
            body = {"email": email, "password": PASSWORD}
            assert (await visitor.post("/v1/auth/login", json=body)).status_code == 401
        identity.travel(timedelta(seconds=11))
        try:
            admitted = await identity.published(ErasureAdmitted, subject=_key(person))
            await others_say(identity, person, "erased", admitted.event.facts.round)
            await identity.published(ErasureFinished, subject=_key(person))
            await identity.published(AccountErased, subject=person)
        finally:
            identity.travel(timedelta(0))
    scope = identity.scope()
    assert await scope.store(AccountStore).find(person) is None
    assert await scope.store(EmailClaimStore).find(f"vodafone|{email}") is None
    assert await scope.store(SessionStore).any_of(person, 10) == []
    mails = identity.runtime.database.collection(MailStore.collection)
    assert await mails.count_documents({"recipient": email}) == 0
    again = {"email": email, "password": PASSWORD, "display_name": "Bea", "language": "de"}
    async with identity.client() as visitor:
        registered = await visitor.post("/v1/accounts", json=again)
        assert registered.json()["id"] != person
        assert registered.json()["display_name"] == "Bea"


def _key(person: str) -> str:
    return Erasure.key("vodafone", person)


async def test_it_says_what_it_waits_for_and_can_be_withdrawn(identity: Harness):
    person, _ = await joined(identity)
    job = new_id("job")
    async with identity.client(person) as ada:
        assert (await ada.get("/v1/me/erasure")).status_code == 404
        assert (await ada.delete("/v1/me/erasure")).status_code == 404
        await ada.delete("/v1/me")
        await others_say(identity, person, "checked", 1, jobs=[f"job:{job}"])

        async def waiting() -> bool:
            return await state_of(ada) == "waiting"

        await identity.eventually(waiting)
        told = (await ada.get("/v1/me/erasure")).json()
        assert told["waiting_for"] == [{"kind": "job", "id": job}]
        assert (await ada.get("/v1/me")).status_code == 200
        assert (await ada.delete("/v1/me/erasure")).json()["state"] == "withdrawn"


async def test_the_platforms_own_host_forgets_nobody(identity: Harness):
    root = identity.client(
        "acc_root", tenant="platform", roles=("platform_admin",), host="platform.localhost"
    )
    async with root as admin:
        assert (await admin.delete("/v1/me")).status_code == 404
