import dataclasses
import json
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import pytest

from shared.contracts import audit, privacy
from shared.contracts.base import Event, Facts
from shared.contracts.identity import Brand
from shared.contracts.messaging import ConversationFacts
from shared.rabbit import read
from tests.contracts.examples import BEGAN, EXAMPLES, example_of
from tests.contracts.golden import (
    COMMAND,
    FOLDER,
    Golden,
    breaks,
    events,
    golden_of,
    message_of,
    path_of,
    text_of,
)

EVENTS = events()
every_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.routing_key)

ENDINGS = ("ed", "Sent", "Withdrawn", "Unsuccessful", "NoShow", "Overdue", "Snapshot")
"""Of names that tell what has happened; those not in -ed are the domain's own words."""

CONFIDENTIAL = frozenset(
    {"text", "body", "content", "bio", "description", "reason", "answer", "answers"}
    | {"password", "code", "secret", "token", "hash", "key"}
    | {"street", "postcode", "address", "phone", "birth", "tin", "iban", "account", "policy"}
)
"""Words of field names whose values stay in the service that was told them."""

HARMLESS = {
    (Brand, "support_phone"): "a tenant prints it on its own page",
    (ConversationFacts, "report_reason"): "one of a few kinds, never the reporter's words",
}
"""Fields that only sound confidential, and why they are not."""


def golden(event: type[Event[Any]]) -> Golden:
    path = path_of(event)
    if not path.exists():
        pytest.fail(f"{event.routing_key} has no golden file yet; write it: {COMMAND}")
    loaded: Golden = json.loads(path.read_text())
    return loaded


# The golden files ---------------------------------------------------------------------------


@every_event
def test_a_committed_event_is_still_read_to_the_same_facts(event: type[Event[Any]]) -> None:
    delivered = read(message_of(golden(event)))
    subject, facts = example_of(event)
    assert type(delivered.event) is event
    assert delivered.event.facts == facts
    assert (delivered.tenant, delivered.subject) == ("vodafone", subject)
    assert (delivered.sequence, delivered.time) == (7, BEGAN)


@every_event
def test_an_event_is_still_written_as_it_was_committed(event: type[Event[Any]]) -> None:
    assert text_of(golden_of(event)) == text_of(golden(event)), (
        f"{event.routing_key} is published in another form than it was; "
        f"if it only got a new field with a default: {COMMAND}"
    )


def test_no_event_of_the_past_is_forgotten() -> None:
    known = {path_of(event).name for event in EVENTS}
    forgotten = {path.name for path in FOLDER.glob("*")} - known
    assert not forgotten, "their events are gone, but consumers and queues may still hold them"


def test_losing_a_field_is_refused() -> None:
    event = next(event for event in EVENTS if event.__name__ == "RatingChanged")
    before = golden(event)
    before["body"]["stars"] = 5
    assert breaks(before, event) == "/stars would be gone"


def test_a_field_without_default_is_refused() -> None:
    event = next(event for event in EVENTS if event.__name__ == "RatingChanged")
    before = golden(event)
    del before["body"]["score"]
    fault = breaks(before, event)
    assert fault == "what is published already could not be read: score"


# Extension ----------------------------------------------------------------------------------


@every_event
def test_fields_of_a_newer_publisher_are_ignored(event: type[Event[Any]]) -> None:
    newer = golden(event)
    _, facts = example_of(event)
    assert _add_strangers(newer["body"], facts) > 0
    assert read(message_of(newer)).event.facts == facts


@every_event
def test_what_an_older_publisher_did_not_know_gets_its_default(event: type[Event[Any]]) -> None:
    older = golden(event)
    _remove_optional(older["body"], example_of(event)[1])
    for _, value in _values(read(message_of(older)).event.facts):
        for name, field in type(value).model_fields.items():
            if not field.is_required():
                default = field.get_default(call_default_factory=True)
                assert getattr(value, name) == default, name


def _remove_optional(body: Any, value: Any) -> None:
    """Take every field out of the body, nested ones too, that has a default."""
    if isinstance(value, list):
        for pair in zip(body, value, strict=True):
            _remove_optional(*pair)
    elif isinstance(value, Facts):
        for name, field in type(value).model_fields.items():
            if field.is_required():
                _remove_optional(body[name], getattr(value, name))
            else:
                del body[name]


def _add_strangers(body: Any, value: Any) -> int:
    """Give every object of the body that is a class of ours an unknown member; their number."""
    if isinstance(value, list):
        return sum(_add_strangers(*pair) for pair in zip(body, value, strict=True))
    if isinstance(value, Facts):
        members = {name: getattr(value, name) for name in type(value).model_fields}
    elif dataclasses.is_dataclass(value):
        members = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    else:
        return 0
    found = sum(_add_strangers(body[name], member) for name, member in members.items())
    body["from_the_future"] = {"any": ["thing"]}
    return found + 1


# What every contract keeps to ---------------------------------------------------------------


@every_event
def test_an_event_names_publisher_aggregate_and_facts(event: type[Event[Any]]) -> None:
    if event.__module__ not in (audit.__name__, privacy.__name__):
        assert event.publisher == event.__module__.rsplit(".", 1)[-1]
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", event.aggregate)
    assert event.facts_class is not Facts
    assert issubclass(event.facts_class, Facts)
    assert re.fullmatch(rf"{event.publisher}\.[a-z]+(_[a-z]+)*\.v[1-9][0-9]*", event.routing_key)


@every_event
def test_an_event_tells_in_its_name_what_has_happened(event: type[Event[Any]]) -> None:
    assert event.__name__.endswith(ENDINGS), f"{event.__name__} is not in the past tense"


def test_every_aggregate_has_one_facts_class_and_a_snapshot() -> None:
    def aggregate(event: type[Event[Any]]) -> tuple[str, str]:
        return event.publisher, event.aggregate

    for name, group in groupby(sorted(EVENTS, key=aggregate), key=aggregate):
        of_one = list(group)
        assert len({event.facts_class for event in of_one}) == 1, name
        assert sum(event.is_snapshot for event in of_one) == 1, f"{name} cannot be republished"


@pytest.mark.parametrize("facts", EXAMPLES, ids=lambda facts: facts.__name__)
def test_no_fact_is_confidential(facts: type[Facts]) -> None:
    for owner, name in _fields(EXAMPLES[facts][1]):
        words = set(name.split("_")) if (owner, name) not in HARMLESS else set()
        assert not words & CONFIDENTIAL, f"{owner.__name__}.{name} must not leave its service"


@pytest.mark.parametrize("facts", EXAMPLES, ids=lambda facts: facts.__name__)
def test_an_example_is_fully_filled(facts: type[Facts]) -> None:
    """Otherwise its golden file would say nothing about the absent field."""
    for owner, value in _values(EXAMPLES[facts][1]):
        for name, field in type(value).model_fields.items():
            given = getattr(value, name)
            where = f"{owner}.{name} (tests/contracts/examples.py)"
            assert name in value.model_fields_set, f"{where} is missing"
            assert given not in (None, [], {}), f"{where} is empty"
            if not field.is_required():
                default = field.get_default(call_default_factory=True)
                assert given != default, f"{where} is only its default"


def _values(value: Any) -> Iterator[tuple[str, Facts]]:
    """Every facts object within an example, with its class's name."""
    if isinstance(value, Facts):
        yield type(value).__name__, value
        for name in type(value).model_fields:
            yield from _values(getattr(value, name))
    elif isinstance(value, list):
        for item in value:
            yield from _values(item)


def _fields(value: Facts) -> Iterator[tuple[type[Facts], str]]:
    for _, each in _values(value):
        for name in type(each).model_fields:
            yield type(each), name
