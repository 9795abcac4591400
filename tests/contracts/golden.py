"""The golden files: each event version as it lies on the wire, committed once and then kept.

``python -m tests.contracts.golden`` writes those that are missing and those that a new field
made longer. It refuses to write what a reader of the committed file could no longer read.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aio_pika import Message
from aio_pika.abc import HeadersType
from pydantic import ValidationError

from shared.contracts import PUBLISHERS
from shared.contracts.base import REGISTRY, Event
from shared.kernel.ids import derived_id
from shared.rabbit import Outgoing
from shared.rabbit.envelope import to_message
from tests.contracts.examples import BEGAN, example_of

FOLDER = Path(__file__).parent / "golden"
COMMAND = "python -m tests.contracts.golden"
_TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

Golden = dict[str, Any]


def events() -> list[type[Event[Any]]]:
    """Every event that a service publishes, by routing key."""
    modules = {publisher.__name__ for publisher in PUBLISHERS}
    return [event for _, event in sorted(REGISTRY.items()) if event.__module__ in modules]


def path_of(event: type[Event[Any]]) -> Path:
    return FOLDER / f"{event.routing_key}.json"


def golden_of(event: type[Event[Any]]) -> Golden:
    """What the current code publishes for the example: properties, headers and body."""
    subject, facts = example_of(event)
    outgoing = Outgoing(
        id=derived_id("evt", event.routing_key),
        tenant="vodafone",
        routing_key=event.routing_key,
        source=event.publisher,
        subject=subject,
        sequence=7,
        time=BEGAN,
        body=facts.model_dump_json().encode(),
        traceparent=_TRACE,
    )
    message = to_message(outgoing, outgoing.traceparent)
    return {
        "properties": {
            "content_type": message.content_type,
            "delivery_mode": message.delivery_mode,
            "message_id": message.message_id,
            "type": message.type,
        },
        "headers": dict(message.headers),
        "body": json.loads(message.body),
    }


def message_of(golden: Golden) -> Message:
    """The message as a consumer gets it."""
    headers: HeadersType = golden["headers"]
    body = json.dumps(golden["body"]).encode()
    return Message(body, headers=headers, **golden["properties"])


def text_of(golden: Golden) -> str:
    return json.dumps(golden, indent=2, ensure_ascii=False) + "\n"


def breaks(before: Golden, event: type[Event[Any]]) -> str | None:
    """What readers of the committed file would miss, or None when nothing."""
    lost = sorted(set(_paths(before["body"])) - set(_paths(golden_of(event)["body"])))
    if lost:
        return f"{', '.join(lost)} would be gone"
    try:
        event.facts_class.model_validate_json(json.dumps(before["body"]))
    except ValidationError as error:
        places = [".".join(map(str, fault["loc"])) for fault in error.errors()]
        return f"what is published already could not be read: {', '.join(places)}"
    return None


def _paths(value: Any, path: str = "") -> Iterable[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _paths(item, f"{path}/{name}")
    elif isinstance(value, list):
        for item in value:
            yield from _paths(item, f"{path}/0")
    else:
        yield path


def main() -> int:
    """0 when every golden file is there and current, 1 when a contract would break."""
    FOLDER.mkdir(exist_ok=True)
    faults = 0
    for event in events():
        path, text = path_of(event), text_of(golden_of(event))
        before = path.read_text() if path.exists() else ""
        if before == text:
            continue
        if before and (fault := breaks(json.loads(before), event)):
            faults += 1
            print(
                f"{event.routing_key}: {fault}; a breaking change is a new class and version",
                file=sys.stderr,
            )
            continue
        path.write_text(text)
        print(f"{path.name} written")
    return min(faults, 1)


if __name__ == "__main__":
    raise SystemExit(main())
