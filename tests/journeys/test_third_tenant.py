"""A third tenant comes by one file, changes in two seconds, is suspended and comes back."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.people import Visitor
from deploy.tenants import FOLDER, load
from tests.platform import Platform

FILE = FOLDER / "examples" / "alpentel.yaml"
IN_FORCE = 2.0
"""Seconds in which a change is in force everywhere."""

ROUTES = ("/v1/tenant", "/v1/helpers?near=46.95,7.45", "/v1/jobs", "/v1/conversations")
"""One of each of four services."""


def helphood(platform: Platform, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line as an operator uses it, at this very stack."""
    command = [sys.executable, "-m", "deploy.cli", *arguments]
    environment = {"HELPHOOD_STACK": str(platform.stack.home), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=200)


def within(seconds: float, look: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, f"{what} took longer than {seconds} s"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def alpentel(platform: Platform) -> Iterator[Visitor]:
    """Applied by the command line; a visitor at its host."""
    with platform.visitor("alpentel") as visitor:
        assert visitor.ask("GET", "/v1/tenant").status == 404
        applied = helphood(platform, "tenants", "apply", str(FILE))
        assert applied.returncode == 0, applied.stderr
        yield visitor


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = FILE.read_text()
    assert old in text
    path = tmp_path / FILE.name
    path.write_text(text.replace(old, new, 1))
    return path


def test_it_is_served_in_its_languages_and_currency(platform: Platform, alpentel: Visitor):
    tenant = alpentel.get("/v1/tenant")
    assert (tenant["programme_name"], tenant["currency"]) == ("Voisins", "CHF")
    assert tenant["locales"] == ["fr", "it", "de"]
    for language, name in (("fr", "Installation du Wi-Fi"), ("it", "Configurazione del Wi-Fi")):
        answer = alpentel.ask("GET", "/v1/tenant", headers={"Accept-Language": language})
        assert answer.body["categories"][0]["name"] == name
    terms = alpentel.get("/v1/tenant/documents/terms")
    assert (terms["language"], terms["version"]) == ("fr", "2026-01")


def test_people_join_it_and_are_nobody_elsewhere(platform: Platform, alpentel: Visitor):
    with platform.person("alpentel", "Éloïse Favre") as person:
        person.language = "fr"
        person.join()
        me = person.get("/v1/me")
        assert me["consents_missing"] == {"privacy": "2026-01", "terms": "2026-01"}
        assert person.get("/v1/jobs?role=customer")["data"] == []
        token = {"Authorization": str(person._client.headers["Authorization"])}
    with platform.visitor("swisscom") as elsewhere:
        assert elsewhere.ask("GET", "/v1/me", headers=token).status == 401


def test_a_changed_price_band_is_in_force_within_two_seconds(
    platform: Platform, alpentel: Visitor, tmp_path: Path
):
    band = "hourly_rate: {min: 1800, max: 4500}"
    file = changed(tmp_path, band, "hourly_rate: {min: 1800, max: 5200}")
    told = helphood(platform, "tenants", "diff", str(file))
    assert told.returncode == 2
    assert told.stdout.splitlines() == [
        "alpentel: - hourly_rate.max.amount_minor: 4500",
        "alpentel: + hourly_rate.max.amount_minor: 5200",
    ]
    with platform.person("alpentel", "Reto Graf") as helper:
        helper.join()
        profile = {
            "headline": "Aide dans le quartier", "bio": "", "skills": ["wifi"],
            "languages": ["fr"], "hourly_rate": {"amount_minor": 5000, "currency": "CHF"},
            "min_minutes": 30, "place": {"lat": 46.95, "lon": 7.44}, "radius_m": 5000,
            "trader_status": "private", "availability": {"weekly": [], "exceptions": []},
        }  # fmt: skip
        create = {"If-None-Match": "*"}
        refused = helper.ask("PUT", "/v1/helpers/me", profile, headers=create)
        assert refused.status == 422
        platform.admin.request("PUT", "/v1/admin/tenants/alpentel", load(file))
        within(
            IN_FORCE,
            lambda: helper.ask("PUT", "/v1/helpers/me", profile, headers=create).status == 201,
            "the new price band",
        )
    assert helphood(platform, "tenants", "diff", str(file)).stdout.strip() == "nothing would change"
    assert helphood(platform, "tenants", "apply", str(FILE)).returncode == 0


def test_a_bad_file_changes_nothing_and_is_told_by_line_and_rule(
    platform: Platform, alpentel: Visitor, tmp_path: Path
):
    before = alpentel.ask("GET", "/v1/tenant").headers["etag"]
    file = changed(tmp_path, "time_zone: Europe/Zurich", "time_zone: Europe/Berne")
    line = file.read_text().splitlines().index("time_zone: Europe/Berne") + 1
    told = helphood(platform, "tenants", "apply", str(file))
    assert told.returncode == 1
    assert f"alpentel.yaml:{line}: time_zone: must be an IANA time zone" in told.stderr
    file = changed(tmp_path, 'version: "2026-01"', 'version: "2026-01"\n    colour: red')
    told = helphood(platform, "tenants", "apply", str(file))
    assert "documents.terms.colour: is not a known field" in told.stderr
    assert alpentel.ask("GET", "/v1/tenant").headers["etag"] == before


def test_a_changed_text_needs_a_new_version(platform: Platform, alpentel: Visitor, tmp_path: Path):
    file = changed(tmp_path, "Alpentel exploite la plateforme", "Alpentel possède la plateforme")
    told = helphood(platform, "tenants", "apply", str(file))
    assert told.returncode == 1
    assert "version_in_use" in told.stderr


def test_new_terms_are_asked_about_again(platform: Platform, alpentel: Visitor, tmp_path: Path):
    with platform.person("alpentel", "Renzo Riva") as person:
        person.join()
        both = {"accepts": {"privacy": "2026-01", "terms": "2026-01"}}
        assert person.post("/v1/me/consents", both)["consents_missing"] == {}
        file = changed(tmp_path, 'version: "2026-01"', 'version: "2026-02"')
        assert helphood(platform, "tenants", "apply", str(file)).returncode == 0

        def asked() -> bool:
            missing: dict[str, str] = person.get("/v1/me")["consents_missing"]
            return missing == {"terms": "2026-02"}

        within(IN_FORCE, asked, "the question about the new terms")
        stale = person.ask("POST", "/v1/me/consents", {"accepts": {"terms": "2026-01"}})
        assert (stale.status, stale.body["code"]) == (422, "unknown_version")
        given = person.post("/v1/me/consents", {"accepts": {"terms": "2026-02"}})
        assert given["consents_missing"] == {}
        assert {(each["kind"], each["version"]) for each in given["consents"]} >= {
            ("terms", "2026-02"),
            ("privacy", "2026-01"),
        }


def test_suspended_its_hosts_answer_503_and_others_go_on(platform: Platform, alpentel: Visitor):
    told = helphood(platform, "tenants", "suspend", "alpentel", "--reason", "unpaid bills")
    assert told.stdout.strip() == "alpentel: suspended", told.stderr

    def suspended() -> bool:
        answers = [alpentel.ask("GET", path) for path in ROUTES]
        return all(
            answer.status == 503 and answer.body["code"] == "tenant_suspended" for answer in answers
        )

    within(IN_FORCE, suspended, "the suspension in four services")
    answer = alpentel.ask("GET", "/v1/tenant")
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"
    with platform.visitor("swisscom") as elsewhere:
        assert elsewhere.ask("GET", "/v1/tenant").status == 200
    again = helphood(platform, "tenants", "suspend", "alpentel", "--reason", "x")
    assert again.returncode == 1
    assert "already_suspended" in again.stderr
    applied = platform.admin.request("PUT", "/v1/admin/tenants/alpentel", load(FILE))
    assert applied["status"] == "suspended"
    told = helphood(platform, "tenants", "reinstate", "alpentel")
    assert told.stdout.strip() == "alpentel: active"
    within(IN_FORCE, lambda: alpentel.ask("GET", "/v1/tenant").status == 200, "the reinstatement")


def test_it_is_listed_with_the_others(platform: Platform, alpentel: Visitor):
    shown = helphood(platform, "tenants", "show")
    assert shown.returncode == 0
    assert all(slug in shown.stdout for slug in ("vodafone", "swisscom", "alpentel"))
    one = json.loads(helphood(platform, "tenants", "show", "alpentel").stdout)
    assert one["hosts"] == ["alpentel.localhost"]
    assert helphood(platform, "tenants", "show", "nobody").returncode == 1


def test_an_administrator_who_works_for_long_is_signed_in_anew(platform: Platform):
    admin = platform.admin
    before = admin._client.headers["Authorization"]
    admin._renew_at = 0.0
    assert admin.request("GET", "/v1/admin/tenants")["data"]
    assert admin._client.headers["Authorization"] != before
