"""Accounts through the gateway: what one service ends, every service refuses."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from deploy.local.people import PASSWORD, Person, mails_to
from tests.platform import Platform

EVERYWHERE = 5.0
"""Seconds in which an ended session is refused by every service."""

READS = ("/v1/me", "/v1/helpers/me", "/v1/jobs?role=customer", "/v1/conversations",
         "/v1/me/review-invitations")  # fmt: skip
"""One route of each of the five services."""

NEW = "walnut-Tractor-58-breeze"


def tokens(person: Person, password: str = PASSWORD) -> dict[str, Any]:
    body = {"email": person.address, "password": password}
    answer = person.ask("POST", "/v1/auth/login", body)
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.body
    return found


def bearer(token: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {token['access_token']}"}


def refused_everywhere(person: Person, token: dict[str, Any]) -> None:
    deadline = time.monotonic() + EVERYWHERE
    while True:
        statuses = [person.ask("GET", path, headers=bearer(token)).status for path in READS]
        if set(statuses) == {401}:
            return
        assert time.monotonic() < deadline, f"after {EVERYWHERE} s: {statuses}"
        time.sleep(0.1)


def let_in_everywhere(person: Person, token: dict[str, Any]) -> None:
    statuses = [person.ask("GET", path, headers=bearer(token)).status for path in READS]
    assert 401 not in statuses


def mailed(person: Person, address: str, platform: Platform, pattern: str) -> str:
    def look() -> str | None:
        for text in reversed(list(mails_to(address, platform.stack.mail_folder))):
            if found := re.search(pattern, text):
                return found[1]
        return None

    code: str = person.until(look, f"the mail to {address}")
    return code


def joined(platform: Platform, name: str, do: Callable[[Person], None]) -> None:
    with platform.person("vodafone", name) as person:
        person.join()
        # A token that is sent must be valid everywhere; here each request says which one it sends.
        del person._client.headers["Authorization"]
        do(person)


def test_a_logout_is_in_force_in_every_service_and_other_sessions_go_on(platform: Platform):
    def story(person: Person) -> None:
        left, kept = tokens(person), tokens(person)
        let_in_everywhere(person, left)
        person.ask("POST", "/v1/auth/logout", {"refresh_token": left["refresh_token"]})
        refused_everywhere(person, left)
        let_in_everywhere(person, kept)

    joined(platform, "Lotte Logout", story)


def test_a_lost_device_is_logged_out_from_another_one(platform: Platform):
    def story(person: Person) -> None:
        lost, here = tokens(person), tokens(person)
        listed = person.ask("GET", "/v1/me/sessions", headers=bearer(here)).body["data"]
        assert sum(each["current"] for each in listed) == 1
        id = lost["refresh_token"].split(".")[0]
        assert id in [each["id"] for each in listed]
        ended = person.ask("DELETE", f"/v1/me/sessions/{id}", headers=bearer(here))
        assert ended.status == 204
        refused_everywhere(person, lost)
        let_in_everywhere(person, here)

    joined(platform, "Paul Portable", story)


def test_logging_out_everywhere_is_in_force_everywhere(platform: Platform):
    def story(person: Person) -> None:
        here, there = tokens(person), tokens(person)
        assert person.ask("DELETE", "/v1/me/sessions", headers=bearer(here)).status == 204
        fresh = tokens(person)
        for gone in (here, there):
            refused_everywhere(person, gone)
        let_in_everywhere(person, fresh)

    joined(platform, "Eva Everywhere", story)


def test_a_changed_password_leaves_this_session_alone(platform: Platform):
    def story(person: Person) -> None:
        mine, thief = tokens(person), tokens(person)
        body = {"current_password": PASSWORD, "new_password": NEW}
        changed = person.ask("PUT", "/v1/me/password", body, headers=bearer(mine))
        assert changed.status == 204
        refused_everywhere(person, thief)
        let_in_everywhere(person, mine)
        tokens(person, NEW)

    joined(platform, "Walter Wechsel", story)


def test_a_forgotten_password_is_replaced_by_mail(platform: Platform):
    def story(person: Person) -> None:
        thief = tokens(person)
        for address in (person.address, "nobody@people.example"):
            asked = person.ask("POST", "/v1/accounts/password-reset", {"email": address})
            assert (asked.status, asked.body) == (202, {"status": "accepted"})
        code = mailed(person, person.address, platform, r"\b(\w{4}-\w{4}-\w{4})\b")
        body = {"email": person.address, "code": code, "password": NEW}
        done = person.ask("POST", "/v1/accounts/password-reset/confirm", body)
        assert done.status == 204
        refused_everywhere(person, thief)
        let_in_everywhere(person, tokens(person, NEW))

    joined(platform, "Vera Vergessen", story)


def test_a_person_moves_to_another_address(platform: Platform):
    def story(person: Person) -> None:
        old, new = person.address, f"neu-{person.address}"
        mine = bearer(tokens(person))
        body = {"email": new, "current_password": PASSWORD}
        assert person.ask("PUT", "/v1/me/email", body, headers=mine).status == 202
        code = mailed(person, new, platform, r"\b(\d{6})\b")
        moved = person.ask("POST", "/v1/me/email/confirm", {"code": code}, headers=mine)
        assert (moved.status, moved.body["email"]) == (200, new)
        mailed(person, old, platform, r"(hierher kommt nichts mehr)")
        login = {"email": old, "password": PASSWORD}
        assert person.ask("POST", "/v1/auth/login", login).status == 401
        person.address = new
        tokens(person)

    joined(platform, "Ulla Umzug", story)


def supporting(platform: Platform, tenant: str) -> Person:
    """Somebody of the tenant's support, signed in."""
    support = platform.person(tenant, "Sigi Support").join()
    role = {"email": support.address, "role": "support"}
    platform.admin.request("POST", f"/v1/admin/tenants/{tenant}/roles", role)
    support.log_in()
    return support


@pytest.mark.parametrize("tenant", ["vodafone", "swisscom"])
def test_a_suspended_account_is_refused_everywhere_and_comes_back(platform: Platform, tenant: str):
    with platform.person(tenant, "Sonja Suspekt") as person, supporting(platform, tenant) as office:
        person.join()
        token = tokens(person)
        let_in_everywhere(person, token)
        path = f"/v1/support/accounts/{person.id}"
        office.post(f"{path}/suspend", {"reason": "asked for payment in advance"})
        refused_everywhere(person, token)
        login = {"email": person.address, "password": PASSWORD}
        refresh = {"refresh_token": token["refresh_token"]}
        with platform.visitor(tenant) as anew:
            refused = anew.ask("POST", "/v1/auth/login", login)
            assert (refused.status, refused.body["code"]) == (403, "account_suspended")
            assert anew.ask("POST", "/v1/auth/refresh", refresh).status == 401
            office.post(f"{path}/reinstate", {"reason": "a mistake"})
            person.believe(anew.post("/v1/auth/login", login)["access_token"])

        def let_in() -> bool:
            return 401 not in [person.ask("GET", path).status for path in READS]

        person.until(let_in, "the word of the reinstatement in every service")
        acts = office.get("/v1/support/audit", actor=office.id, subject=person.id)["data"]
        assert {each["kind"] for each in acts} >= {
            "identity_suspend_account",
            "identity_reinstate_account",
        }


@pytest.mark.parametrize("tenant", ["vodafone", "swisscom"])
def test_a_refresh_token_used_twice_ends_the_session_everywhere(platform: Platform, tenant: str):
    with platform.person(tenant, "Rolf Räuber") as person:
        person.join()
        first = tokens(person)
        refresh = {"refresh_token": first["refresh_token"]}
        second = person.ask("POST", "/v1/auth/refresh", refresh)
        assert second.status == 200
        again = person.ask("POST", "/v1/auth/refresh", refresh)
        assert (again.status, again.body["code"]) == (401, "invalid_refresh_token")
        newest = {"refresh_token": second.body["refresh_token"]}
        assert person.ask("POST", "/v1/auth/refresh", newest).status == 401
        refused_everywhere(person, second.body)


def test_a_partners_machine_signs_in_at_its_tenant_alone(platform: Platform):
    made = platform.admin.request(
        "POST",
        "/v1/admin/tenants/vodafone/clients",
        {"name": "Field service", "scopes": ["events:read"]},
    )
    form = {
        "grant_type": "client_credentials",
        "client_id": made["id"],
        "client_secret": made["secret"],
    }
    with platform.visitor("vodafone") as machine, platform.visitor("swisscom") as elsewhere:
        answer = machine.ask("POST", "/v1/auth/token", data=form)
        assert answer.status == 200, answer.body
        refused = machine.ask("GET", "/v1/me", headers=bearer(answer.body))
        assert (refused.status, refused.body["code"]) == (403, "forbidden")
        assert elsewhere.ask("POST", "/v1/auth/token", data=form).status == 401
