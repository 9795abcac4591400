"""The OpenAPI document, and the routes that are refused when the application is made."""

from typing import Any

import pytest
from fastapi import APIRouter
from openapi_spec_validator import validate

from shared.http import CONDITIONAL, IDEMPOTENCY_REQUIRED, Router
from shared.http.app import _check_routes
from tests.shared.http.shop import Shop


def test_the_document_is_valid_openapi_3_1(shop: Shop) -> None:
    document = shop.app.openapi()
    validate(document)
    assert document["openapi"].startswith("3.1")


def operation(shop: Shop, path: str, method: str) -> dict[str, Any]:
    found: dict[str, Any] = shop.app.openapi()["paths"][path][method]
    return found


def test_access_is_declared(shop: Shop) -> None:
    assert operation(shop, "/v1/open", "get")["security"] == [{}, {"Bearer": []}]
    assert operation(shop, "/v1/items", "get")["security"] == [{"Bearer": []}]
    assert operation(shop, "/v1/keys", "get")["security"] == []
    support = operation(shop, "/v1/support/items", "get")
    assert (support["x-access"], support["x-roles"]) == ("roles", ["support"])
    assert operation(shop, "/v1/admin/tenants", "get")["x-access"] == "platform"
    assert operation(shop, "/v1/items", "get")["x-access"] == "person"


def test_errors_are_problems_everywhere(shop: Shop) -> None:
    document = shop.app.openapi()
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for operations in document["paths"].values():
        for found in operations.values():
            for status, response in found["responses"].items():
                if status == "default" or status[0] in "45":
                    assert list(response["content"]) == ["application/problem+json"]
            assert {"422", "503", "default"} <= set(found["responses"])
    change = operation(shop, "/v1/items/{id}", "patch")["responses"]
    assert {"401", "403", "404", "409", "412", "413", "415", "428"} <= set(change)
    assert "428" not in operation(shop, "/v1/items", "post")["responses"]
    assert "403" not in operation(shop, "/v1/open", "get")["responses"]


def test_headers_and_bodies_are_declared(shop: Shop) -> None:
    def headers(path: str, method: str) -> dict[str, bool]:
        parameters = operation(shop, path, method)["parameters"]
        return {p["name"]: p.get("required", False) for p in parameters if p["in"] == "header"}

    assert headers("/v1/items", "post") == {"If-Match": False, "Idempotency-Key": True}
    assert headers("/v1/notes", "post")["Idempotency-Key"] is False
    assert "Idempotency-Key" not in headers("/v1/auth/login", "post")
    assert headers("/v1/items", "get") == {"If-None-Match": False}
    photo = operation(shop, "/v1/photo", "put")
    assert set(photo["requestBody"]["content"]) == {"image/png", "image/jpeg"}
    assert photo["x-max-bytes"] == 300_000


async def _nothing() -> None: ...


@pytest.mark.parametrize("name", [None, "other_get_x", "get_x"])
def test_a_route_needs_an_operation_id_of_its_service(name: str | None) -> None:
    router = Router()
    router.get("/x", operation_id=name)(_nothing)
    with pytest.raises(ValueError, match="operation_id"):
        _check_routes("shop", router.routes)


def test_an_operation_id_is_unique() -> None:
    router = Router()
    router.get("/x", operation_id="shop_get_x")(_nothing)
    _check_routes("shop", router.routes)
    router.get("/y", operation_id="shop_get_x")(_nothing)
    with pytest.raises(ValueError, match="operation_id"):
        _check_routes("shop", router.routes)


def test_an_unchecked_route_is_refused() -> None:
    router = APIRouter()
    router.get("/x", operation_id="shop_get_x")(_nothing)
    with pytest.raises(ValueError, match="Router"):
        _check_routes("shop", router.routes)


@pytest.mark.parametrize(
    ("method", "path", "marker"),
    [
        ("get", "/x", {"x-access": "everybody"}),
        ("get", "/x", CONDITIONAL),
        ("put", "/x", IDEMPOTENCY_REQUIRED),
        ("post", "/v1/auth/x", IDEMPOTENCY_REQUIRED),
    ],
)
def test_a_marker_nobody_would_obey_is_refused(
    method: str, path: str, marker: dict[str, Any]
) -> None:
    router = Router()
    declare = getattr(router, method)
    with pytest.raises(ValueError, match="/x"):
        declare(path, openapi_extra=marker)(_nothing)
