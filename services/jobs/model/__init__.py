"""The rules of jobs: pure and synchronous, cut by behaviour."""

from services.jobs.model.job import Job
from services.jobs.model.state import Caller
from services.jobs.model.transitions import Command, State

__all__ = ["Caller", "Command", "Job", "State"]
