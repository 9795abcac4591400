"""The routes of profiles."""

from services.profiles.api import banks, documents, helpers, qualification, ranking, review, search

ROUTERS = (
    helpers.router,
    qualification.router,
    documents.router,
    review.router,
    banks.router,
    search.router,
    ranking.router,
)
