"""Messaging, wired."""

from fastapi import FastAPI

from services.messaging.api import ROUTERS
from services.messaging.consumers import consumers
from services.messaging.settings import Settings
from services.messaging.store import (
    Acquaintances,
    Answers,
    Conversations,
    Evidences,
    HelperRows,
    JobRows,
    Messages,
    Parts,
)
from shared.service import build_service
from shared.settings import load

STORES = (Conversations, Messages, Acquaintances, Evidences, JobRows, HelperRows, Answers, Parts)


def create(settings: Settings | None = None) -> FastAPI:
    """The ASGI application; settings come from the environment unless given."""
    return build_service(
        "messaging",
        settings or load(Settings),
        routers=ROUTERS,
        consumers=consumers,
        stores=STORES,
    )
