"""The routes of profiles."""

from services.profiles.api import banks, documents, helpers, qualification, ranking, search

ROUTERS = (
    helpers.router,
    qualification.router,
    documents.router,
    banks.router,
    search.router,
    ranking.router,
)
