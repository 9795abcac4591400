"""What processes write down: one line of JSON for each request, and nothing that is private."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.local.people import PASSWORD
from deploy.local.stack import SERVICES
from tests.observability.conftest import Watched


def lines(watched: Watched, service: str) -> Iterator[str]:
    yield from watched.platform.stack.keeper.log(service).read_text().splitlines()


def requests(watched: Watched) -> list[dict[str, Any]]:
    read = [json.loads(line) for service in SERVICES for line in lines(watched, service)]
    return [line for line in read if line["event"] == "request"]


@pytest.mark.parametrize("service", SERVICES)
def test_every_line_is_json_that_names_service_time_and_level(
    watched: Watched, service: str
) -> None:
    for line in lines(watched, service):
        said = json.loads(line)
        assert said["service"] == service
        assert {"event", "level", "timestamp"} <= set(said)


def test_a_request_is_one_line_with_trace_tenant_and_request_id(watched: Watched) -> None:
    found = requests(watched)
    for line in found:
        assert re.fullmatch("[0-9a-f]{32}", line["trace_id"])
        assert {"tenant", "request_id", "route", "method", "status", "ms", "actor"} <= set(line)
    for story in watched.stories:
        mine = [line for line in found if line["tenant"] == story.cast.tenant]
        known = {line["trace_id"] for line in mine}
        # A step's trace is that of its last request, which one service has answered.
        assert {step.trace_id for step in story.steps} <= known
    with watched.platform.visitor("vodafone") as visitor:
        asked = visitor.ask("GET", "/v1/me")

    def told() -> list[dict[str, Any]]:
        """The answer may be here before its line is."""
        return [line for line in requests(watched) if line["trace_id"] == asked.trace_id]

    with watched.platform.visitor("vodafone") as waiting:
        [line] = waiting.until(told, "the line of the request")
    assert (line["request_id"], line["status"]) == (asked.headers["x-request-id"], 401)


def private(watched: Watched) -> dict[str, str]:
    """Text -> what it is, of everything that must not be written down anywhere."""
    stack = watched.platform.stack
    secrets: dict[str, str] = json.loads((stack.home / "secrets.json").read_text())
    found = {value: name for name, value in secrets.items()} | {PASSWORD: "password"}
    for story in watched.stories:
        for person in (story.customer, story.helper, story.support):
            found[person.address] = "e-mail address"
            if authorization := person._client.headers.get("Authorization"):
                found[authorization.split()[1]] = "token"
                found[authorization.split(".")[2]] = "a token's signature"
        found |= {
            story.cast.address[0]: "street",
            story.customer.name: "a customer's name",
            "im Schlafzimmer bricht": "message text",
            "Gern, ab zehn Uhr": "message text",
        }
    return found


def test_nothing_private_is_written_down_by_anybody(watched: Watched) -> None:
    secrets = private(watched)
    files = sorted((watched.platform.stack.home / "logs").glob("*.log"))
    assert len(files) >= 9
    for file in files:
        text = file.read_text(errors="replace")
        told = {what for secret, what in secrets.items() if secret in text}
        assert not told, f"{file.name} tells {told}"
        assert not re.search(r"(amqp|mongodb)://[^*\s:/]+:[^*\s@]+@", text), file.name


def test_codes_from_mails_stay_in_mails(watched: Watched) -> None:
    mails = watched.platform.stack.mail_folder.glob("*.eml")
    codes = {found[1] for file in mails if (found := re.search(r"\b(\d{6})\b", file.read_text()))}
    assert codes
    for line in requests(watched):
        shown = {str(value) for value in line.values()}
        assert not shown & codes
