"""Profiles, wired."""

from fastapi import FastAPI

from services.profiles.api import ROUTERS
from services.profiles.consumers import consumers
from services.profiles.media import Studio
from services.profiles.settings import Settings
from services.profiles.store import (
    AttemptStore,
    DocumentFiles,
    DocumentStore,
    HelperStore,
    JobRows,
    Photos,
    QuestionBankStore,
)
from shared.service import build_service
from shared.settings import load

STORES = (
    HelperStore,
    AttemptStore,
    QuestionBankStore,
    DocumentStore,
    JobRows,
    Photos,
    DocumentFiles,
)


def create(settings: Settings | None = None) -> FastAPI:
    """The ASGI application; settings come from the environment unless given."""
    return build_service(
        "profiles",
        settings or load(Settings),
        routers=ROUTERS,
        consumers=consumers,
        stores=STORES,
        resources=lambda _: (Studio(),),
    )
