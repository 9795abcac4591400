"""Addresses, names and tokens made to deceive."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.identity.model import EmailClaim
from services.identity.store import EmailClaimStore
from shared.http import TokenVerifier
from shared.kernel.errors import Unauthenticated, Unavailable
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.identity.builders import (
    PASSWORD,
    a_registration,
    believing,
    logged_in,
    mails_to,
    registered,
    verified,
)
from tests.shared.tokens import TokenMaker


def a_mailbox() -> str:
    return new_id("m").replace("_", "")[:20]


# Addresses ------------------------------------------------------------------------------------


async def same_account(identity: Harness, first: str, second: str) -> bool:
    account = await registered(identity, email=first)
    async with identity.client() as client:
        body = {"email": second, "password": PASSWORD}
        status = (await client.post("/v1/auth/login", json=body)).status_code
    assert account["email"]
    return status == 200


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("{}@people.example", "{}@PEOPLE.EXAMPLE"),
        ("{}.Ada@people.example", "{}.ADA@people.example"),
        ("{}@büro.example", "{}@xn--bro-hoa.example"),
        ("{}@xn--bro-hoa.example", "{}@BÜRO.example"),
        ("{}é@people.example", "{}e\u0301@people.example"),
        (" {}@people.example", "{}@people.example "),
    ],
    ids=["domain", "case", "IDN", "punycode", "composed", "spaces"],
)
async def test_two_ways_to_write_an_address_are_one_account(
    identity: Harness, first: str, second: str
):
    user = a_mailbox()
    assert await same_account(identity, first.format(user), second.format(user))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("{}@people.example", "{}+x@people.example"),
        ("{}.a@people.example", "{}a@people.example"),
        ("{}a@people.example", "{}\u0430@people.example"),
    ],
    ids=["plus", "dot", "cyrillic"],
)
async def test_what_only_looks_alike_is_somebody_else(identity: Harness, first: str, second: str):
    user = a_mailbox()
    assert not await same_account(identity, first.format(user), second.format(user))


@pytest.mark.parametrize(
    "email",
    [
        "a@b@people.example",
        "a b@people.example",
        ".a@people.example",
        "a..b@people.example",
        "a@-people.example",
        "a@people..example",
        "a@[127.0.0.1]",
        '"a b"@people.example',
        "a@people.example\r\nBcc: all@people.example",
        "a\u202eb@people.example",
        "a\u200bb@people.example",
        "a\x00@people.example",
        "x" * 65 + "@people.example",
        "x" * 307 + "@people.example",
        "@people.example",
        "a@",
        "",
    ],
)
async def test_what_is_no_address_is_refused_at_its_field(identity: Harness, email: str):
    async with identity.client() as client:
        answer = await client.post("/v1/accounts", json=a_registration(email=email))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/email"


async def test_the_longest_address_is_taken(identity: Harness):
    domain = ".".join(["d" * 60] * 3) + ".example"
    user = a_mailbox()
    email = f"{user}{'x' * (254 - len(user) - len(domain) - 1)}"[:64] + f"@{domain}"
    async with identity.client() as client:
        answer = await client.post("/v1/accounts", json=a_registration(email=email))
    assert answer.status_code == 201, answer.text


async def test_a_claim_is_of_one_form_however_the_address_was_written(identity: Harness):
    user = a_mailbox()
    account = await registered(identity, email=f"{user.upper()}@BÜRO.example")
    claim = (
        await identity.scope()
        .store(EmailClaimStore)
        .get(EmailClaim.key("vodafone", f"{user}@büro.example"))
    )
    assert claim.account_id == account["id"]


# Names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "Ada\x00",
        "Ada\x1b[31m",
        "Ada\u202egnp",
        "Ada\u2066x",
        "Ada\u200b",
        "\u200b\u200b",
        "Ada\u00adBerger",
        "\ufeffAda",
        "Ada\U000e0041",
        "Ada\r\nBcc: x",
        "   ",
        "\u0301",
        "A" * 81,
    ],
)
async def test_a_name_that_deceives_is_refused_everywhere(identity: Harness, name: str):
    account = await verified(identity)
    async with identity.client(account["id"]) as client:
        answer = await client.post("/v1/accounts", json=a_registration(display_name=name))
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/display_name"
        edited = await client.patch(
            "/v1/me", json={"display_name": name}, headers={"If-Match": "*"}
        )
        assert edited.status_code == 422


@pytest.mark.parametrize(
    "name",
    ["Zoë Groß", "Łukasz Żółć", "李小龍", "نگار می‌خواهد", "O’Neill-Sánchez Jr.", "👩🏽‍🔧 Kim"],
)
async def test_real_names_are_kept_as_they_are(identity: Harness, name: str):
    account = await registered(identity, display_name=name)
    assert account["display_name"] == name


async def test_a_strangers_words_are_not_mailed_to_an_unverified_address(identity: Harness):
    account = await registered(identity, display_name="Win at evil.example")
    await identity.eventually(lambda: mails_to(identity, account["email"]))
    assert not any("evil" in text for text in await mails_to(identity, account["email"]))


# Tokens ---------------------------------------------------------------------------------------


@pytest.fixture
def town(tmp_path: Path) -> tuple[TokenVerifier, TokenMaker]:
    maker = TokenMaker()
    maker.write_jwks(tmp_path / "jwks.json")
    return TokenVerifier(f"file://{tmp_path / 'jwks.json'}", maker.issuer), maker


def bad_tokens(maker: TokenMaker) -> dict[str, str]:
    good = maker.claims("acc_1", "vodafone")
    now = good["iat"]
    other = TokenMaker(maker.kid)
    unsigned = maker.sign(good).split(".")
    none = _part({"alg": "none", "kid": maker.kid})
    return {
        "alg none": f"{none}.{unsigned[1]}.",
        "alg none with a signature": f"{none}.{unsigned[1]}.{unsigned[2]}",
        "signature cut off": f"{unsigned[0]}.{unsigned[1]}.",
        "payload exchanged": f"{unsigned[0]}.{_part(good | {'sub': 'acc_2'})}.{unsigned[2]}",
        "another audience": maker.sign(good | {"aud": "somebody"}),
        "no audience": maker.sign({k: v for k, v in good.items() if k != "aud"}),
        "another issuer": maker.sign(good | {"iss": "https://evil.example"}),
        "another key of the same kid": other.sign(good),
        "a future nbf": maker.sign(good | {"nbf": now + 3600}),
        "a future iat": maker.sign(good | {"iat": now + 3600}),
        "expired": maker.sign(good | {"exp": now - 60}),
        "an unknown kid": TokenMaker().sign(good),
        "no kid": maker.sign(good, kid=None),
        "a kid that is a path": maker.sign(good, kid="../../etc/passwd"),
        "scopes that are a list": maker.sign(good | {"scope": ["events:read"]}),
        "roles that are text": maker.sign(good | {"roles": "platform_admin"}),
        "exp that is text": maker.sign(good | {"exp": "9999999999"}),
        "exp that is infinite": maker.sign(good | {"exp": float("1e400")}),
    }


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize("lie", list(bad_tokens(TokenMaker())))
async def test_a_bad_token_is_refused_with_one_word_for_all(
    town: tuple[TokenVerifier, TokenMaker], lie: str
):
    verifier, maker = town
    assert await verifier.refresh()
    assert (await verifier.verify(maker.token("acc_1", "vodafone"))).id == "acc_1"
    with pytest.raises(Unauthenticated) as refusal:
        await verifier.verify(bad_tokens(maker)[lie])
    assert (refusal.value.reason, refusal.value.detail) == (
        "invalid_token",
        "the access token is not valid here",
    )


async def test_before_any_key_is_known_nobody_is_called_a_forger(tmp_path: Path):
    maker = TokenMaker()
    verifier = TokenVerifier(f"file://{tmp_path / 'nothing.json'}", maker.issuer)
    with pytest.raises(Unavailable):
        await verifier.verify(maker.token("acc_1", "vodafone"))


async def test_unknown_kids_do_not_make_us_ask_for_keys_again_and_again(tmp_path: Path):
    """Each look-up is a request to identity: forged kids must not multiply."""
    asked = 0

    class Counting(TokenVerifier):
        async def _fetch(self) -> Any:
            nonlocal asked
            asked += 1
            return await super()._fetch()

    maker = TokenMaker()
    maker.write_jwks(tmp_path / "jwks.json")
    verifier = Counting(f"file://{tmp_path / 'jwks.json'}", maker.issuer)
    await verifier.refresh()
    for _ in range(20):
        with pytest.raises(Unauthenticated):
            await verifier.verify(TokenMaker().token("acc_1", "vodafone"))
    assert asked == 1


# Bodies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/accounts/password-reset", {"email": {"$ne": ""}}),
        ("POST", "/v1/accounts/password-reset", {"email": "no-at"}),
        ("POST", "/v1/accounts/password-reset", {}),
        ("POST", "/v1/accounts/password-reset/confirm", {"email": "a@b.example", "code": ""}),
        ("PUT", "/v1/me/password", {"current_password": "x", "new_password": {"$gt": ""}}),
        ("PUT", "/v1/me/email", {"email": ["a@b.example"], "current_password": "x"}),
        ("POST", "/v1/me/email/confirm", {"code": 123456}),
        ("POST", "/v1/me/email/confirm", {"code": "１２３４５６"}),
        ("POST", "/v1/me/consents", {"accepts": {"terms": {"$ne": 1}}}),
        ("POST", "/v1/me/consents", {"accepts": {"terms": "../../x"}}),
        ("POST", "/v1/auth/login", {"email": {"$gt": ""}, "password": "x"}),
        ("POST", "/v1/auth/refresh", {"refresh_token": {"$gt": ""}}),
    ],
)
async def test_a_bad_body_is_told_and_changes_nothing(
    identity: Harness, method: str, path: str, body: dict[str, Any]
):
    account = await verified(identity)
    async with identity.client() as client:
        tokens = await logged_in(client, account["email"])
        headers = believing(tokens["access_token"])
        before = (await client.get("/v1/me", headers=headers)).headers["etag"]
        answer: httpx.Response = await client.request(method, path, json=body, headers=headers)
        assert answer.status_code == 422
        assert answer.json()["errors"]
        assert (await client.get("/v1/me", headers=headers)).headers["etag"] == before


@pytest.mark.parametrize("id", ["x", "ses_", "acc_01h455vb4pex5vsknk084sn02q", "$ne"])
async def test_what_is_no_session_is_refused(identity: Harness, id: str):
    account = await verified(identity)
    async with identity.client(account["id"]) as client:
        assert (await client.delete(f"/v1/me/sessions/{id}")).status_code == 422


async def test_many_resets_at_once_mail_one_code(identity: Harness):
    account = await verified(identity)
    async with identity.client() as client:
        body = {"email": account["email"]}
        answers = await asyncio.gather(
            *(client.post("/v1/accounts/password-reset", json=body) for _ in range(8))
        )
    assert {answer.status_code for answer in answers} == {202}
    mails = await mails_to(identity, account["email"])
    assert len([text for text in mails if "neues Passwort" in text]) == 1
