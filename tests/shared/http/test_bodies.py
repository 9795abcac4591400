"""Bodies and queries that are refused before any type looks at them, and those that pass."""

from typing import Any

import pytest

from shared.http.bodies import MAX_DEPTH, parse_object
from shared.kernel.errors import Invalid
from tests.shared.http.shop import Shop

JSON = {"Content-Type": "application/json"}


def nested(levels: int) -> bytes:
    return b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"   ",
        b"{",
        b"{} {}",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'\xef\xbb\xbf{"title":"x"}',
        b'{"title":NaN}',
        b'{"title":Infinity}',
        b'{"count":-Infinity}',
        b'{"count":1e999}',
        b'{"title":"x","title":"y"}',
        b'{"title":"x","lots":[{"a":1,"a":2}]}',
        b'{"title":"\\ud800"}',
        b'{"\\udfff":1}',
        b'{"title":"\xed\xa0\x80"}',
        b'{"title":"line\nbreak"}',
        b'{"count":' + b"9" * 5000 + b"}",
        nested(MAX_DEPTH + 1),
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda content: content[:24].decode("latin-1"),
)
async def test_what_is_no_strict_json_object_is_malformed(shop: Shop, content: bytes) -> None:
    async with shop.client() as client:
        refused = await client.post("/v1/notes", content=content, headers=JSON)
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (422, "malformed_body")
    assert [fault["pointer"] for fault in problem["errors"]] == [""]


def test_what_is_strict_json_passes() -> None:
    assert parse_object(nested(MAX_DEPTH))
    assert parse_object(b'{"a":"{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{"}')
    assert parse_object(b'{"a":"\\ud83d\\ude00"}') == {"a": "😀"}
    assert parse_object(b'{"a":[1,2.5,1e3,null,true]}') == {"a": [1, 2.5, 1000.0, None, True]}


def test_one_level_too_deep_is_refused() -> None:
    with pytest.raises(Invalid, match="32 levels"):
        parse_object(nested(MAX_DEPTH + 1))


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/problem+json"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {"Content-Type": "application/json", "Content-Encoding": "identity"},
        {},
    ],
)
async def test_only_plain_json_is_read(shop: Shop, headers: dict[str, str]) -> None:
    async with shop.client() as client:
        refused = await client.post("/v1/notes", content=b'{"title":"x"}', headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=UTF-8"])
async def test_json_may_name_its_charset(shop: Shop, kind: str) -> None:
    async with shop.client() as client:
        made = await client.post(
            "/v1/notes", content='{"title":"Gerät"}'.encode(), headers={"Content-Type": kind}
        )
    assert made.json()["title"] == "Gerät"


async def test_an_empty_body_is_malformed_not_of_a_wrong_type(shop: Shop) -> None:
    async with shop.client() as client:
        assert (await client.post("/v1/notes")).json()["code"] == "malformed_body"


async def test_bodies_have_a_length_at_most(shop: Shop) -> None:
    fits = b'{"title":"x"' + b" " * (256 * 1024 - 13) + b"}"

    async def in_chunks() -> Any:
        for _ in range(100):
            yield b" " * 4096

    async with shop.client() as client:
        passed = await client.post("/v1/notes", content=fits, headers=JSON)
        declared = await client.post("/v1/notes", content=fits + b" ", headers=JSON)
        streamed = await client.post("/v1/notes", content=in_chunks(), headers=JSON)
    assert passed.status_code == 200
    assert (declared.status_code, declared.json()["code"]) == (413, "body_too_large")
    assert streamed.status_code == 413


async def test_a_route_may_read_other_types_and_longer_bodies(shop: Shop) -> None:
    png = {"Content-Type": "image/png"}
    async with shop.client() as client:
        stored = await client.put("/v1/photo", content=b"x" * 300_000, headers=png)
        too_long = await client.put("/v1/photo", content=b"x" * 300_001, headers=png)
        text = await client.put("/v1/photo", content=b"{}", headers=JSON)
        nothing = await client.put("/v1/photo", headers=png)
    assert (stored.status_code, stored.headers["X-Length"]) == (204, "300000")
    assert (too_long.status_code, text.status_code) == (413, 415)
    assert (nothing.status_code, nothing.json()["code"]) == (422, "malformed_body")


async def test_forms_are_read_where_they_are_declared(shop: Shop) -> None:
    fields = {"grant_type": "client_credentials", "lifetime": "90"}
    basic = {"Authorization": "Basic cGFydG5lcjpzZWNyZXQ="}
    async with shop.client(None) as client:
        read = await client.post("/v1/auth/token", data=fields, headers=basic)
        unknown = await client.post("/v1/auth/token", data=fields | {"more": "1"})
        as_json = await client.post("/v1/auth/token", json=fields)
    assert read.json() == {"grant_type": "client_credentials", "lifetime": 90}
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/more")
    assert as_json.status_code == 415


async def test_a_route_without_a_body_takes_an_empty_one(shop: Shop) -> None:
    path = "/v1/items/item_1/close"
    async with shop.client() as client:
        codes = [
            (await client.post(path, headers=JSON)).json()["code"],
            (await client.post(path, json={})).json()["code"],
            (await client.post(path, content=b"{}")).json()["code"],
            (await client.post(path, content=b"[]", headers=JSON)).json()["code"],
        ]
        surplus = await client.post(path, json={"a": 1})
    assert codes == ["not_found", "not_found", "unsupported_media_type", "malformed_body"]
    assert (surplus.status_code, surplus.json()["errors"][0]["pointer"]) == (422, "/a")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("n=1&page=2", "page"),
        ("n=1&n=1", "n"),
        ("n=", "n"),
        ("n", "n"),
        ("n=x", "n"),
        ("", "n"),
        ("n=1&%00=1", "\0"),
        ("n=1&N=1", "N"),
    ],
)
async def test_queries_are_taken_at_their_word(shop: Shop, query: str, parameter: str) -> None:
    async with shop.client() as client:
        refused = await client.get(f"/v1/number?{query}")
        fine = await client.get("/v1/number?n=1")
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (422, "invalid_request")
    assert [fault["parameter"] for fault in problem["errors"]] == [parameter]
    assert fine.status_code == 200


async def test_a_bad_header_is_named(shop: Shop) -> None:
    async with shop.client() as client:
        refused = await client.get("/v1/number?n=1", headers={"X-Size": "wide"})
    assert refused.json()["errors"][0]["parameter"] == "x-size"
