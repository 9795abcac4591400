import importlib
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deploy.images import recipes
from deploy.local.programs import PROJECT
from deploy.local.stack import SERVICES
from shared.settings import ServiceSettings

TEXT = (PROJECT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
STANDIN: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.standin.yml").read_text())
WATCHERS = {"otel-collector", "jaeger", "prometheus", "grafana"}
WITHOUT_SHELL = {"otel-collector", "jaeger"}
"""Images of one program: nothing in them could check it from within."""
THE_SERVERS_OWN = {"FORWARDED_ALLOW_IPS"}
"""Told to uvicorn, not to the service."""
PROCESSES = [(name, role) for name in SERVICES for role in ("api", "worker")]


def key(service: str, role: str) -> str:
    return service if role == "api" else f"{service}-worker"


def test_it_is_valid_by_the_compose_specification() -> None:
    schema = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    for file in (COMPOSE, STANDIN):
        jsonschema.Draft7Validator(json.loads(schema.read_text())).validate(file)


def test_every_service_runs_as_api_and_worker_beside_gateway_broker_and_database() -> None:
    processes = {key(*process) for process in PROCESSES}
    assert set(COMPOSE["services"]) == processes | {"gateway", "broker", "database"} | WATCHERS


def test_what_watches_is_started_on_demand_alone() -> None:
    profiles = {name: each.get("profiles", []) for name, each in COMPOSE["services"].items()}
    assert {name for name, each in profiles.items() if each == ["observability"]} == WATCHERS
    assert not any(each for name, each in profiles.items() if name not in WATCHERS)


def test_spans_go_where_the_collector_listens() -> None:
    gateway = (PROJECT / "deploy" / "gateway" / "envoy.yaml").read_text()
    assert "address: otel-collector" in gateway
    assert "edge" in COMPOSE["services"]["otel-collector"]["networks"]


def test_the_gateways_word_on_a_clients_address_is_taken() -> None:
    subnet = COMPOSE["networks"]["edge"]["ipam"]["config"][0]["subnet"]
    for process in PROCESSES:
        service = COMPOSE["services"][key(*process)]
        assert service["environment"]["FORWARDED_ALLOW_IPS"] == subnet
        assert "edge" in service["networks"]


def test_without_a_registry_every_image_is_one_that_is_built_here() -> None:
    names = {image.name for image in recipes.IMAGES}
    for name, service in COMPOSE["services"].items():
        if name not in WATCHERS:
            image = STANDIN["services"].get(name, service)["image"]
            built = re.fullmatch(r"\$\{\w+_IMAGE:-helphood/(\w+):latest\}", image)
            assert built, name
            assert built[1] in names
            assert image[2:].split(":")[0] == service["image"][2:].split(":")[0]


def test_it_runs_on_the_engine_of_debian_12() -> None:
    # Compose refuses it for every engine before version 25.
    assert "start_interval" not in TEXT


@pytest.mark.parametrize(("service", "role"), PROCESSES)
def test_a_process_is_told_all_settings_it_needs_by_their_names(service: str, role: str) -> None:
    told = COMPOSE["services"][key(service, role)]["environment"]
    settings: type[ServiceSettings] = importlib.import_module(
        f"services.{service}.settings"
    ).Settings
    names = {name.lower() for name in set(told) - THE_SERVERS_OWN}
    assert names <= set(settings.model_fields)
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
        if name not in WITHOUT_SHELL:
            assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["restart"] == "unless-stopped", name


def test_only_the_gateway_is_open_to_the_world() -> None:
    for name, service in COMPOSE["services"].items():
        for port in service.get("ports", []):
            assert name == "gateway" or port.startswith("127.0.0.1:"), name
    assert COMPOSE["networks"]["data"]["internal"] is True
    assert COMPOSE["services"]["gateway"]["networks"] == ["edge"]
    for name, service in COMPOSE["services"].items():
        # A port of a container that has internal networks alone is not published at all.
        outward = set(service["networks"]) - {"data"}
        assert outward or "ports" not in service, name
    assert COMPOSE["services"]["database"]["networks"] == ["data"]
    assert "edge" not in COMPOSE["services"]["broker"]["networks"]


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
