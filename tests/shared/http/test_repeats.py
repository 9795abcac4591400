"""Idempotency-Key, If-Match and If-None-Match."""

from typing import Any

import pytest

from shared.edge import NEVER
from tests.shared.http.shop import ALICE, Shop

KEY = {"Idempotency-Key": "3f1c"}


async def test_the_same_request_again_gets_the_first_answer(shop: Shop) -> None:
    async with shop.client() as client:
        first = await client.post("/v1/items", json={"title": "x"}, headers=KEY)
        again = await client.post("/v1/items", json={"title": "x"}, headers=KEY)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert first.headers["ETag"] == again.headers["ETag"] == '"1"'
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(shop.boxes.items) == 1


async def test_the_same_key_with_another_body_is_refused(shop: Shop) -> None:
    async with shop.client() as client:
        await client.post("/v1/items", json={"title": "x"}, headers=KEY)
        refused = await client.post("/v1/items", json={"title": "y"}, headers=KEY)
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (422, "idempotency_key_reused")
    assert "errors" not in problem


async def test_bytes_make_the_body_the_same_not_its_meaning(shop: Shop) -> None:
    headers = KEY | {"Content-Type": "application/json"}
    async with shop.client() as client:
        await client.post("/v1/items", content=b'{"title":"x"}', headers=headers)
        refused = await client.post("/v1/items", content=b'{"title": "x"}', headers=headers)
    assert refused.json()["code"] == "idempotency_key_reused"


async def test_keys_of_other_people_tenants_and_routes_are_others(shop: Shop) -> None:
    ids = set()
    for person, tenant, path in (
        (ALICE, "vodafone", "/v1/items"),
        (ALICE, "vodafone", "/v1/notes"),
        ("acc_bob", "vodafone", "/v1/items"),
        (ALICE, "swisscom", "/v1/items"),
    ):
        async with shop.client(person, tenant=tenant) as client:
            made = await client.post(path, json={"title": "x"}, headers=KEY)
            ids.add(made.json()["id"].partition("_")[2])
    assert len(ids) == 4
    assert len({edge.key for edge in shop.boxes.edges}) == 3
    assert all(len(edge.key or "") == len(edge.body_hash) == 32 for edge in shop.boxes.edges)


async def test_ids_repeat_with_the_key_and_are_new_without(shop: Shop) -> None:
    async def made(headers: dict[str, str]) -> str:
        response = await client.post("/v1/notes", json={"title": "x"}, headers=headers)
        return str(response.json()["id"])

    async with shop.client() as client:
        assert await made(KEY) == await made(KEY)
        assert await made({}) != await made({})


async def test_a_missing_key_is_told_where_it_is_required(shop: Shop) -> None:
    async with shop.client() as client:
        refused = await client.post("/v1/items", json={"title": "x"})
        optional = await client.post("/v1/notes", json={"title": "x"})
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (422, "idempotency_key_required")
    assert problem["errors"][0]["parameter"] == "Idempotency-Key"
    assert optional.status_code == 200


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256, "\t"])
async def test_a_key_is_visible_ascii_of_bounded_length(shop: Shop, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode("latin-1"))]
    async with shop.client() as client:
        refused = await client.post("/v1/notes", json={"title": "x"}, headers=headers)
        longest = await client.post(
            "/v1/notes", json={"title": "x"}, headers={"Idempotency-Key": "x" * 255}
        )
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["parameter"] == "Idempotency-Key"
    assert longest.status_code == 200


async def test_two_keys_are_refused(shop: Shop) -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    async with shop.client() as client:
        refused = await client.post("/v1/notes", json={"title": "x"}, headers=headers)
    assert refused.status_code == 422


async def test_keys_mean_nothing_without_a_token(shop: Shop) -> None:
    async with shop.client(None) as client:
        stranger = await client.post("/v1/accounts", json={"title": "x"}, headers=KEY)
    async with shop.client() as client:
        known = await client.post("/v1/accounts", json={"title": "x"}, headers=KEY)
    assert (stranger.json(), known.json()) == ({"key": None}, {"key": "3f1c"})


async def test_keys_mean_nothing_when_logging_in(shop: Shop) -> None:
    for person in (None, ALICE):
        async with shop.client(person) as client:
            done = await client.post("/v1/auth/login", json={"title": "x"}, headers=KEY)
        assert done.json() == {"key": None}


@pytest.fixture
async def item(shop: Shop) -> str:
    async with shop.client() as client:
        made = await client.post("/v1/items", json={"title": "x"}, headers=KEY)
    shop.boxes.edges.clear()
    return str(made.json()["id"])


@pytest.mark.parametrize(
    ("if_match", "status"),
    [
        ('"1"', 200),
        ("*", 200),
        (' "1" ', 200),
        ('"2"', 412),
        ('W/"1"', 412),
        ("1", 412),
        ('"01"', 412),
        ('"1", "2"', 412),
        ("nonsense", 412),
        ("", 412),
    ],
)
async def test_a_change_is_made_to_the_version_it_names(
    shop: Shop, item: str, if_match: str, status: int
) -> None:
    async with shop.client() as client:
        done = await client.patch(
            f"/v1/items/{item}", json={"title": "y"}, headers={"If-Match": if_match}
        )
    assert done.status_code == status
    if status == 200:
        assert done.headers["ETag"] == '"2"'
    else:
        assert done.json()["code"] == "version_mismatch"


async def test_a_change_that_names_no_version_is_told_so(shop: Shop, item: str) -> None:
    async with shop.client() as client:
        refused = await client.patch(f"/v1/items/{item}", json={"title": "y"})
        not_there = await client.patch("/v1/items/item_9", json={"title": "y"})
    assert (refused.status_code, refused.json()["code"]) == (428, "precondition_required")
    assert not_there.status_code == 404, "the thing comes before its version"


async def test_creating_needs_no_version(shop: Shop, item: str) -> None:
    async with shop.client() as client:
        await client.patch(f"/v1/items/{item}", json={"title": "y"}, headers={"If-None-Match": "*"})
    assert not shop.boxes.edges[-1].require_match


async def test_on_a_command_the_version_is_optional(shop: Shop, item: str) -> None:
    path = f"/v1/items/{item}/close"
    async with shop.client() as client:
        stale = await client.post(path, headers={"If-Match": '"7"'})
        without = await client.post(path)
    assert (stale.status_code, without.status_code) == (412, 200)
    assert [edge.if_match for edge in shop.boxes.edges] == [7, None]


async def test_two_if_match_headers_match_nothing(shop: Shop, item: str) -> None:
    headers: Any = [("If-Match", '"1"'), ("If-Match", "*")]
    async with shop.client() as client:
        await client.post(f"/v1/items/{item}/close", headers=headers)
    assert shop.boxes.edges[-1].if_match == NEVER


@pytest.mark.parametrize(
    ("if_none_match", "status"),
    [('"1"', 304), ('W/"1"', 304), ('"0", "1"', 304), ("*", 304), ('"2"', 200), ("x", 200)],
)
async def test_a_current_copy_is_not_sent_again(
    shop: Shop, item: str, if_none_match: str, status: int
) -> None:
    async with shop.client() as client:
        seen = await client.get(f"/v1/items/{item}", headers={"If-None-Match": if_none_match})
    assert seen.status_code == status
    assert seen.headers["ETag"] == '"1"'
    assert bool(seen.content) == (status == 200)
