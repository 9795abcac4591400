"""Messages that cannot be applied, each in its own way, and how they must end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from random import Random
from typing import Any

import aio_pika

from deploy.topology import SERVICES
from shared.kernel.ids import new_id
from shared.rabbit.consumers import Consumers, Subscription
from tests.chaos.apps import KILLER
from tests.chaos.witness import Heard


@dataclass(frozen=True)
class Poison:
    """reason is under which it must be found parked by the service that owns the queue."""

    id: str
    queue: str
    reason: str
    message: aio_pika.Message

    @property
    def key(self) -> str:
        return f"{self.queue}|{self.id}"


def _undecodable(heard: Heard) -> dict[str, Any]:
    return {"body": heard.body[: len(heard.body) // 2]}


def _of_unknown_type(heard: Heard) -> dict[str, Any]:
    return {"headers": heard.properties["headers"] | {"cloudEvents_type": "jobs.job_sold.v9"}}


def _without_subject(heard: Heard) -> dict[str, Any]:
    headers = dict(heard.properties["headers"])
    del headers["cloudEvents_subject"]
    return {"headers": headers}


def _of_unknown_tenant(heard: Heard) -> dict[str, Any]:
    return {"headers": heard.properties["headers"] | {"cloudEvents_tenantid": "atlantis"}}


def _deadly(heard: Heard) -> dict[str, Any]:
    return {"headers": heard.properties["headers"] | {"cloudEvents_subject": new_id(KILLER)}}


POISONS: dict[str, tuple[str, Callable[[Heard], dict[str, Any]]]] = {
    "undecodable": ("undecodable_body", _undecodable),
    "unknown type": ("unknown_event", _of_unknown_type),
    "without subject": ("missing_header", _without_subject),
    "unknown tenant": ("retries_exhausted", _of_unknown_tenant),
    "kills its worker": ("kills_worker", _deadly),
}
"""Kind -> the reason it is parked for, and what is wrong with it."""


def brew(kind: str, heard: Sequence[Heard], dice: Random) -> Poison:
    """An event that was heard, spoilt, for one of the queues that want events of its type."""
    reason, spoil = POISONS[kind]
    wanted = {event.routing_key: each.queue for each in _subscriptions() for event in each.events}
    fit = [each for each in heard if each.routing_key in wanted]
    chosen = dice.choice(fit)
    id = new_id("evt")
    changes: dict[str, Any] = {"headers": chosen.properties["headers"]} | spoil(chosen)
    changes["headers"] = changes["headers"] | {"cloudEvents_id": id}
    body = changes.pop("body", chosen.body)
    properties = chosen.properties | changes | {"message_id": id}
    queue = wanted[chosen.routing_key]
    return Poison(id, queue, reason, aio_pika.Message(body, **properties))


def _subscriptions() -> list[Subscription]:
    found = []
    for service in SERVICES:
        consumers: Consumers = import_module(f"services.{service}.consumers").consumers
        found += consumers.subscriptions
    return found
