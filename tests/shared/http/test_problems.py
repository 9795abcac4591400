"""Errors in their one form."""

import pytest
from structlog.testing import capture_logs

from tests.shared.http.shop import Shop


async def test_a_problem_says_what_where_and_how_to_find_it(shop: Shop) -> None:
    async with shop.client() as client:
        refused = await client.get("/v1/fail/conflict", headers={"X-Request-Id": "abc.1"})
    problem = refused.json()
    trace_id = problem.pop("trace_id")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert problem == {
        "type": "urn:helphood:problem:illegal_transition",
        "title": "Illegal transition",
        "status": 409,
        "detail": "no",
        "instance": "/v1/fail/conflict",
        "code": "illegal_transition",
        "request_id": "abc.1",
        "allowed": ["cancel"],
    }, "a member cannot displace the status"
    assert trace_id == f"{shop.spans.get_finished_spans()[0].context.trace_id:032x}"


async def test_times_among_the_members_are_rfc_3339(shop: Shop) -> None:
    async with shop.client() as client:
        refused = await client.get("/v1/fail/conflict_at")
    assert refused.json()["next_attempt_at"] == "2026-03-01T09:00:00.123Z"


async def test_waiting_times_are_told(shop: Shop) -> None:
    async with shop.client() as client:
        away = await client.get("/v1/fail/unavailable")
        limited = await client.get("/v1/fail/limited")
    assert (away.status_code, away.headers["Retry-After"]) == (503, "7")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "60")
    assert limited.headers["RateLimit"] == '"login";r=0;t=60'
    assert limited.headers["RateLimit-Policy"] == '"login";q=10;w=900'


async def test_a_crash_tells_the_log_everything_and_the_caller_nothing(shop: Shop) -> None:
    with capture_logs() as logs:
        async with shop.client() as client:
            failed = await client.get("/v1/fail/crash")
    assert (failed.status_code, failed.json()["code"]) == (500, "internal_error")
    assert "secret-4711" not in failed.text
    assert "RuntimeError" not in failed.text
    crash = next(entry for entry in logs if entry["event"] == "request.failed")
    assert crash["exc_info"].args == ("secret-4711",)
    assert failed.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/v1/open/", 404, "not_found"),
        ("DELETE", "/v1/open", 405, "method_not_allowed"),
        ("GET", "/openapi.json", 404, "not_found"),
    ],
)
async def test_addresses_and_methods_we_do_not_know(
    shop: Shop, method: str, path: str, status: int, code: str
) -> None:
    async with shop.client() as client:
        refused = await client.request(method, path)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert ("Allow" in refused.headers) == (status == 405)


async def test_the_path_is_shown_as_a_uri(shop: Shop) -> None:
    async with shop.client() as client:
        refused = await client.get("/v1/ge%20r%C3%A4t%22")
    assert refused.json()["instance"] == "/v1/ge%20r%C3%A4t%22"


async def test_pointers_lead_to_the_fault_and_do_not_repeat_it(shop: Shop) -> None:
    body = {
        "title": "my secret title",
        "count": True,
        "price": {"amount_minor": 1.5, "currency": "EURO"},
        "lots": [{"kind": "big", "start": "2026-03-01"}, {"kind": "big"}],
        "extra": {"kind": "big", "start": 7},
        "a/b~c": 1,
    }
    async with shop.client() as client:
        refused = await client.post("/v1/notes", json=body)
    pointers = {fault["pointer"] for fault in refused.json()["errors"]}
    assert pointers == {
        "/title",
        "/count",
        "/price/amount_minor",
        "/price/currency",
        "/lots/0/start",
        "/lots/1/start",
        "/extra",
        "/extra/start",
        "/a~1b~0c",
    }
    assert "secret" not in refused.text
