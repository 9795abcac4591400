"""What a search looks for, and which of the helpers it finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from services.profiles.model import ranking
from services.profiles.model.availability import Availability, Interval, free_intervals
from services.profiles.model.document import DocumentKind
from services.profiles.model.helper import Helper
from services.profiles.model.ranking import Signals
from services.profiles.model.standing import Rating
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


@dataclass(frozen=True, slots=True)
class Card:
    """As much of a listed helper as a search reads and shows.

    skills are the shown ones with the qualification's score. place is the public one: whether
    somebody is found, and where in the list, must not tell where exactly they live.
    """

    id: str
    display_name: str
    headline: str
    skills: dict[str, float]
    languages: list[str]
    hourly_rate: Money
    min_minutes: int
    place: Point
    radius_m: int
    trader_status: Literal["private", "trader"]
    photo_id: str | None
    weekly_minutes: int
    jobs_kept: int
    jobs_broken: int
    rating: Rating | None = None
    proven: bool = False
    proven_until: datetime | None = None

    @classmethod
    def of(cls, helper: Helper) -> "Card":
        """Of a listed helper, whose profile is complete."""
        profile, proof = helper.profile, helper.proofs.get(DocumentKind.INSURANCE)
        assert profile.place is not None, "a listed helper has a place"
        assert profile.hourly_rate is not None, "a listed helper has a rate"
        known = helper.qualifications
        return cls(
            id=helper.id,
            display_name=helper.standing.display_name,
            headline=profile.headline,
            skills={each: known[each].score for each in profile.skills if each in known},
            languages=profile.languages,
            hourly_rate=profile.hourly_rate,
            min_minutes=profile.min_minutes,
            place=profile.place.rounded(),
            radius_m=profile.radius_m,
            trader_status=profile.trader_status.value,
            photo_id=helper.photo_id,
            weekly_minutes=helper.weekly_minutes,
            jobs_kept=helper.record.kept,
            jobs_broken=helper.record.broken,
            rating=helper.rating,
            proven=proof is not None,
            proven_until=proof.valid_until if proof else None,
        )

    def insured(self, now: datetime) -> bool:
        """Whether a verified insurance is in force."""
        return self.proven and (self.proven_until is None or self.proven_until > now)


@dataclass(frozen=True, slots=True)
class Hit:
    """distance_m is rounded: neither score nor cursor may tell where exactly somebody lives."""

    card: Card
    distance_m: int
    signals: Signals
    score: float


def distance(card: Card, search: Search, now: datetime) -> float | None:
    """How far away in metres; None when the helper is not what is looked for."""
    away = card.place.distance_m(search.near)
    if away > search.radius_m or away > card.radius_m:
        return None
    if search.language is not None and search.language not in card.languages:
        return None
    if search.max_rate is not None and card.hourly_rate.amount_minor > search.max_rate:
        return None
    if search.insured is not None and search.insured != card.insured(now):
        return None
    return away


def free_minutes(
    hours: Availability,
    booked: Sequence[Interval],
    at: datetime,
    *,
    now: datetime,
    zone: ZoneInfo,
) -> float:
    """For how long the helper is free from then on; 0 when they are not."""
    free = free_intervals(hours, zone, booked, now=now, start=at, end=at + LOOK_AHEAD)
    if not free or free[0].start != at:
        return 0.0
    return (free[0].end - at).total_seconds() / 60


def hit(card: Card, search: Search, away: float, free: float | None = None) -> Hit | None:
    """A helper at this distance as a hit; None when they are free for too short a time."""
    if free is not None and free < card.min_minutes:
        return None
    distance_m = round(away / DISTANCE_STEP) * DISTANCE_STEP
    signals = Signals(
        skill_level=_skill_level(card.skills, search.skill),
        rating=card.rating.score if card.rating else None,
        distance_m=distance_m,
        radius_m=search.radius_m,
        weekly_minutes=card.weekly_minutes,
        free_minutes=free,
        jobs_kept=card.jobs_kept,
        jobs_broken=card.jobs_broken,
    )
    return Hit(card, distance_m, signals, ranking.score(signals))


def _skill_level(scores: dict[str, float], skill: str | None) -> float:
    """Of the skill that is looked for, else of all shown ones on average."""
    if skill is not None:
        return scores.get(skill, 0.0)
    return sum(scores.values()) / len(scores) if scores else 0.0


def position(found: Hit, sort: Sort) -> tuple[float, int, str]:
    """Where a hit stands in the list; also what a cursor holds."""
    if sort == "score":
        first = -found.score
    elif sort == "rate":
        first = float(found.card.hourly_rate.amount_minor)
    else:
        first = float(found.distance_m)
    return first, found.distance_m, found.card.id
