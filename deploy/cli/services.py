"""What the command line knows of a service without starting it: its queues and its stores."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from deploy.cli.platform import RefusedError
from deploy.topology import SERVICES
from shared.rabbit import Consumers


def checked(service: str) -> str:
    """The name, if it is one. RefusedError with those that there are."""
    if service not in SERVICES:
        raise RefusedError(f"there is no service {service!r}: one of {', '.join(SERVICES)}")
    return service


def queues(service: str) -> list[str]:
    """Its work queues; retry, suspect and parked queues go by their names."""
    consumers: Consumers = import_module(f"services.{service}.consumers").consumers
    return [subscription.queue for subscription in consumers.subscriptions]


def stores(service: str) -> Sequence[type[Any]]:
    """Everything it is wired with, in its own order."""
    wired: Sequence[type[Any]] = import_module(f"services.{service}.app").STORES
    return wired
