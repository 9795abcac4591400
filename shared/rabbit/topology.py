"""Exchanges, queues and bindings: one description, declared by code and exported for the broker."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aio_pika.abc import AbstractChannel

from shared.rabbit.consumers import Subscription

EXCHANGE = "events"
UNROUTED = "events.unrouted"
"""Exchange and bounded queue of what nobody takes; for looking at, never consumed."""

SUSPECT = "events.suspect"
"""Takes a work queue's message, by the queue's name, to be tried alone."""

PARKED = "events.parked"
"""Takes what a suspect queue cannot deliver to where its work queue parks."""

RETRY_SECONDS = 5.0
_DELIVERY_LIMIT = 20
_UNROUTED_KEPT = 10_000
_DECLARE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """A durable exchange."""

    name: str
    type: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable quorum queue."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Binding:
    """From an exchange to a queue."""

    exchange: str
    queue: str
    routing_key: str


@dataclass(frozen=True, slots=True)
class Topology:
    """All that must exist before the first event."""

    exchanges: list[Exchange]
    queues: list[Queue]
    bindings: list[Binding]


def retry_queue(queue: str) -> str:
    """Where a delivery waits for its next round."""
    return f"{queue}.retry"


def suspect_queue(queue: str) -> str:
    """Where messages are tried alone that may have killed their worker: one for each service.

    With one for each work queue, a message that kills would take with it what is tried alone
    at the same time for another purpose, again and again.
    """
    return f"{queue.split('.')[0]}.suspect"


def parked_queue(queue: str) -> str:
    """Where messages wait to be stored as parked."""
    return f"{queue}.parked"


def topology(subscriptions: Iterable[Subscription]) -> Topology:
    """What these subscriptions need, the exchanges included."""
    plan = Topology(
        exchanges=[
            Exchange(EXCHANGE, "topic", {"alternate-exchange": UNROUTED}),
            Exchange(UNROUTED, "fanout", {}),
            Exchange(SUSPECT, "direct", {"alternate-exchange": UNROUTED}),
            Exchange(PARKED, "direct", {"alternate-exchange": UNROUTED}),
        ],
        queues=[
            Queue(
                UNROUTED,
                {
                    "x-queue-type": "quorum",
                    "x-max-length": _UNROUTED_KEPT,
                    "x-overflow": "drop-head",
                },
            )
        ],
        bindings=[Binding(UNROUTED, UNROUTED, "")],
    )
    for subscription in subscriptions:
        name = subscription.queue
        plan.queues.extend(each for each in _queues(name) if each not in plan.queues)
        plan.bindings.append(Binding(SUSPECT, suspect_queue(name), name))
        plan.bindings.append(Binding(PARKED, parked_queue(name), name))
        plan.bindings.extend(
            Binding(EXCHANGE, name, event.routing_key) for event in subscription.events
        )
    return plan


def _queues(name: str) -> list[Queue]:
    limited = {"x-delivery-limit": _DELIVERY_LIMIT}
    return [
        Queue(name, _letters_to("", parked_queue(name)) | limited),
        Queue(suspect_queue(name), _letters_to(PARKED) | limited),
        # Never the target of a dead letter of the work queue: with a delivery limit on one
        # side and a time to live on the other that is a loop inside the broker.
        Queue(
            retry_queue(name),
            _letters_to("", name) | {"x-message-ttl": int(RETRY_SECONDS * 1000)},
        ),
        # The limit is for frames that break the client before any of our code sees them.
        Queue(
            parked_queue(name),
            _letters_to(UNROUTED, parked_queue(name)) | limited,
        ),
    ]


def _letters_to(exchange: str, routing_key: str | None = None) -> dict[str, Any]:
    """Arguments of a quorum queue that loses nothing when it hands a message on.

    Without a routing key a message keeps its own. At-least-once dead-lettering needs
    reject-publish. No maximum length: an alert instead.
    """
    keyed = {} if routing_key is None else {"x-dead-letter-routing-key": routing_key}
    return keyed | {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": exchange,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def definitions(subscriptions: Iterable[Subscription]) -> dict[str, Any]:
    """The topology as RabbitMQ's definitions file has it; vhost "/", no users, sorted."""
    plan = topology(subscriptions)
    return {
        "vhosts": [{"name": "/"}],
        "exchanges": [
            {
                "name": exchange.name,
                "vhost": "/",
                "type": exchange.type,
                "durable": True,
                "auto_delete": False,
                "arguments": exchange.arguments,
            }
            for exchange in sorted(plan.exchanges, key=lambda exchange: exchange.name)
        ],
        "queues": [
            {
                "name": queue.name,
                "vhost": "/",
                "durable": True,
                "auto_delete": False,
                "arguments": queue.arguments,
            }
            for queue in sorted(plan.queues, key=lambda queue: queue.name)
        ],
        "bindings": [
            {
                "source": binding.exchange,
                "vhost": "/",
                "destination": binding.queue,
                "destination_type": "queue",
                "routing_key": binding.routing_key,
                "arguments": {},
            }
            for binding in sorted(plan.bindings, key=lambda b: (b.queue, b.routing_key))
        ],
    }


async def declare(channel: AbstractChannel, subscriptions: Iterable[Subscription]) -> None:
    """Declares everything actively, so that what was lost comes back; harmless when repeated.

    Raises aio-pika's errors; a queue that exists with other arguments closes the channel.
    """
    plan = topology(subscriptions)
    for exchange in plan.exchanges:
        await channel.declare_exchange(
            exchange.name,
            exchange.type,
            durable=True,
            arguments=exchange.arguments,
            timeout=_DECLARE_SECONDS,
        )
    queues = {
        queue.name: await channel.declare_queue(
            queue.name, durable=True, arguments=queue.arguments, timeout=_DECLARE_SECONDS
        )
        for queue in plan.queues
    }
    for binding in plan.bindings:
        await queues[binding.queue].bind(
            binding.exchange, binding.routing_key, timeout=_DECLARE_SECONDS
        )
