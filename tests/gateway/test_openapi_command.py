"""``make openapi`` on the services as they are, and its check."""

import json
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from deploy.gateway import config
from deploy.openapi import __main__ as command
from deploy.openapi import merge, schemas
from tests.gateway.documents import jobs_document


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    return schemas()


def test_the_services_documents_make_a_valid_one(services: dict[str, dict[str, Any]]) -> None:
    assert "identity" in services
    OpenAPIV31SpecValidator(merge(services)).validate()


def test_the_committed_files_are_what_the_services_say(services: dict[str, dict[str, Any]]) -> None:
    for path, text in command.generated(services).items():
        assert path.read_text() == text, f"{path.name} is stale: run make openapi"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one service whose document can be changed by rewriting jobs.json."""
    (tmp_path / "jobs.json").write_text(json.dumps(jobs_document()))
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(command, "DOCUMENT", tmp_path / "openapi.json")
    monkeypatch.setattr(config, "ROUTES_FILE", tmp_path / "routes.json")
    monkeypatch.setattr(config, "REFERENCE_FILE", tmp_path / "envoy.yaml")
    monkeypatch.setattr(
        command, "schemas", lambda: {"jobs": json.loads((tmp_path / "jobs.json").read_text())}
    )
    return tmp_path


def change(folder: Path) -> None:
    document = jobs_document()
    del document["paths"]["/v1/jobs/{job_id}"]
    (folder / "jobs.json").write_text(json.dumps(document))


def test_what_was_written_passes_the_check(folder: Path) -> None:
    assert command.main([]) == 0
    assert command.main(["--check"]) == 0
    routes = json.loads((folder / "routes.json").read_text())
    assert [route["path"] for route in routes["jobs"]] == ["/v1/jobs", "/v1/jobs/{job_id}"]


def test_the_check_fails_on_stale_files_and_writes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([]) == 0
    before = (folder / "openapi.json").read_text()
    change(folder)
    assert command.main(["--check"]) == 1
    said = capsys.readouterr().err
    assert "breaking: GET /v1/jobs/{job_id}: the path is gone" in said
    assert "stale: openapi.json" in said
    assert (folder / "openapi.json").read_text() == before


def test_the_check_fails_on_breaking_what_was_published_before(folder: Path) -> None:
    assert command.main([]) == 0
    published = folder / "published.json"
    (folder / "openapi.json").rename(published)
    change(folder)
    assert command.main([]) == 0
    assert command.main(["--check"]) == 0
    assert command.main(["--check", "--baseline", str(published)]) == 1


def test_documents_that_do_not_fit_together_are_one_clear_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "jobs.json").write_text(json.dumps({**jobs_document(), "openapi": "3.0.0"}))
    assert command.main([]) == 2
    assert capsys.readouterr().err == "openapi: jobs: OpenAPI 3.1 is needed, not 3.0.0\n"
