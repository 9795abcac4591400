"""Reviews, wired."""

from fastapi import FastAPI

from services.reviews.api import ROUTERS
from services.reviews.consumers import consumers
from services.reviews.settings import Settings
from services.reviews.store import Answers, HelperRows, JobRows, Parts, Ratings, ReviewPairs
from shared.mail import MailStore, Postman
from shared.service import build_service
from shared.settings import load

STORES = (ReviewPairs, Ratings, MailStore, JobRows, HelperRows, Answers, Parts)


def create(settings: Settings | None = None) -> FastAPI:
    """The ASGI application; settings come from the environment unless given."""
    chosen = settings or load(Settings)
    return build_service(
        "reviews",
        chosen,
        routers=ROUTERS,
        consumers=consumers,
        stores=STORES,
        resources=lambda database: [Postman(database, chosen.smtp_url)],
    )
