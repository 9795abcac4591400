"""Which events a service listens to, each for one purpose, and what it does with them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from shared.contracts.base import REGISTRY, Delivered, Event
from shared.scope import Scope

Handler = Callable[[Delivered[Any], Scope], Awaitable[None]]
"""Applies one event. May see it again, and out of order; raises a Refusal or returns."""

PREFETCH = 20
"""Deliveries worked on at once per queue and process. A crash counts against all of them."""


@dataclass(frozen=True)
class Subscription:
    """One queue of one consumer: service.purpose."""

    queue: str
    events: tuple[type[Event[Any]], ...]
    handler: Handler
    prefetch: int = PREFETCH


class Consumers:
    """The subscriptions of one service, collected by decorating its handlers."""

    def __init__(self, service: str) -> None:
        self._service = service
        self.subscriptions: list[Subscription] = []

    def on(
        self, purpose: str, *events: type[Event[Any]], prefetch: int = PREFETCH
    ) -> Callable[[Handler], Handler]:
        """Gives the decorated handler a queue for these events.

        An aggregate's base class stands for all of the aggregate's events. ValueError if the
        purpose is taken or an event is none.
        """
        queue = f"{self._service}.{purpose}"
        if any(subscription.queue == queue for subscription in self.subscriptions):
            raise ValueError(f"{queue} already has a handler")
        wanted = tuple(dict.fromkeys(concrete for event in events for concrete in _concrete(event)))
        if not wanted:
            raise ValueError(f"{queue} names no event")

        def subscribe(handler: Handler) -> Handler:
            self.subscriptions.append(Subscription(queue, wanted, handler, prefetch))
            return handler

        return subscribe


def _concrete(event: type[Event[Any]]) -> list[type[Event[Any]]]:
    if event.routing_key:
        return [event]
    found = [known for known in REGISTRY.values() if issubclass(known, event)]
    if not found or not event.publisher:
        raise ValueError(f"{event.__name__} is not an aggregate's event")
    return found
