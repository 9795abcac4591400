"""The routes of jobs."""

from services.jobs.api import appointments, endings, jobs, talks, visits

ROUTERS = (jobs.router, talks.router, appointments.router, visits.router, endings.router)
