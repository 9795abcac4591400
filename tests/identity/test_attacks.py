"""What somebody with bad intentions, or bad luck, tries at identity's door."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from services.identity.commands import Register, register
from services.identity.credentials import Passwords
from services.identity.model import EmailClaim
from services.identity.settings import Settings
from services.identity.start import FirstAdministrator
from services.identity.store import AccountStore, EmailClaimStore
from shared.kernel.clock import utc_now
from shared.kernel.ids import derived_id, new_id
from shared.replicas import PLATFORM
from tests.harness import Harness
from tests.identity.builders import PASSWORD, a_registration, logged_in, registered, verified
from tests.identity.test_tenants import a_slug, a_tenant, administrator


@pytest.fixture
def slow_passwords(identity: Harness) -> Iterator[None]:
    """Checking a password takes as long as in production."""
    resources = identity.runtime.resources
    kept, resources[Passwords] = resources[Passwords], Passwords(65_536)
    yield
    resources[Passwords] = kept


@pytest.mark.usefixtures("slow_passwords")
async def test_guesses_at_the_same_moment_are_limited_like_guesses_in_a_row(identity: Harness):
    body = {"email": f"{new_id('mail')}@people.example", "password": "wrong"}
    async with identity.client() as client:
        client._transport.client = ("192.0.2.78", 1)  # type: ignore[attr-defined]
        answers = await asyncio.gather(
            *(client.post("/v1/auth/login", json=body) for _ in range(24))
        )
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses.keys() == {401, 429}
    assert statuses[401] <= 14


async def test_many_failures_at_once_are_refused_as_failures(identity: Harness):
    body = {"email": f"{new_id('mail')}@people.example", "password": "wrong"}
    async with identity.client() as client:
        client._transport.client = ("192.0.2.79", 1)  # type: ignore[attr-defined]
        answers = await asyncio.gather(
            *(client.post("/v1/auth/login", json=body) for _ in range(30))
        )
    assert {answer.status_code for answer in answers} <= {401, 429}


async def test_logging_out_with_a_token_used_before_ends_the_session_too(identity: Harness):
    account = await verified(identity)
    async with identity.client() as client:
        old = (await logged_in(client, account["email"]))["refresh_token"]
        answer = await client.post("/v1/auth/refresh", json={"refresh_token": old})
        new = answer.json()["refresh_token"]
        answer = await client.post("/v1/auth/logout", json={"refresh_token": old})
        assert answer.status_code == 204
        answer = await client.post("/v1/auth/refresh", json={"refresh_token": new})
    assert answer.status_code == 401


async def test_a_session_from_before_a_suspension_does_not_come_back_with_the_account(
    identity: Harness,
):
    account, support = await verified(identity), await verified(identity)
    roles = ("customer", "support")
    async with identity.client() as client, identity.client(support["id"], roles=roles) as desk:
        token = (await logged_in(client, account["email"]))["refresh_token"]
        path = f"/v1/support/accounts/{account['id']}"
        await desk.post(f"{path}/suspend", json={"reason": "stolen password"})
        back = await desk.post(f"{path}/reinstate", json={"reason": "new password"})
        assert back.status_code == 200
        answer = await client.post("/v1/auth/refresh", json={"refresh_token": token})
        assert answer.status_code == 401
        fresh = (await logged_in(client, account["email"]))["refresh_token"]
        answer = await client.post("/v1/auth/refresh", json={"refresh_token": fresh})
    assert answer.status_code == 200


async def test_the_platforms_own_host_cannot_be_given_to_a_tenant(identity: Harness):
    slug = a_slug()
    body = a_tenant(slug, hosts=[f"{slug}.localhost", "platform.localhost"])
    async with administrator(identity) as admin:
        answer = await admin.put(f"/v1/admin/tenants/{slug}", json=body)
        assert answer.status_code == 409
        assert answer.json()["code"] == "host_taken"
        assert (await admin.get("/v1/admin/tenants")).status_code == 200


async def test_a_granted_role_has_no_power_before_the_address_is_verified(identity: Harness):
    account = await registered(identity)
    accounts = identity.scope().store(AccountStore)
    await accounts.update(account["id"], lambda known: known.grant("support"))
    async with identity.client() as client:
        token = (await logged_in(client, account["email"]))["access_token"]
        answer = await client.post(
            f"/v1/support/accounts/{account['id']}/suspend",
            json={"reason": "x"},
            headers={"Authorization": f"Bearer {token}"},
        )
    assert answer.status_code == 403


async def test_the_slower_of_two_registrations_does_not_learn_the_accounts_id(identity: Harness):
    scope, slower, faster = identity.scope(), new_id("acc"), new_id("acc")
    body = a_registration()
    claim = EmailClaim(
        id=EmailClaim.key("vodafone", body["email"]), account_id=slower, claimed_at=utc_now()
    )
    await scope.store(EmailClaimStore).create(claim, [])
    first = await register(Register(id=faster, **body), scope)
    second = await register(Register(id=slower, **body), scope)
    accounts = scope.store(AccountStore)
    assert await accounts.find(first.id) is not None
    assert await accounts.find(second.id) is None


async def test_an_administrator_made_halfway_is_completed(identity: Harness):
    email = f"{new_id('root')}@helphood.example"
    settings = identity.runtime.settings
    assert isinstance(settings, Settings)
    first = FirstAdministrator(
        identity.runtime.database,
        identity.runtime.resources[Passwords],
        settings.model_copy(update={"platform_admin_email": email}),
    )
    await first.run()
    key = EmailClaim.key(PLATFORM, email)
    claims = identity.scope(PLATFORM).store(EmailClaimStore)
    await identity.runtime.database.collection(claims.collection).delete_one({"_id": key})
    await first.run()
    assert (await claims.get(key)).account_id == derived_id("acc", key)


@pytest.mark.parametrize(
    ("collection", "field", "seconds"),
    [("sessions", "expires_at", 0), ("login_failures", "times", 1800)],
)
async def test_what_anybody_can_pile_up_does_not_stay_for_ever(
    identity: Harness, collection: str, field: str, seconds: int
):
    indexes = await identity.runtime.database.collection(collection).index_information()
    assert indexes[f"{field}_1"]["expireAfterSeconds"] == seconds


async def test_a_password_made_to_be_hard_to_judge_does_not_stop_everybody(identity: Harness):
    password = "77$@+14@{@(@8+@877+1[18|002!|9<1$({%4082[@|5%0@$@|+1$$546<%928$6${41|%9("
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - begun)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0.01)
    async with identity.client() as client:
        answer = await client.post("/v1/accounts", json=a_registration(password=password))
    watching.cancel()
    assert answer.status_code == 201
    assert longest < 1.5
    async with identity.client() as client:
        body = a_registration(password=PASSWORD)
        assert (await client.post("/v1/accounts", json=body)).status_code == 201
