"""The explained score of a search hit: factors, each with its weight and contribution.

Every version of it is published for good, with the weights and what they mean.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Factor:
    """weight is the most it adds to the score; meaning says how much it adds when."""

    name: str
    weight: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Version:
    """A ranking as it was in force since a day; description says what it is for or changes."""

    number: str
    since: date
    description: str
    factors: tuple[Factor, ...]


VERSIONS = (
    Version(
        "1",
        date(2026, 11, 22),
        "What counts is whether somebody can do it, does it well, is near, has time and keeps "
        "appointments. Prices are a filter and an order of their own and never count; nobody can "
        "pay for a place. Equal scores are ordered by distance, then by id.",
        (
            Factor(
                "skill_level",
                30,
                "The result of the qualification for the skill that is looked for, of all shown "
                "skills on average if none is.",
            ),
            Factor(
                "rating",
                25,
                "From 1 star (nothing) to 5 stars (all of it), of the rating that weighs newer "
                "reviews more and few reviews less. Without reviews it counts as 4 stars.",
            ),
            Factor(
                "distance",
                20,
                "All of it at the place itself, nothing at the edge of the searched circle; "
                "measured in steps of 100 m from the helper's place rounded to about 1 km.",
            ),
            Factor(
                "slot_fit",
                15,
                "Where a time is wished for: the free time from then on, all of it from 4 hours. "
                "Otherwise the open hours in a week, all of it from 20 hours.",
            ),
            Factor(
                "reliability",
                10,
                "The share of kept jobs among the latest 100 that ended, as if 8 of 10 had been "
                "kept before the first one. Broken: cancelled by the helper, or did not come.",
            ),
        ),
    ),
)
"""Oldest first. A change of a weight or of a formula below is one more version, never another one
of an old number.
"""

NOW_IN_FORCE = VERSIONS[-1]
VERSION = NOW_IN_FORCE.number
WEIGHTS = {factor.name: factor.weight for factor in NOW_IN_FORCE.factors}

AMPLE_WEEK = 20 * 60
"""Open minutes in a week that count as fully available, where no time is wished for."""

AMPLE_TIME = 4 * 60
"""Free minutes from the wished time on that count as a full fit."""

UNRATED = 4.0
"""Score of somebody without reviews: near what most get, so that newcomers are found at all."""

TRUST = (8, 10)
"""Reliability starts as if 8 of 10 jobs had been kept; a helper's own jobs soon outweigh that."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known of one candidate for one search.

    skill_level is the qualification's score (0 to 1), rating 1 to 5 or None; free_minutes counts
    from the wished time on and is None when none was wished.
    """

    skill_level: float
    rating: float | None
    distance_m: float
    radius_m: float
    weekly_minutes: int
    free_minutes: float | None
    jobs_kept: int
    jobs_broken: int


@dataclass(frozen=True, slots=True)
class Contribution:
    """contribution is between 0 and weight; all of a hit's add up to its score."""

    factor: str
    weight: int
    contribution: float


def contributions(signals: Signals) -> tuple[float, ...]:
    """What each factor adds to the score, 0 to its weight, in the order of WEIGHTS."""
    rating = UNRATED if signals.rating is None else signals.rating
    if signals.free_minutes is None:
        fit = signals.weekly_minutes / AMPLE_WEEK
    else:
        fit = signals.free_minutes / AMPLE_TIME
    kept, seen = TRUST
    ended = signals.jobs_kept + signals.jobs_broken
    skill, rated, near, slot, reliable = WEIGHTS.values()
    # Spelled out: this is what a search spends most of its time on.
    return (
        _part(skill, signals.skill_level),
        _part(rated, (rating - 1) / 4),
        _part(near, 1 - signals.distance_m / signals.radius_m),
        _part(slot, fit),
        _part(reliable, (kept + signals.jobs_kept) / (seen + ended)),
    )


def _part(weight: int, value: float) -> float:
    """Of the weight, at most all and at least nothing."""
    if value >= 1:
        return float(weight)
    return round(weight * value, 2) if value > 0 else 0.0


def score(signals: Signals) -> float:
    """0 to 100: the sum of the contributions."""
    return round(sum(contributions(signals)), 2)


def explain(signals: Signals) -> list[Contribution]:
    """How each factor contributes to the score, in the order of weight."""
    return [
        Contribution(factor, weight, contribution)
        for (factor, weight), contribution in zip(
            WEIGHTS.items(), contributions(signals), strict=True
        )
    ]
