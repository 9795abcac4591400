"""Messaging, wired."""

from collections.abc import Sequence

from fastapi import FastAPI

from services.messaging.api import ROUTERS
from services.messaging.consumers import consumers
from services.messaging.settings import Settings
from services.messaging.store import (
    Acquaintances,
    Answers,
    Conversations,
    Evidences,
    FeedEntries,
    HelperRows,
    JobRows,
    Messages,
    Parts,
    Tickets,
)
from services.messaging.streams import Streams
from shared.rabbit import Wakeups
from shared.service import build_service
from shared.settings import load
from shared.store import Database

STORES = (
    Conversations,
    Messages,
    Acquaintances,
    Evidences,
    FeedEntries,
    Tickets,
    JobRows,
    HelperRows,
    Answers,
    Parts,
)


def create(settings: Settings | None = None) -> FastAPI:
    """The ASGI application; settings come from the environment unless given."""
    chosen = settings or load(Settings)

    def resources(_: Database) -> Sequence[object]:
        wakeups = Wakeups(chosen.amqp_url.get_secret_value(), "messaging.wakeups")
        return wakeups, Streams(wakeups)

    return build_service(
        "messaging",
        chosen,
        routers=ROUTERS,
        consumers=consumers,
        stores=STORES,
        resources=resources,
    )
