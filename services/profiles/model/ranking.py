"""The explained score of a search hit: five factors, each with its weight and contribution."""

from dataclasses import dataclass

VERSION = "1"
"""Rises with every change of a weight or a formula below."""

WEIGHTS = {
    "skill_level": 30,
    "rating": 25,
    "distance": 20,
    "slot_fit": 15,
    "reliability": 10,
}

AMPLE_WEEK = 20 * 60
"""Open minutes in a week that count as fully available, where no time is wished for."""

AMPLE_TIME = 4 * 60
"""Free minutes from the wished time on that count as a full fit."""

UNRATED = 4.0
"""Score of somebody without reviews: near what most get, so that newcomers are found at all."""

TRUST = (8, 10)
"""Reliability starts as if 8 of 10 jobs had been kept; a helper's own jobs soon outweigh that."""


@dataclass(frozen=True)
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


@dataclass(frozen=True)
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
    values = (
        signals.skill_level,
        (rating - 1) / 4,
        1 - signals.distance_m / signals.radius_m,
        fit,
        (kept + signals.jobs_kept) / (seen + signals.jobs_kept + signals.jobs_broken),
    )
    return tuple(
        round(weight * min(1.0, max(0.0, value)), 2)
        for weight, value in zip(WEIGHTS.values(), values, strict=True)
    )


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
