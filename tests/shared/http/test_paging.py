"""Lists page by page."""

from datetime import timedelta

import pytest

from shared.http.paging import Paging, Scalar, _position
from tests.shared.http.shop import ALICE, EPOCH, Shop


async def test_all_items_come_once_and_in_order(shop: Shop) -> None:
    seen: list[str] = []
    path = "/v1/items?limit=20&state=open"
    async with shop.client() as client:
        while path:
            page = await client.get(path)
            seen += [item["title"] for item in page.json()["data"]]
            path = page.links["next"]["url"] if "next" in page.links else ""
    assert seen == [str(number) for number in range(45)]
    assert page.json()["next_cursor"] is None


async def test_the_link_and_the_cursor_say_the_same(shop: Shop) -> None:
    async with shop.client() as client:
        page = await client.get("/v1/items?limit=5&state=open")
        by_cursor = await client.get(
            "/v1/items",
            params={"limit": 5, "state": "open", "cursor": page.json()["next_cursor"]},
        )
        by_link = await client.get(page.links["next"]["url"])
    assert by_cursor.json() == by_link.json()
    assert by_link.json()["data"][0]["title"] == "5"


async def test_the_limit_has_a_default_and_may_change_on_the_way(shop: Shop) -> None:
    async with shop.client() as client:
        first = (await client.get("/v1/items")).json()
        rest = (await client.get(f"/v1/items?limit=100&cursor={first['next_cursor']}")).json()
    assert (len(first["data"]), len(rest["data"])) == (20, 25)


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.0", "1e1", "ten", "+5", "٣"])
async def test_the_limit_is_a_whole_number_to_100(shop: Shop, limit: str) -> None:
    async with shop.client() as client:
        refused = await client.get("/v1/items", params={"limit": limit})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert refused.json()["errors"][0]["parameter"] == "limit"


@pytest.mark.parametrize(
    ("person", "tenant", "query"),
    [
        ("acc_bob", "vodafone", "state=open"),
        (ALICE, "swisscom", "state=open"),
        (ALICE, "vodafone", "state=closed"),
        (ALICE, "vodafone", ""),
    ],
)
async def test_a_cursor_is_of_use_only_where_it_was_given(
    shop: Shop, person: str, tenant: str, query: str
) -> None:
    async with shop.client() as client:
        cursor = (await client.get("/v1/items?state=open")).json()["next_cursor"]
    async with shop.client(person, tenant=tenant) as client:
        refused = await client.get(f"/v1/items?{query}&cursor={cursor}")
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (422, "invalid_cursor")
    assert problem["errors"][0]["parameter"] == "cursor"


@pytest.mark.parametrize("cursor", ["x", "AAAA", "%F0%9F%99%88", "A" * 5000, "a.b"])
async def test_what_we_did_not_make_is_no_cursor(shop: Shop, cursor: str) -> None:
    async with shop.client() as client:
        assert (await client.get(f"/v1/items?cursor={cursor}")).json()["code"] == "invalid_cursor"


async def test_a_changed_cursor_is_refused(shop: Shop) -> None:
    async with shop.client() as client:
        cursor = (await client.get("/v1/items")).json()["next_cursor"]
        for place in range(0, len(cursor), 7):
            other = "A" if cursor[place] != "A" else "B"
            changed = cursor[:place] + other + cursor[place + 1 :]
            refused = await client.get(f"/v1/items?cursor={changed}")
            assert refused.json()["code"] == "invalid_cursor"


def test_a_position_comes_back_as_it_was() -> None:
    paging = Paging(20, None, "/v1/items", (), b"context", b"secret")
    moment = EPOCH + timedelta(milliseconds=877)
    position: list[Scalar] = [moment, "item_1", 3, 2.5, None, True, "ü😀"]
    assert _position(paging.cursor(position), b"context", b"secret") == position
