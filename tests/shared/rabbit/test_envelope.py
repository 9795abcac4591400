"""What goes onto the wire comes back the same, and nothing else passes."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import aio_pika
import pytest

from shared.contracts.reviews import RatingChanged, RatingFacts
from shared.rabbit import Unreadable, read
from shared.rabbit.envelope import MAX_BODY, to_message
from tests.shared.rabbit.trial import a_message, an_event

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_an_event_comes_back_as_it_was_published() -> None:
    facts = RatingFacts(helper_id="acc_1", mean=4.5, count=3, score=4.1)
    time = datetime(2026, 3, 1, 12, 30, 15, 123000, tzinfo=UTC)
    event = an_event(
        "rating_1", sequence=7, time=time, body=facts.model_dump_json().encode(), tenant="swisscom"
    )
    delivered = read(to_message(event, TRACE))
    assert delivered.event == RatingChanged(facts)
    assert (delivered.id, delivered.tenant, delivered.subject) == (event.id, "swisscom", "rating_1")
    assert (delivered.sequence, delivered.time) == (7, time)


def test_the_wire_format_is_cloudevents_in_amqp_headers() -> None:
    time = datetime(2026, 3, 1, 12, 30, 15, 120000, tzinfo=UTC)
    event = an_event("rating_1", sequence=7, time=time)
    message = to_message(event, TRACE)
    assert message.headers == {
        "cloudEvents_id": event.id,
        "cloudEvents_source": "reviews",
        "cloudEvents_type": "reviews.rating_changed.v1",
        "cloudEvents_subject": "rating_1",
        "cloudEvents_time": "2026-03-01T12:30:15.120+00:00",
        "cloudEvents_specversion": "1.0",
        "cloudEvents_tenantid": "vodafone",
        "cloudEvents_sequence": 7,
        "traceparent": TRACE,
    }
    assert message.content_type == "application/json"
    assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
    assert (message.message_id, message.type) == (event.id, event.routing_key)


def _with(name: str, value: Any) -> Callable[[aio_pika.Message], None]:
    return lambda message: message.headers.update({name: value})


def _without(name: str) -> Callable[[aio_pika.Message], None]:
    return lambda message: message.headers.__delitem__(name)


def _having(**properties: Any) -> Callable[[aio_pika.Message], None]:
    def spoil(message: aio_pika.Message) -> None:
        for name, value in properties.items():
            setattr(message, name, value)

    return spoil


POISON = [
    ("undecodable_body", _having(body=b"{not json")),
    ("undecodable_body", _having(body=b"\xff\xfe")),
    ("undecodable_body", _having(body=b"")),
    ("undecodable_body", _having(body=b"[]")),
    ("undecodable_body", _having(body=b'{"helper_id": {"$gt": ""}, "count": 1, "score": 1}')),
    ("wrong_content_type", _having(content_type="text/plain")),
    ("wrong_content_type", _having(content_type=None)),
    ("wrong_content_type", _having(content_encoding="gzip")),
    ("unknown_event", _with("cloudEvents_type", "reviews.rating_exploded.v1")),
    ("missing_header", _without("cloudEvents_type")),
    ("missing_header", _without("cloudEvents_tenantid")),
    ("missing_header", _without("cloudEvents_subject")),
    ("missing_header", _without("cloudEvents_sequence")),
    ("missing_header", _without("cloudEvents_time")),
    ("missing_header", _without("cloudEvents_source")),
    ("missing_header", _having(message_id=None)),
    ("bad_header", _with("cloudEvents_id", "evt_other")),
    ("bad_header", _with("cloudEvents_specversion", "2.0")),
    ("bad_header", _with("cloudEvents_tenantid", "")),
    ("bad_header", _with("cloudEvents_tenantid", {"$ne": None})),
    ("bad_header", _with("cloudEvents_subject", "x" * 600)),
    ("bad_header", _with("cloudEvents_sequence", 0)),
    ("bad_header", _with("cloudEvents_sequence", True)),
    ("bad_header", _with("cloudEvents_sequence", "1")),
    ("bad_header", _with("cloudEvents_time", "yesterday")),
    ("bad_header", _with("cloudEvents_time", "2026-03-01T12:30:15")),
    ("too_large", _having(body=b" " * (MAX_BODY + 1))),
]


@pytest.mark.parametrize(("reason", "spoil"), POISON)
def test_whatever_is_not_exactly_an_event_of_ours_is_unreadable(
    reason: str, spoil: Callable[[aio_pika.Message], None]
) -> None:
    message = a_message()
    read(message)
    spoil(message)
    with pytest.raises(Unreadable) as refusal:
        read(message)
    assert refusal.value.reason == reason


def test_the_reason_never_repeats_what_was_in_the_body() -> None:
    message = a_message()
    message.body = b'{"helper_id": ["secret"], "mean": "secret", "count": "secret", "score": 1}'
    with pytest.raises(Unreadable) as refusal:
        read(message)
    assert "secret" not in str(refusal.value)
    assert "count" in refusal.value.detail


def test_facts_of_a_newer_publisher_are_understood() -> None:
    message = a_message()
    message.body = message.body[:-1] + b', "added_later": 1}'
    assert isinstance(read(message).event, RatingChanged)
