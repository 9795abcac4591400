"""What a search looks for, and which of the helpers it finds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from services.profiles.model import ranking
from services.profiles.model.availability import Availability, Interval, free_intervals
from services.profiles.model.document import DocumentKind
from services.profiles.model.profile import TraderStatus
from services.profiles.model.qualification import Qualification
from services.profiles.model.ranking import Signals
from services.profiles.model.standing import Proof, Rating, Record, Standing
from shared.kernel.geo import Point
from shared.kernel.money import Money

DISTANCE_STEP = 100
"""Metres to which distances are rounded before anybody sees them or what they lead to."""

LOOK_AHEAD = timedelta(hours=12)
"""How far beyond the wished time it is looked for how long somebody is free."""

Sort = Literal["score", "distance", "rate"]


@dataclass(frozen=True)
class Search:
    """What is looked for; None where it does not matter. max_rate in minor units."""

    near: Point
    radius_m: int
    skill: str | None = None
    language: str | None = None
    max_rate: int | None = None
    insured: bool | None = None
    available_at: datetime | None = None
    sort: Sort = "score"


@dataclass(frozen=True)
class Offered:
    """As much of a listed helper's profile as a search needs; hours only where it asks for a
    time."""

    headline: str
    skills: list[str]
    languages: list[str]
    hourly_rate: Money
    min_minutes: int
    place: Point
    radius_m: int
    trader_status: TraderStatus
    availability: Availability | None = None


@dataclass(frozen=True)
class Candidate:
    """A listed helper as a search reads them, field by field the same as Helper."""

    id: str
    standing: Standing
    profile: Offered
    weekly_minutes: int
    photo_id: str
    qualifications: dict[str, Qualification]
    proofs: dict[str, Proof] = field(default_factory=dict)
    rating: Rating | None = None
    record: Record = field(default_factory=Record)

    def insured(self, now: datetime) -> bool:
        """Whether a verified insurance is in force."""
        proof = self.proofs.get(DocumentKind.INSURANCE)
        return proof is not None and proof.holds(now)


@dataclass(frozen=True)
class Hit:
    """distance_m is rounded: neither score nor cursor may tell where exactly somebody lives."""

    helper: Candidate
    distance_m: int
    signals: Signals
    score: float


def hit(
    helper: Candidate,
    search: Search,
    booked: Sequence[Interval],
    *,
    now: datetime,
    zone: ZoneInfo,
) -> Hit | None:
    """The helper as a hit; None when they do not match. booked matters where a time is wished."""
    # From the public place: whether somebody is found at all must not tell where they live.
    distance = helper.profile.place.rounded().distance_m(search.near)
    if distance > min(search.radius_m, helper.profile.radius_m):
        return None
    if not _suits(helper, search, now):
        return None
    free: float | None = None
    if search.available_at is not None:
        free = _free_minutes(helper, booked, search.available_at, now, zone)
        if free < helper.profile.min_minutes:
            return None
    distance_m = round(distance / DISTANCE_STEP) * DISTANCE_STEP
    signals = Signals(
        skill_level=_skill_level(helper, search.skill),
        rating=helper.rating.score if helper.rating else None,
        distance_m=distance_m,
        radius_m=search.radius_m,
        weekly_minutes=helper.weekly_minutes,
        free_minutes=free,
        jobs_kept=helper.record.kept,
        jobs_broken=helper.record.broken,
    )
    return Hit(helper, distance_m, signals, ranking.score(signals))


def _suits(helper: Candidate, search: Search, now: datetime) -> bool:
    profile = helper.profile
    if search.language is not None and search.language not in profile.languages:
        return False
    if search.max_rate is not None and profile.hourly_rate.amount_minor > search.max_rate:
        return False
    return search.insured is None or search.insured == helper.insured(now)


def _free_minutes(
    helper: Candidate, booked: Sequence[Interval], at: datetime, now: datetime, zone: ZoneInfo
) -> float:
    """For how long the helper is free from then on; 0 when they are not."""
    plan = helper.profile.availability or Availability()
    free = free_intervals(plan, zone, booked, now=now, start=at, end=at + LOOK_AHEAD)
    if not free or free[0].start != at:
        return 0.0
    return (free[0].end - at).total_seconds() / 60


def _skill_level(helper: Candidate, skill: str | None) -> float:
    """Of the skill that is looked for, else of all shown ones on average."""
    skills = [skill] if skill else helper.profile.skills
    scores = [helper.qualifications[each].score for each in skills if each in helper.qualifications]
    return sum(scores) / len(scores) if scores else 0.0


def position(found: Hit, sort: Sort) -> tuple[float, int, str]:
    """Where a hit stands in the list; also what a cursor holds."""
    first = {
        "score": -found.score,
        "distance": float(found.distance_m),
        "rate": float(found.helper.profile.hourly_rate.amount_minor),
    }[sort]
    return first, found.distance_m, found.helper.id
