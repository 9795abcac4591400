import importlib
import json
import os
import signal
import socket
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from deploy.local.keeper import belonging
from deploy.local.ports import Ports
from deploy.local.programs import CannotRunError
from deploy.local.stack import SERVICES, Stack
from shared.settings import ServiceSettings

FAKE = "tests.deploy.fake_service:create"
FAKES = {"identity": FAKE, "jobs": FAKE}


def a_stack(home: Path, services: dict[str, str] | None = None) -> Stack:
    services = services or FAKES
    return Stack(home, Ports.free(services), services, gateway=False)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Up once for this file; each test leaves it up."""
    stack = a_stack(tmp_path_factory.mktemp("stack") / "home")
    try:
        stack.up()
        yield stack
    finally:
        stack.down()


def pids(stack: Stack) -> dict[str, int]:
    return {name: state.pid for name, state in stack.status().items()}


def environment_of(stack: Stack, service: str) -> dict[str, Any]:
    with urllib.request.urlopen(stack.service_address(service), timeout=5) as answer:
        known: dict[str, Any] = json.load(answer)
        return known


def test_services_are_told_where_everything_is(stack: Stack) -> None:
    told = environment_of(stack, "jobs")
    assert told["AMQP_URL"] == stack.broker_url
    assert told["MONGO_URL"] == stack.database_url
    assert told["JWKS_URL"] == stack.service_address("identity") + "/.well-known/jwks.json"
    assert told["CLOCK_OFFSET_FILE"] == str(stack.home / "clock")


def test_up_again_renews_the_services_and_keeps_broker_and_database(stack: Stack) -> None:
    before = pids(stack)
    stack.up()
    after = pids(stack)
    for kept in ("epmd", "broker", "database"):
        assert after[kept] == before[kept]
    for renewed in ("identity", "jobs", "mail"):
        assert after[renewed] != before[renewed]


def test_a_stack_that_is_up_is_found_by_its_home_alone(stack: Stack) -> None:
    found = Stack.running(stack.home)
    assert found.broker_url == stack.broker_url
    assert found.service_address("jobs") == stack.service_address("jobs")


def test_what_watches_stands_beside_the_rest_and_is_renewed_with_it(stack: Stack) -> None:
    before = pids(stack)
    stack.watch()
    watched = pids(stack)
    assert {name: watched[name] for name in before} == before
    assert watched["traces"]
    stack.watch()
    assert pids(stack) == watched
    stack.up()
    assert "traces" not in pids(stack), "until it is asked for again"
    stack.watch()
    assert pids(stack)["traces"]


def test_where_prometheus_cannot_be_had_this_is_said(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(**_: object) -> None:
        raise CannotRunError("apt knows no Debian mirror\nand so on")

    said: list[str] = []
    monkeypatch.setattr("deploy.local.prometheus.provide", missing)
    replace(stack, report=said.append).watch()
    assert "prometheus cannot be had here (apt knows no Debian mirror): no metrics are kept" in said
    assert set(pids(stack)) & {"traces", "prometheus"} == {"traces"}


def test_a_killed_service_comes_back(stack: Stack) -> None:
    killed = pids(stack)["jobs"]
    os.kill(killed, signal.SIGKILL)
    deadline = time.monotonic() + 15
    while pids(stack)["jobs"] in {0, killed} and time.monotonic() < deadline:
        time.sleep(0.1)
    assert pids(stack)["jobs"] not in {0, killed}


def test_nobody_else_can_read_the_secrets(stack: Stack) -> None:
    for name in ("secrets.json", "supervisord.conf", "stack.json", "broker/definitions.json"):
        assert (stack.home / name).stat().st_mode & 0o077 == 0, name


def test_a_service_that_dies_at_its_start_is_shown_with_its_last_words(stack: Stack) -> None:
    broken = replace(stack, services={"identity": FAKE, "jobs": "tests.deploy.fake_service:fail"})
    with pytest.raises(CannotRunError, match=r"(?s)jobs ended at its start.*teapot is empty"):
        broken.up()
    stack.up()


def test_down_leaves_no_process_even_when_supervisord_was_killed(tmp_path: Path) -> None:
    # The name is too long for a socket, so this stack's supervisord listens elsewhere.
    stack = a_stack(tmp_path / ("long" * 25) / "home", {"identity": FAKE})
    stack.up()
    stack.watch()
    started = belonging(stack.home)
    assert len(started) >= 7
    os.kill(int((stack.home / "supervisord.pid").read_text()), signal.SIGKILL)
    stack.down()
    assert belonging(stack.home) == []
    stack.up()
    stack.clean()
    assert belonging(stack.home) == []
    assert not stack.home.exists()


def test_a_taken_port_ends_the_start_before_anything_runs(tmp_path: Path) -> None:
    stack = a_stack(tmp_path / "home")
    with (
        socket.create_server(("127.0.0.1", stack.ports.services["jobs"])),
        pytest.raises(CannotRunError, match=r"\(jobs\) is taken"),
    ):
        stack.up()
    assert belonging(stack.home) == []
    stack.clean()
    assert not stack.home.exists()


def test_a_given_broker_that_does_not_answer_is_named(tmp_path: Path) -> None:
    stack = replace(a_stack(tmp_path / "home"), amqp_url="amqp://guest:guest@127.0.0.1:1/")
    with pytest.raises(CannotRunError, match="no broker lets us in at AMQP_URL"):
        stack.up()


def test_given_broker_and_database_replace_our_own(tmp_path: Path) -> None:
    amqp_url, mongo_url = "amqp://elsewhere/", "mongodb://elsewhere/"
    stack = replace(a_stack(tmp_path / "home"), amqp_url=amqp_url, mongo_url=mongo_url)
    assert [program.name for program in stack.programs()] == ["mail", "identity", "jobs"]
    told = stack.service_environment("jobs")
    assert (told["AMQP_URL"], told["MONGO_URL"]) == (amqp_url, mongo_url)


def test_a_port_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eighty")
    with pytest.raises(CannotRunError, match="PORT must be a number, not 'eighty'"):
        Stack.from_environment()


def test_clean_deletes_nothing_where_no_stack_was(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").touch()
    a_stack(tmp_path).clean()
    assert (tmp_path / "diary.txt").exists()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_told_every_setting_it_needs_and_none_that_it_does_not_know(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = Stack(tmp_path, Ports.free(SERVICES), gateway=False)
    told = stack.service_environment(service)
    settings: type[ServiceSettings] = importlib.import_module(
        f"services.{service}.settings"
    ).Settings
    assert {name.lower() for name in told} <= set(settings.model_fields)
    for name in settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    with pytest.raises(ValidationError):
        settings()
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    settings()
