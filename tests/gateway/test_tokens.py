"""A token is checked if one is sent; everything else about it is the services' business."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.envoy import Door, new_key, running
from tests.gateway.test_passage import is_problem
from tests.gateway.upstream import KEYS_PATH, wait_until


def test_without_a_token_the_service_decides(gateway: Door) -> None:
    assert gateway.get("/v1/me").status == 200


def test_a_good_token_passes_on_to_the_service(gateway: Door) -> None:
    token = gateway.token()
    assert gateway.get("/v1/me", authorization=token).status == 200
    assert gateway.services["identity"].last().headers["authorization"] == token


@pytest.mark.parametrize(
    "claims", [{"exp": 1}, {"iss": "https://elsewhere.example"}, {"nbf": 4_000_000_000}]
)
def test_expired_foreign_and_early_tokens_are_refused(
    gateway: Door, claims: dict[str, Any]
) -> None:
    answer = gateway.get("/v1/me", authorization=gateway.token(**claims))
    assert is_problem(answer, 401, "invalid_token")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert not gateway.services["identity"].requests()


def test_forged_tokens_are_refused(gateway: Door) -> None:
    forged = gateway.token(key=new_key())
    other = new_key(kid=gateway.key.kid)
    same_id = gateway.token(key=other)
    header, payload, signature = gateway.token().split(".")
    unsigned = "Bearer eyJhbGciOiJub25lIn0." + payload + "."
    tampered = f"{header}.{payload[:-4]}AAAA.{signature}"
    for token in (forged, same_id, unsigned, tampered, "Bearer nonsense"):
        assert is_problem(gateway.get("/v1/me", authorization=token), 401, "invalid_token")
    assert not gateway.services["identity"].requests()


def test_a_token_in_the_address_is_no_token(gateway: Door) -> None:
    assert gateway.get("/v1/me?access_token=nonsense").status == 200


def test_other_schemes_are_left_to_the_service(gateway: Door) -> None:
    assert gateway.get("/v1/me", authorization="Basic YTpi").status == 200


def test_known_keys_outlive_the_service_that_gave_them(tmp_path: Path) -> None:
    with running(tmp_path, cache_keys="1s") as door:
        identity = door.services["identity"]
        wait_until(door.knows_keys)
        assert door.get("/v1/jobs", authorization=door.token()).status == 200
        identity.stop()
        # Twice the time for which keys are held, so that Envoy has asked for them in vain.
        time.sleep(2.5)
        assert door.get("/v1/jobs", authorization=door.token(sub="fresh")).status == 200
        forged = door.token(key=new_key())
        assert is_problem(door.get("/v1/jobs", authorization=forged), 401, "invalid_token")


def test_new_keys_are_learned(tmp_path: Path) -> None:
    with running(tmp_path, cache_keys="1s") as door:
        identity, fresh = door.services["identity"], new_key()
        identity.keys = {"keys": [*identity.keys["keys"], fresh.as_dict(private=False)]}
        token = door.token(key=fresh)
        wait_until(lambda: door.get("/v1/jobs", authorization=token).status == 200)
        assert door.get("/v1/jobs", authorization=door.token()).status == 200


def test_a_token_that_cannot_be_checked_yet_is_no_bad_token(tmp_path: Path) -> None:
    with running(tmp_path, down=("identity",)) as door:
        token = door.token()
        answer = door.get("/v1/jobs", authorization=token)
        assert is_problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"] == "2"
        door.services["identity"].start()
        wait_until(lambda: door.get("/v1/jobs", authorization=token).status == 200)
        assert any(one.path == KEYS_PATH for one in door.services["identity"].seen)
