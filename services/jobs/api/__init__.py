"""The routes of jobs."""

from services.jobs.api import (
    appointments,
    cases,
    claims,
    compensations,
    endings,
    jobs,
    on_claims,
    photos,
    talks,
    visits,
)

ROUTERS = (
    jobs.router,
    talks.router,
    appointments.router,
    visits.router,
    endings.router,
    claims.router,
    on_claims.router,
    cases.router,
    compensations.router,
    photos.router,
)
