"""Messaging, wired."""

from collections.abc import Sequence

from fastapi import FastAPI

from services.messaging.api import ROUTERS
from services.messaging.commands import Orphans
from services.messaging.consumers import consumers
from services.messaging.links import Links
from services.messaging.settings import Settings
from services.messaging.store import (
    Acquaintances,
    Answers,
    AttachmentFiles,
    Attachments,
    CaseRows,
    Conversations,
    Evidences,
    FeedEntries,
    Followers,
    HelperRows,
    JobRows,
    LookStore,
    Messages,
    NoticeSettings,
    Parts,
    Tickets,
)
from services.messaging.streams import Streams
from shared.kernel.clock import BusinessClock
from shared.mail import MailStore, Postman
from shared.media import Studio
from shared.rabbit import Wakeups
from shared.service import build_service
from shared.settings import load
from shared.store import Database

STORES = (
    Conversations,
    Messages,
    Acquaintances,
    Evidences,
    Attachments,
    AttachmentFiles,
    FeedEntries,
    Followers,
    Tickets,
    NoticeSettings,
    LookStore,
    MailStore,
    JobRows,
    CaseRows,
    HelperRows,
    Answers,
    Parts,
)


def create(settings: Settings | None = None) -> FastAPI:
    """The ASGI application; settings come from the environment unless given."""
    chosen = settings or load(Settings)

    def resources(database: Database) -> Sequence[object]:
        links = Links(chosen.cursor_secret.get_secret_value().encode(), chosen.public_port)
        post = Postman(database, chosen.smtp_url)
        wakeups = Wakeups(chosen.amqp_url.get_secret_value(), "messaging.wakeups")
        orphans = Orphans(database, BusinessClock(chosen.clock_offset_file).now)
        return wakeups, Streams(wakeups, database), Studio(), orphans, links, post

    return build_service(
        "messaging",
        chosen,
        routers=ROUTERS,
        consumers=consumers,
        stores=STORES,
        resources=resources,
    )
