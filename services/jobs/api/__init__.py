"""The routes of jobs."""

from services.jobs.api import (
    appointments,
    cases,
    claims,
    compensations,
    endings,
    feed,
    jobs,
    on_claims,
    papers,
    payment,
    photos,
    reports,
    talks,
    tax,
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
    papers.router,
    payment.router,
    tax.router,
    reports.router,
    feed.router,
)
