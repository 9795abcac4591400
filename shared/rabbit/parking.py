"""Messages that nothing here can apply: copied with the reason, kept by the service, replayed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractMessage
from pamqp import encode

from shared.kernel.clock import utc_now
from shared.kernel.ids import derived_id
from shared.rabbit.envelope import TRACEPARENT, subject_of, tenant_of, type_of

ROUND = "helphood-round"
SUSPECT = "helphood-suspect"
_REASON = "helphood-reason"
_DETAIL = "helphood-detail"
_OURS = (ROUND, SUSPECT, _REASON, _DETAIL)
_BROKERS = (
    "x-death",
    "x-delivery-count",
    "x-acquired-count",
    "x-first-death-",
    "x-last-death-",
)

_WORTH_KEEPING = ("cloudEvents_", "helphood-", TRACEPARENT)

_LONGEST_DETAIL = 500
_MOST_HEADERS = 32 * 1024
"""Bytes; all headers of a message must fit one frame, with ours added to them."""

_MOST_KEPT = 8 * 1024 * 1024
"""Bytes of a body that a document of the database can hold with room to spare."""


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """A message that its consumer gave up on.

    id is the message's id, queue the work queue that it was for. reason is one of Unreadable's,
    refused, retries_exhausted, kills_worker, or the broker's own (delivery_limit, rejected).
    headers hold JSON values only. tenant and subject are what the message claims.
    """

    id: str
    queue: str
    reason: str
    detail: str
    headers: dict[str, Any]
    content_type: str | None
    body: bytes
    parked_at: datetime
    tenant: str | None
    subject: str | None

    @property
    def key(self) -> str:
        """Unique in a service: one event may be parked by several of its queues."""
        return f"{self.queue}|{self.id}"


def forwarded(
    message: AbstractMessage, *, expires_in: float | None = None, **marks: int | str
) -> Message:
    """A persistent copy for another queue, without the broker's marks and with ours.

    expires_in is in seconds; the names of marks have underscores for hyphens.
    """
    kept = {
        name: _sendable(value)
        for name, value in message.headers.items()
        if not name.startswith(_BROKERS) and name not in (_REASON, _DETAIL)
    }
    if len(encode.field_table(kept)) > _MOST_HEADERS:
        kept = {
            name: value
            for name, value in kept.items()
            if name.startswith(_WORTH_KEEPING) and len(str(value)) <= _LONGEST_DETAIL
        }
        kept = dict(sorted(kept.items())[:16])
    kept |= {name.replace("_", "-"): value for name, value in marks.items()}
    return Message(
        message.body,
        headers=kept,
        content_type=message.content_type,
        content_encoding=message.content_encoding,
        delivery_mode=DeliveryMode.PERSISTENT,
        expiration=expires_in,
        message_id=_id_of(message),
        timestamp=message.timestamp,
        type=message.type,
    )


def given_up(message: AbstractMessage, reason: str, detail: str) -> Message:
    """A copy for the parked queue that says why."""
    detail = detail[:_LONGEST_DETAIL].encode(errors="backslashreplace").decode()
    return forwarded(message, helphood_reason=reason, helphood_detail=detail)


def parked(message: AbstractMessage, queue: str) -> ParkedMessage:
    """What is to be stored of a message from the parked queue of a work queue."""
    headers = message.headers
    reason = headers.get(_REASON) or headers.get("x-first-death-reason") or "unknown"
    detail = str(headers.get(_DETAIL) or "")
    body = message.body
    if len(body) > _MOST_KEPT:
        detail = f"{detail} (cut from {len(body)} bytes)"
        body = body[:_MOST_KEPT]
    return ParkedMessage(
        id=_id_of(message),
        queue=queue,
        reason=str(reason),
        detail=detail,
        headers={
            name: _json(value)
            for name, value in headers.items()
            if not name.startswith(_BROKERS) and name not in _OURS
        },
        content_type=message.content_type,
        body=body,
        parked_at=utc_now(),
        tenant=tenant_of(headers),
        subject=subject_of(headers),
    )


def replayed(message: ParkedMessage) -> Message:
    """The message as it first came, with its id, to be sent to its work queue again."""
    return Message(
        message.body,
        headers=dict(message.headers),
        content_type=message.content_type,
        delivery_mode=DeliveryMode.PERSISTENT,
        message_id=message.id,
        type=type_of(message.headers),
    )


def count(headers: Mapping[str, Any], name: str) -> int:
    """A counting header; anything but a natural number counts as 0."""
    value = headers.get(name)
    return value if type(value) is int and value > 0 else 0


def _id_of(message: AbstractMessage) -> str:
    """The message's id, or one made from its content, so that copies are seen to be copies."""
    if message.message_id:
        return message.message_id
    return derived_id("message", hashlib.sha256(message.body).hexdigest())


def _sendable(value: Any) -> Any:
    """The library reads a text that is not UTF-8 as bytes, but writes bytearrays only."""
    match value:
        case bytes():
            return bytearray(value)
        case Mapping():
            return {name: _sendable(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_sendable(inner) for inner in value]
        case _:
            return value


def _json(value: Any) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            return {str(name): _json(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_json(inner) for inner in value]
        case bytes() | bytearray():
            return value.decode("utf-8", "backslashreplace")
        case _:
            return str(value)
