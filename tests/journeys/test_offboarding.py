"""A tenant ends: all of it is exported, then nothing of it is left, and others go on."""

import hashlib
import json
import zipfile
from pathlib import Path

from deploy.tenants import FOLDER
from tests.journeys.test_third_tenant import ROUTES, helphood, within
from tests.platform import Platform

FILE = FOLDER / "examples" / "alpentel.yaml"
SLUG = "abgang"


def a_file(folder: Path) -> Path:
    """A tenant of its own, that others do not wait for."""
    file = folder / f"{SLUG}.yaml"
    text = FILE.read_text().replace("alpentel.localhost", f"{SLUG}.localhost")
    file.write_text(text.replace("slug: alpentel", f"slug: {SLUG}"))
    return file


def test_an_offboarded_tenant_is_exported_erased_and_unknown(
    platform: Platform, tmp_path: Path
) -> None:
    applied = helphood(platform, "tenants", "apply", str(a_file(tmp_path)))
    assert applied.returncode == 0, applied.stderr
    name = "Balthasar Abgangsmann"
    with platform.person(SLUG, name) as person, platform.visitor(SLUG) as visitor:
        person.language = "fr"
        person.join()
        with platform.person("swisscom", "Bleibt Da") as other:
            other.join()
            refused = helphood(
                platform, "tenants", "offboard", SLUG, "--yes", "--into", str(tmp_path)
            )
            assert refused.returncode == 1
            assert "still served" in refused.stderr
            helphood(platform, "tenants", "suspend", SLUG, "--reason", "contract ended")
            within(3, lambda: visitor.ask("GET", "/v1/tenant").status == 503, "the suspension")
            told = helphood(platform, "tenants", "offboard", SLUG, "--yes", "--into", str(tmp_path))
            assert told.returncode == 0, told.stderr

            def unknown() -> bool:
                answers = [visitor.ask("GET", path) for path in ROUTES]
                return all(each.status == 404 for each in answers) and all(
                    each.body["code"] == "unknown_tenant" for each in answers
                )

            within(3, unknown, "the end in four services")
            assert other.get("/v1/me")["display_name"] == "Bleibt Da"
    _check_archive(tmp_path, name, person.address)
    again = helphood(platform, "tenants", "apply", str(a_file(tmp_path)))
    assert "tenant_offboarded" in again.stderr
    assert "tenant_offboarded" in helphood(platform, "tenants", "reinstate", SLUG).stderr
    held = helphood(platform, "audit", "verify", "platform")
    assert held.returncode == 0, held.stderr
    assert helphood(platform, "audit", "verify", SLUG).returncode == 1


def _check_archive(folder: Path, name: str, address: str) -> None:
    proof = json.loads((folder / f"{SLUG}.proof.json").read_text())
    archive = folder / f"{SLUG}.zip"
    assert proof["archive_sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert set(proof["left"].values()) == {0}
    with zipfile.ZipFile(archive) as written:
        accounts = written.read("identity/accounts.ndjson")
        assert address.encode() in accounts
        assert name in accounts.decode()
        assert b"vodafone" not in accounts
        for place, told in proof["exported"].items():
            content = written.read(f"{place}.ndjson")
            assert hashlib.sha256(content).hexdigest() == told["sha256"]
            assert len(content.splitlines()) == told["documents"]
    assert proof["exported"]["identity/accounts"]["documents"] == 1
    assert proof["exported"]["jobs/people"]["documents"] == 1
