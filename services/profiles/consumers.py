"""What profiles hears: accounts and rules that decide who is listed, jobs, and ratings."""

from typing import Any

from services.profiles import commands
from services.profiles.model.record import job_row
from services.profiles.model.standing import Rating
from services.profiles.privacy import ProfilesData
from services.profiles.store import Answers, JobRows, Parts
from shared.contracts.base import Delivered
from shared.contracts.identity import (
    AccountErased,
    AccountReinstated,
    AccountSnapshot,
    AccountSuspended,
    AccountUpdated,
    AccountVerified,
    TenantConfigured,
    TenantFacts,
    TenantSnapshot,
)
from shared.contracts.jobs import JobEvent
from shared.contracts.profiles import ExpiryWarned
from shared.contracts.reviews import RatingChanged, RatingFacts, RatingSnapshot
from shared.offboarding import add_offboarding
from shared.privacy import add_privacy
from shared.rabbit import Consumers
from shared.replicas import People, TenantReplica, TenantRow, add_replicas
from shared.scope import Scope

consumers = Consumers("profiles")
add_replicas(consumers)
add_offboarding(consumers)
add_privacy(consumers, "profiles", Answers, Parts, ProfilesData())


@consumers.on(
    "listing",
    AccountVerified,
    AccountUpdated,
    AccountSuspended,
    AccountReinstated,
    AccountErased,
    AccountSnapshot,
    TenantConfigured,
    TenantSnapshot,
)
async def judge_listing(delivered: Delivered[Any], scope: Scope) -> None:
    """The replica is written here too, as the other queue may be behind this one."""
    facts = delivered.event.facts
    if isinstance(facts, TenantFacts):
        row = TenantRow(delivered.subject, facts)
        await scope.store(TenantReplica).put(row, delivered)
        await commands.follow_tenant(scope)
        return
    await scope.store(People).follow(delivered)
    await commands.follow_sources(commands.FollowSources(delivered.subject), scope)


@consumers.on("jobs", JobEvent)
async def keep_job(delivered: Delivered[Any], scope: Scope) -> None:
    row = job_row(delivered.subject, delivered.event.facts)
    # What was overtaken is counted with the newer row, and that one's delivery sees to it.
    if row is not None and await scope.store(JobRows).put(row, delivered):
        await commands.keep_job(commands.KeepJob(row), scope)


@consumers.on("ratings", RatingChanged, RatingSnapshot)
async def keep_rating(delivered: Delivered[Any], scope: Scope) -> None:
    facts: RatingFacts = delivered.event.facts
    rating = Rating(facts.mean, facts.count, facts.score, delivered.sequence)
    await commands.rate_helper(
        commands.RateHelper(facts.helper_id, rating, again=delivered.is_snapshot), scope
    )


@consumers.on("warnings", ExpiryWarned)
async def warn_helper(delivered: Delivered[ExpiryWarned], scope: Scope) -> None:
    for expiry in delivered.event.facts.warned:
        await commands.warn_helper(commands.WarnHelper(delivered.subject, expiry), scope)
