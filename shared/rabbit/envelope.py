"""How an event looks on the wire: CloudEvents attributes in AMQP headers, facts in the body."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractMessage
from pydantic import ValidationError

from shared.contracts.base import REGISTRY, Delivered

MAX_BODY = 1024 * 1024
"""Bytes; a larger body is no event of ours."""

CONTENT_TYPE = "application/json"
TRACEPARENT = "traceparent"

_ID = "cloudEvents_id"
_SOURCE = "cloudEvents_source"
_TYPE = "cloudEvents_type"
_SUBJECT = "cloudEvents_subject"
_TIME = "cloudEvents_time"
_SPEC_VERSION = "cloudEvents_specversion"
_TENANT = "cloudEvents_tenantid"
_SEQUENCE = "cloudEvents_sequence"
_LONGEST_TEXT = 512


class Unreadable(Exception):
    """A message that is no event and never will be.

    reason is one of undecodable_body, wrong_content_type, unknown_event, missing_header,
    bad_header, too_large; detail names what was wrong without repeating the content.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event ready to leave its service.

    source is the publishing service, subject the aggregate's id, time aware UTC, body the facts
    as JSON, traceparent the trace context of the change (W3C), if there was one.
    """

    id: str
    tenant: str
    routing_key: str
    source: str
    subject: str
    sequence: int
    time: datetime
    body: bytes
    traceparent: str | None = None


def to_message(event: Outgoing, traceparent: str | None) -> Message:
    """The AMQP message (CloudEvents AMQP binding, binary mode), persistent."""
    headers: dict[str, Any] = {
        _ID: event.id,
        _SOURCE: event.source,
        _TYPE: event.routing_key,
        _SUBJECT: event.subject,
        _TIME: event.time.astimezone(UTC).isoformat(timespec="milliseconds"),
        _SPEC_VERSION: "1.0",
        _TENANT: event.tenant,
        _SEQUENCE: event.sequence,
    }
    if traceparent is not None:
        headers[TRACEPARENT] = traceparent
    return Message(
        event.body,
        headers=headers,
        content_type=CONTENT_TYPE,
        delivery_mode=DeliveryMode.PERSISTENT,
        message_id=event.id,
        timestamp=event.time,
        type=event.routing_key,
    )


def read(message: AbstractMessage) -> Delivered[Any]:
    """The event in a message. Unreadable for whatever is not exactly what we publish."""
    if len(message.body) > MAX_BODY:
        raise Unreadable("too_large", f"{len(message.body)} bytes")
    media_type = (message.content_type or "").split(";")[0].strip().lower()
    if media_type != CONTENT_TYPE or message.content_encoding:
        raise Unreadable("wrong_content_type", "expected application/json, not encoded")
    headers = message.headers
    if _text(headers, _SPEC_VERSION) != "1.0":
        raise Unreadable("bad_header", f"{_SPEC_VERSION} is not 1.0")
    if not message.message_id:
        raise Unreadable("missing_header", "message_id")
    if _text(headers, _ID) != message.message_id:
        raise Unreadable("bad_header", f"{_ID} differs from message_id")
    _text(headers, _SOURCE)
    tenant, subject = _text(headers, _TENANT), _text(headers, _SUBJECT)
    sequence, time = _sequence(headers), _time(headers)
    event_class = REGISTRY.get(_text(headers, _TYPE))
    if event_class is None:
        raise Unreadable("unknown_event", _text(headers, _TYPE))
    try:
        facts = event_class.facts_class.model_validate_json(message.body)
    except ValidationError as error:
        raise Unreadable("undecodable_body", _faults(error)) from None
    return Delivered(
        id=message.message_id,
        tenant=tenant,
        subject=subject,
        sequence=sequence,
        time=time,
        event=event_class(facts),
    )


def text_header(headers: Mapping[str, Any], name: str) -> str | None:
    """A header that is usable text, or None; for messages that may be anything."""
    value = headers.get(name)
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST_TEXT else None


def tenant_of(headers: Mapping[str, Any]) -> str | None:
    """The tenant a message claims to belong to."""
    return text_header(headers, _TENANT)


def subject_of(headers: Mapping[str, Any]) -> str | None:
    """The aggregate a message claims to tell of."""
    return text_header(headers, _SUBJECT)


def type_of(headers: Mapping[str, Any]) -> str | None:
    """The routing key a message claims to have been published with."""
    return text_header(headers, _TYPE)


def _text(headers: Mapping[str, Any], name: str) -> str:
    if name not in headers:
        raise Unreadable("missing_header", name)
    value = text_header(headers, name)
    if value is None:
        raise Unreadable("bad_header", f"{name} is not a text of 1 to {_LONGEST_TEXT} characters")
    return value


def _sequence(headers: Mapping[str, Any]) -> int:
    if _SEQUENCE not in headers:
        raise Unreadable("missing_header", _SEQUENCE)
    value = headers[_SEQUENCE]
    if type(value) is not int or value < 1:
        raise Unreadable("bad_header", f"{_SEQUENCE} is not a positive integer")
    return value


def _time(headers: Mapping[str, Any]) -> datetime:
    try:
        time = datetime.fromisoformat(_text(headers, _TIME))
        if time.tzinfo is None:
            raise ValueError
        return time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable("bad_header", f"{_TIME} is not a time with an offset") from None


def _faults(error: ValidationError) -> str:
    """Where and what, without the values: they may be personal."""
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(
        f"{'/'.join(str(part) for part in fault['loc']) or 'body'}: {fault['type']}"
        for fault in faults[:5]
    )
