"""Who comes with tricks: addresses, names and tokens, through the gateway in both tenants."""

import base64
import json
import time
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from deploy.local.people import PASSWORD, Answer, Visitor
from shared.kernel.ids import new_id
from tests.platform import Platform

both = pytest.mark.parametrize("tenant", ["vodafone", "swisscom"])


def register(visitor: Visitor, **fields: Any) -> Answer:
    body = {
        "email": f"{new_id('x')}@people.example", "password": PASSWORD,
        "display_name": "Ada Berger", "language": "de",
    } | fields  # fmt: skip
    return visitor.ask("POST", "/v1/accounts", body)


@both
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 63}.{'e' * 63}"),
        ("email", "ada@people.example\r\nBcc: all@people.example"),
        ("email", "ada@@people.example"),
        ("email", "ada\u202e@people.example"),
        ("email", ["ada@people.example"]),
        ("email", {"$gt": ""}),
        ("display_name", "Ada\u202eregreB"),
        ("display_name", "Ada\u2066x\u2069"),
        ("display_name", "Ada\u0000"),
        ("display_name", "Ada\nBerger"),
        ("display_name", "x" * 81),
        ("display_name", " "),
    ],
)
def test_a_trick_is_refused_by_field_and_changes_nothing(
    platform: Platform, tenant: str, field: str, value: Any
) -> None:
    with platform.visitor(tenant) as visitor:
        answer = register(visitor, **{field: value})
        assert answer.status == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert f"/{field}" in [each["pointer"] for each in answer.body["errors"]]


@both
def test_case_makes_no_second_person_and_plus_makes_one(platform: Platform, tenant: str) -> None:
    with platform.person(tenant) as person, platform.visitor(tenant) as visitor:
        person.join()
        name, _, domain = person.address.partition("@")
        again = register(visitor, email=f"{name.upper()}@{domain}")
        assert again.status == 201
        login = {"email": f"{name.upper()}@{domain}", "password": PASSWORD}
        assert visitor.ask("POST", "/v1/auth/login", login).status == 200
        other = f"{name}+tag@{domain}"
        assert register(visitor, email=other).status == 201
        answer = visitor.ask("POST", "/v1/auth/login", {"email": other, "password": PASSWORD})
        assert answer.status == 200


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    head, claims, _ = (part + "=" * (-len(part) % 4) for part in token.split("."))
    return json.loads(base64.urlsafe_b64decode(head)), json.loads(base64.urlsafe_b64decode(claims))


def _unsigned(head: dict[str, Any], claims: dict[str, Any]) -> str:
    packed = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in (head | {"alg": "none"}, claims)
    ]
    return ".".join([*packed, ""])


@both
def test_forged_tokens_open_nothing_in_any_service(platform: Platform, tenant: str) -> None:
    with platform.person(tenant) as person:
        person.join()
        token = str(person._client.headers["Authorization"]).removeprefix("Bearer ")
        head, claims = _parts(token)
        mine = ECKey.generate_key("P-256", {"kid": head["kid"]})
        later = int(time.time()) + 3600
        changes: tuple[dict[str, Any], ...] = (
            {},
            {"roles": ["support"]},
            {"nbf": later},
            {"aud": "elsewhere"},
            {"tid": "x"},
        )
        forged = [jwt.encode(head, claims | change, mine) for change in changes]
        forged.append(_unsigned(head, claims))
        forged.append(_unsigned(head, claims | {"roles": ["platform_admin"]}))
        forged.append(token[:-6] + ("AAAAAA" if token[-6:] != "AAAAAA" else "BBBBBB"))
        for each in forged:
            for path in ("/v1/me", "/v1/helpers/me", "/v1/jobs", "/v1/conversations"):
                answer = person.ask("GET", path, headers={"Authorization": f"Bearer {each}"})
                assert (answer.status, answer.body["code"]) == (401, "invalid_token")
        assert person.get("/v1/me")["id"] == person.id


def test_a_rotation_that_would_lose_requests_is_refused_with_the_time(platform: Platform) -> None:
    """Within ten minutes of the start no process may know the next key yet."""
    address = platform.stack.address()
    host = {"Host": f"platform.localhost:{platform.stack.ports.gateway}"}
    token = platform.admin._client.headers["Authorization"]
    answer = httpx.post(f"{address}/v1/admin/keys/rotate", headers=host | {"Authorization": token})
    assert (answer.status_code, answer.json()["code"]) == (409, "rotation_too_soon")
