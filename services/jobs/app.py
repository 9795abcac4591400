"""Jobs, wired."""

from collections.abc import Sequence

from fastapi import FastAPI

from services.jobs.api import ROUTERS
from services.jobs.consumers import consumers
from services.jobs.line_test import HttpLineAdapter, LineTest
from services.jobs.papers import Press
from services.jobs.settings import Settings
from services.jobs.store import (
    Answers,
    AppointmentStore,
    CalendarStore,
    CaseStore,
    ClaimStore,
    CompensationStore,
    CreditNoteBookStore,
    CreditNoteStore,
    EvidenceFiles,
    FeedStore,
    HelperRows,
    JobStore,
    LookStore,
    Parts,
    PhotoFiles,
    ReceiptBookStore,
    ReceiptStore,
    TaxStore,
)
from services.jobs.watch import CaseWatch
from shared.mail import MailStore, Postman
from shared.media import Studio
from shared.service import build_service
from shared.settings import load
from shared.store import Database, FileKeys

STORES = (
    JobStore,
    CalendarStore,
    ReceiptBookStore,
    ReceiptStore,
    ClaimStore,
    EvidenceFiles,
    CaseStore,
    CompensationStore,
    PhotoFiles,
    CreditNoteBookStore,
    CreditNoteStore,
    TaxStore,
    AppointmentStore,
    FeedStore,
    MailStore,
    HelperRows,
    LookStore,
    Answers,
    Parts,
)


def create(settings: Settings | None = None) -> FastAPI:
    """The ASGI application; settings come from the environment unless given."""
    chosen = settings or load(Settings)
    known = [each.get_secret_value() for each in chosen.file_keys_known]
    keys = FileKeys(chosen.file_secret.get_secret_value(), known)

    lines = chosen.line_tests or {}
    token = chosen.line_test_token.get_secret_value()
    adapters = {slug: HttpLineAdapter(str(url), token) for slug, url in lines.items()}

    def resources(database: Database) -> Sequence[object]:
        post = Postman(database, chosen.smtp_url)
        return Studio(), keys, CaseWatch(database), Press(), post, LineTest(adapters)

    return build_service(
        "jobs",
        chosen,
        routers=ROUTERS,
        consumers=consumers,
        stores=STORES,
        resources=resources,
    )
