"""Jobs, wired."""

from collections.abc import Sequence

from fastapi import FastAPI

from services.jobs.api import ROUTERS
from services.jobs.consumers import consumers
from services.jobs.settings import Settings
from services.jobs.store import (
    Answers,
    CalendarStore,
    CaseStore,
    ClaimStore,
    CompensationStore,
    EvidenceFiles,
    HelperRows,
    JobStore,
    LookStore,
    Parts,
    PhotoFiles,
    ReceiptBookStore,
    ReceiptStore,
)
from services.jobs.watch import CaseWatch
from shared.media import Studio
from shared.service import build_service
from shared.settings import load
from shared.store import Database, FileKeys

STORES = (
    JobStore,
    CalendarStore,
    ReceiptBookStore,
    ReceiptStore,
    HelperRows,
    ClaimStore,
    EvidenceFiles,
    CaseStore,
    CompensationStore,
    PhotoFiles,
    LookStore,
    Answers,
    Parts,
)


def create(settings: Settings | None = None) -> FastAPI:
    """The ASGI application; settings come from the environment unless given."""
    chosen = settings or load(Settings)
    known = [each.get_secret_value() for each in chosen.file_keys_known]
    keys = FileKeys(chosen.file_secret.get_secret_value(), known)

    def resources(database: Database) -> Sequence[object]:
        return Studio(), keys, CaseWatch(database)

    return build_service(
        "jobs",
        chosen,
        routers=ROUTERS,
        consumers=consumers,
        stores=STORES,
        resources=resources,
    )
