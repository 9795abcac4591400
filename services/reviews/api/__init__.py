"""The HTTP API of reviews."""

from services.reviews.api import moderation, reading, writing

ROUTERS = (writing.router, reading.router, moderation.router)
