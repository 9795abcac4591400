"""What people agree to, and what a new version asks again."""

from typing import Any

import httpx
import pytest

from services.identity.model.tenant import TextInUse
from tests.harness import Harness
from tests.identity.builders import NOON, PASSWORD, a_registration, an_account, believing
from tests.identity.test_tenants import a_slug, a_tenant, administrator
from tests.tenants import VODAFONE


def texts(version: str, words: str = "") -> dict[str, Any]:
    return {
        "version": version,
        "texts": {locale: f"{locale} {version} {words}".strip() for locale in ("fr", "it", "de")},
    }


def documents(terms: str = "2026-01", **fields: Any) -> dict[str, Any]:
    return {
        "terms": texts(terms),
        "privacy": texts("2026-01"),
        "imprint": texts("2026-01"),
    } | fields


async def served(identity: Harness, slug: str, client: httpx.AsyncClient, terms: str) -> None:
    async def seen() -> bool:
        tenant = (await client.get("/v1/tenant")).json()
        facts = identity.runtime.tenants.by_slug(slug)
        told = facts is not None and facts.documents.get("terms") == terms
        return told and bool(tenant.get("documents", {}).get("terms") == terms)

    await identity.eventually(seen)


async def applied(identity: Harness, slug: str, terms: str) -> None:
    async with administrator(identity) as admin:
        body = a_tenant(slug, documents=documents(terms))
        answer = await admin.put(f"/v1/admin/tenants/{slug}", json=body)
    assert answer.is_success, answer.text


async def test_documents_are_shown_in_the_readers_language_and_old_versions_stay(
    identity: Harness,
):
    slug = a_slug()
    await applied(identity, slug, "2026-01")
    async with identity.client(tenant=slug) as client:
        await served(identity, slug, client, "2026-01")
        await applied(identity, slug, "2026-02")
        await served(identity, slug, client, "2026-02")
        path, headers = "/v1/tenant/documents/terms", {"Accept-Language": "it-CH"}
        newest = await client.get(path, headers=headers)
        assert newest.json() == {
            "kind": "terms", "version": "2026-02", "language": "it", "text": "it 2026-02",
            "versions": ["2026-01", "2026-02"],
        }  # fmt: skip
        assert newest.headers["content-language"] == "it"
        old = await client.get(path, params={"version": "2026-01"}, headers=headers)
        assert old.json()["text"] == "it 2026-01"
        last_resort = await client.get(path, headers={"Accept-Language": "en"})
        assert last_resort.json()["language"] == "fr"
        assert (await client.get(path, params={"version": "2025-01"})).status_code == 404
        assert (await client.get("/v1/tenant/documents/cookies")).status_code == 422


async def test_a_tenant_without_documents_has_none_to_show(identity: Harness):
    async with identity.client() as client:
        assert (await client.get("/v1/tenant/documents/terms")).status_code == 404


async def test_a_text_people_may_have_agreed_to_is_not_changed(identity: Harness):
    slug = a_slug()
    await applied(identity, slug, "2026-01")
    async with administrator(identity) as admin:
        path = f"/v1/admin/tenants/{slug}"
        body = a_tenant(slug, documents=documents(terms="2026-01"))
        body["documents"]["terms"] = texts("2026-01", "and a fee")
        answer = await admin.put(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, TextInUse.code)
        body["documents"]["terms"] = texts("2026-02", "and a fee")
        assert (await admin.put(path, json=body)).status_code == 200


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"cookies": texts("1")}, "/documents/cookies"),
        ({"terms": {"version": "1", "texts": {"fr": "x"}}}, "/documents/terms/texts"),
        ({"terms": {"version": "", "texts": {}}}, "/documents/terms/version"),
    ],
)
async def test_bad_documents_name_the_field(identity: Harness, given: Any, pointer: str):
    slug = a_slug()
    async with administrator(identity) as admin:
        body = a_tenant(slug, documents=given)
        answer = await admin.put(f"/v1/admin/tenants/{slug}", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_consent_is_given_at_registration_and_asked_again_by_a_new_version(
    identity: Harness,
):
    slug = a_slug()
    await applied(identity, slug, "2026-01")
    async with identity.client(tenant=slug) as client:
        await served(identity, slug, client, "2026-01")
        body = a_registration(accepts={"terms": "2026-01", "privacy": "2026-01"})
        account = (await client.post("/v1/accounts", json=body)).json()
        assert {(each["kind"], each["version"]) for each in account["consents"]} == {
            ("terms", "2026-01"), ("privacy", "2026-01"),
        }  # fmt: skip
        assert account["consents_missing"] == {}
        login = {"email": body["email"], "password": PASSWORD}
        tokens = (await client.post("/v1/auth/login", json=login)).json()
        client.headers.update(believing(tokens["access_token"]))
        await applied(identity, slug, "2026-02")
        await served(identity, slug, client, "2026-02")
        me = (await client.get("/v1/me")).json()
        assert me["consents_missing"] == {"terms": "2026-02"}
        stale = await client.post("/v1/me/consents", json={"accepts": {"terms": "2026-01"}})
        assert (stale.status_code, stale.json()["code"]) == (422, "unknown_version")
        given = await client.post("/v1/me/consents", json={"accepts": {"terms": "2026-02"}})
        assert given.status_code == 200
        assert given.json()["consents_missing"] == {}
        again = await client.post("/v1/me/consents", json={"accepts": {"terms": "2026-02"}})
        assert again.headers["etag"] == given.headers["etag"]


async def test_whoever_agrees_to_nothing_is_told_what_is_missing(identity: Harness):
    slug = a_slug()
    await applied(identity, slug, "2026-01")
    async with identity.client(tenant=slug) as client:
        await served(identity, slug, client, "2026-01")
        account = (await client.post("/v1/accounts", json=a_registration())).json()
    assert account["consents_missing"] == {"terms": "2026-01", "privacy": "2026-01"}


@pytest.mark.parametrize("accepts", [{"terms": "1999"}, {"imprint": "2026-01"}, {"x": "1"}])
async def test_nobody_agrees_to_what_is_not_in_force(identity: Harness, accepts: dict[str, str]):
    async with identity.client() as client:
        answer = await client.post("/v1/accounts", json=a_registration(accepts=accepts))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/accepts/{next(iter(accepts))}"


def test_every_consent_is_kept_with_its_time():
    account = an_account()
    account.agree({"terms": "1"}, NOON)
    account.agree({"terms": "2"}, NOON)
    assert [(each.version, each.at) for each in account.consents] == [("1", NOON), ("2", NOON)]
    assert account.facts().consents == {"terms": "2"}
    assert VODAFONE.documents == {}
