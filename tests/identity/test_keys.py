"""Signing keys: rotated under load without a refusal, never too soon."""

import asyncio
import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.identity.model import KeyRing, SigningKey
from services.identity.model.keys import ANNOUNCED_FOR, OUTLIVED_BY, RotationTooSoon
from services.identity.signing import RING, Signer
from services.identity.store import KeyRingStore
from shared.http import TokenVerifier
from shared.kernel.clock import utc_now
from shared.kernel.errors import Unauthenticated
from shared.kernel.ids import new_id
from shared.replicas import PLATFORM
from shared.store import Database
from tests.harness import Harness, forget
from tests.identity.builders import NOON, an_account
from tests.identity.test_tenants import administrator


def a_key(state: str, name: str = "", at: Any = NOON) -> SigningKey:
    return SigningKey(name or state, state, at, "secret", since=at)


def a_ring() -> KeyRing:
    return KeyRing(id="ring", keys=[a_key("current"), a_key("next")])


def states(ring: KeyRing) -> dict[str, str]:
    return {key.kid: key.state for key in ring.keys}


def test_a_rotation_moves_every_key_one_place_on():
    ring, at = a_ring(), NOON + ANNOUNCED_FOR
    ring.rotate(lambda: a_key("next", "third", at), at)
    assert states(ring) == {"current": "previous", "next": "current", "third": "next"}


def test_a_key_does_not_sign_before_everybody_knows_it():
    ring = a_ring()
    with pytest.raises(RotationTooSoon) as refusal:
        ring.rotate(lambda: a_key("next", "third"), NOON + ANNOUNCED_FOR - timedelta(seconds=1))
    assert refusal.value.members == {"safe_from": "2026-03-02T12:10:00.000Z"}
    assert states(ring) == {"current": "current", "next": "next"}


def test_a_key_is_not_dropped_while_its_tokens_live():
    ring, at = a_ring(), NOON + ANNOUNCED_FOR
    ring.rotate(lambda: a_key("next", "third", at), at)
    with pytest.raises(RotationTooSoon):
        ring.rotate(lambda: a_key("next", "fourth"), at + OUTLIVED_BY - timedelta(seconds=1))
    ring.rotate(lambda: a_key("next", "fourth"), at + OUTLIVED_BY)
    assert states(ring) == {"next": "previous", "third": "current", "fourth": "next"}


def test_a_key_that_signed_long_enough_is_due():
    ring, month = a_ring(), timedelta(days=30)
    assert not ring.due(month, NOON + month - timedelta(seconds=1))
    assert ring.due(month, NOON + month)
    assert not ring.due(timedelta(0), NOON)


@pytest.fixture
async def database(mongo_url: str) -> Any:
    made = Database(mongo_url, f"test_{new_id('db')}")
    yield made
    await forget(made)
    made.close()


def a_signer(database: Database, every: timedelta | None = None) -> Signer:
    return Signer(database, "k" * 32, "https://helphood.example", every)


async def aged(rings: KeyRingStore, by: timedelta) -> None:
    """As if everything had happened so much earlier."""

    def age(ring: KeyRing) -> None:
        ring.keys = [
            SigningKey(
                key.kid, key.state, key.created_at - by, key.secret, (key.since or utc_now()) - by
            )
            for key in ring.keys
        ]

    await rings.update(RING, age)


async def test_two_rotations_under_load_lose_no_request(database: Database, tmp_path: Path):
    """Two processes sign, a third believes; each learns late, as caches do."""
    rotating, other = a_signer(database), a_signer(database)
    rings = KeyRingStore.unrelayed(database, PLATFORM)
    file = tmp_path / "jwks.json"
    for signer in (rotating, other):
        await signer.load()
    file.write_text(json.dumps(rotating.jwks()))
    verifier = TokenVerifier(f"file://{file}", "https://helphood.example")
    assert await verifier.refresh()
    account, tokens, asked, going_on = an_account(), [], 0, True

    async def load() -> None:
        nonlocal asked
        while going_on:
            for signer in (rotating, other):
                tokens.append(signer.sign(account, "vodafone", "ses_1", utc_now()))
            for token in tokens[-200:] + tokens[:20]:
                assert (await verifier.verify(token)).id == account.id
                asked += 1
            await asyncio.sleep(0)

    loading = asyncio.create_task(load())
    kids = {key["kid"] for key in rotating.jwks()["keys"]}
    for _ in range(2):
        await aged(rings, OUTLIVED_BY)
        # Whoever fetched the key set before this rotation goes on with what it knows.
        file.write_text(json.dumps(rotating.jwks()))
        await verifier.refresh()
        ring = await rotating.rotate(rings, utc_now())
        await asyncio.sleep(0.3)
        await other.load()
        await asyncio.sleep(0.3)
        tokens[:] = [token for token in tokens if _kid(token) in states(ring)]
    going_on = False
    await loading
    assert asked > 500
    assert len({_kid(token) for token in tokens}) >= 2
    assert not kids <= {key["kid"] for key in rotating.jwks()["keys"]}


def _kid(token: str) -> str:

    header = token.split(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(header + "=="))["kid"])


async def test_keys_rotate_by_themselves_when_it_is_time(database: Database):
    signer = a_signer(database, timedelta(days=30))
    rings = KeyRingStore.unrelayed(database, PLATFORM)
    await signer.load()
    first = (await rings.get(RING)).current.kid
    await signer.load()
    assert (await rings.get(RING)).current.kid == first
    await aged(rings, timedelta(days=31))
    await asyncio.gather(signer.load(), a_signer(database, timedelta(days=30)).load())
    ring = await rings.get(RING)
    assert ring.current.kid != first
    assert states(ring)[first] == "previous"


async def test_a_too_quick_rotation_is_refused_with_the_time_when_it_is_safe(identity: Harness):
    async with administrator(identity) as admin:
        before = (await admin.get("/v1/admin/keys")).json()
        answer = await admin.post("/v1/admin/keys/rotate")
        assert (answer.status_code, answer.json()["code"]) == (409, "rotation_too_soon")
        assert answer.json()["safe_from"] == before["rotation_safe_from"]
        assert (await admin.get("/v1/admin/keys")).json() == before
    assert {key["state"] for key in before["keys"]} == {"current", "next"}
    assert all("secret" not in key for key in before["keys"])


async def test_tenants_do_not_see_or_rotate_keys(identity: Harness):
    async with identity.client("acc_x", roles=("tenant_admin",)) as client:
        assert (await client.get("/v1/admin/keys")).status_code == 404
        assert (await client.post("/v1/admin/keys/rotate")).status_code == 404


async def test_known_keys_go_on_while_identity_is_away(tmp_path: Path, database: Database):
    signer, file = a_signer(database), tmp_path / "jwks.json"
    await signer.load()
    file.write_text(json.dumps(signer.jwks()))
    verifier = TokenVerifier(f"file://{file}", "https://helphood.example")
    assert await verifier.refresh()
    for broken in ("", "{}", '{"keys": []}', "null"):
        file.write_text(broken)
        assert not await verifier.refresh()
    file.unlink()
    assert not await verifier.refresh()
    token = signer.sign(an_account(), "vodafone", "ses_1", utc_now())
    assert (await verifier.verify(token)).tenant == "vodafone"
    with pytest.raises(Unauthenticated):
        await verifier.verify(signer.sign(an_account(), "x", "s", utc_now() + timedelta(hours=1)))


async def test_key_sets_say_how_long_they_may_be_kept(identity: Harness):
    async with identity.client() as client:
        answer: httpx.Response = await client.get("/.well-known/jwks.json")
    kept = int(answer.headers["cache-control"].split("max-age=")[1])
    assert timedelta(seconds=2 * kept) <= ANNOUNCED_FOR
