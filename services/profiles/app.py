"""Profiles, wired."""

from collections.abc import Sequence

from fastapi import FastAPI

from services.profiles.api import ROUTERS
from services.profiles.consumers import consumers
from services.profiles.gazetteer import Places
from services.profiles.settings import Settings
from services.profiles.store import (
    Answers,
    AttemptStore,
    DocumentFiles,
    DocumentStore,
    HelperStore,
    JobRows,
    LookStore,
    Parts,
    Photos,
    QuestionBankStore,
)
from shared.mail import MailStore, Postman
from shared.media import Studio
from shared.service import build_service
from shared.settings import load
from shared.store import Database, FileKeys

STORES = (
    HelperStore,
    AttemptStore,
    QuestionBankStore,
    DocumentStore,
    JobRows,
    LookStore,
    MailStore,
    Photos,
    DocumentFiles,
    Answers,
    Parts,
)


def create(settings: Settings | None = None) -> FastAPI:
    """The ASGI application; settings come from the environment unless given."""
    chosen = settings or load(Settings)
    known = [each.get_secret_value() for each in chosen.file_keys_known]
    keys = FileKeys(chosen.file_secret.get_secret_value(), known)

    def resources(database: Database) -> Sequence[object]:
        return Studio(), Places(), keys, Postman(database, chosen.smtp_url)

    return build_service(
        "profiles",
        chosen,
        routers=ROUTERS,
        consumers=consumers,
        stores=STORES,
        resources=resources,
    )
