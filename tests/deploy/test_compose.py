import importlib
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deploy.local.programs import PROJECT
from deploy.local.stack import SERVICES
from shared.settings import ServiceSettings

TEXT = (PROJECT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
PROCESSES = [(name, role) for name in SERVICES for role in ("api", "worker")]


def key(service: str, role: str) -> str:
    return service if role == "api" else f"{service}-worker"


def test_it_is_valid_by_the_compose_specification() -> None:
    schema = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.Draft7Validator(json.loads(schema.read_text())).validate(COMPOSE)


def test_every_service_runs_as_api_and_worker_beside_gateway_broker_and_database() -> None:
    processes = {key(*process) for process in PROCESSES}
    assert set(COMPOSE["services"]) == processes | {"gateway", "broker", "database"}


@pytest.mark.parametrize(("service", "role"), PROCESSES)
def test_a_process_is_told_all_settings_it_needs_by_their_names(service: str, role: str) -> None:
    told = COMPOSE["services"][key(service, role)]["environment"]
    settings: type[ServiceSettings] = importlib.import_module(
        f"services.{service}.settings"
    ).Settings
    assert {name.lower() for name in told} <= set(settings.model_fields)
    required = {name for name, each in settings.model_fields.items() if each.is_required()}
    assert required <= {name.lower() for name in told}
    assert told["ROLE"] == role


def test_no_secret_has_a_default() -> None:
    for name, rest in re.findall(r"(?<!\$)\$\{(\w+)([^}]*)\}", TEXT):
        if re.search(r"PASSWORD|SECRET", name):
            assert rest == ":?", name


def test_every_image_can_be_replaced() -> None:
    for name, service in COMPOSE["services"].items():
        assert re.fullmatch(r"\$\{\w+_IMAGE:-[^}]+\}", service["image"]), name


def test_the_images_that_are_built_have_their_recipe() -> None:
    builds = [each["build"] for each in COMPOSE["services"].values() if "build" in each]
    assert len(builds) == len(SERVICES)
    assert {build["args"]["SERVICE"] for build in builds} == set(SERVICES)
    assert all((PROJECT / build["dockerfile"]).is_file() for build in builds)


def test_every_container_is_checked_and_kept() -> None:
    for name, service in COMPOSE["services"].items():
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["restart"] == "unless-stopped", name


def test_only_the_gateway_is_open_to_the_world() -> None:
    for name, service in COMPOSE["services"].items():
        for port in service.get("ports", []):
            assert name == "gateway" or port.startswith("127.0.0.1:"), name
    assert COMPOSE["networks"]["data"]["internal"] is True
    assert COMPOSE["services"]["gateway"]["networks"] == ["edge"]
    for name in ("broker", "database"):
        assert COMPOSE["services"][name]["networks"] == ["data"]


def test_whatever_is_referred_to_exists() -> None:
    for name, service in COMPOSE["services"].items():
        assert set(service.get("depends_on", {})) <= set(COMPOSE["services"]), name
        assert set(service["networks"]) <= set(COMPOSE["networks"]), name
        assert {each["source"] for each in service.get("configs", [])} <= set(COMPOSE["configs"])
        volumes = {each.split(":")[0] for each in service.get("volumes", [])}
        assert volumes <= set(COMPOSE["volumes"]), name
    for config in COMPOSE["configs"].values():
        assert "content" in config or (PROJECT / Path(config["file"])).is_file()


def test_each_service_has_a_database_user_of_its_own() -> None:
    script = COMPOSE["configs"]["database-users"]["content"]
    assert json.loads(script[script.index("[") : script.index("]") + 1]) == list(SERVICES)
    for service in SERVICES:
        url = COMPOSE["services"][service]["environment"]["MONGO_URL"]
        assert url.startswith(f"mongodb://{service}:${{{service.upper()}_DB_PASSWORD:?}}@")
