"""Jobs, wired."""

from fastapi import FastAPI

from services.jobs.api import ROUTERS
from services.jobs.consumers import consumers
from services.jobs.settings import Settings
from services.jobs.store import (
    Answers,
    CalendarStore,
    HelperRows,
    JobStore,
    Parts,
    ReceiptBookStore,
    ReceiptStore,
)
from shared.service import build_service
from shared.settings import load

STORES = (JobStore, CalendarStore, ReceiptBookStore, ReceiptStore, HelperRows, Answers, Parts)


def create(settings: Settings | None = None) -> FastAPI:
    """The ASGI application; settings come from the environment unless given."""
    return build_service(
        "jobs",
        settings or load(Settings),
        routers=ROUTERS,
        consumers=consumers,
        stores=STORES,
    )
