"""The broker's definitions, collected from the consumers of all services."""

import json
from importlib import import_module
from pathlib import Path

from shared.rabbit import Consumers, definitions

SERVICES = ("identity", "profiles", "jobs", "messaging", "reviews")
FILE = Path(__file__).parent / "rabbit" / "definitions.json"


def exported() -> str:
    """The file's content: imported by the broker before any service starts."""
    subscriptions = []
    for name in SERVICES:
        consumers: Consumers = import_module(f"services.{name}.consumers").consumers
        subscriptions += consumers.subscriptions
    return json.dumps(definitions(subscriptions), indent=1, sort_keys=True) + "\n"
