"""Why somebody stands where they stand in a search, told without telling of anybody else.

The next better one is compared with factor by factor, in words alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from services.profiles.model.helper import Helper
from services.profiles.model.ranking import Contribution, explain
from services.profiles.model.search import Hit, Search
from services.profiles.model.standing import Status

Compared = Literal["clearly_ahead", "ahead", "level", "behind", "clearly_behind"]

Absence = Literal["not_listed", "skill_not_shown", "out_of_reach", "nearer_ones_are_enough"]

LEVEL = 0.05
"""Of a factor's weight: less apart is level."""

CLEARLY = 0.25
"""Likewise, from which on one is clearly ahead."""

ADVICE = {
    "skill_level": "Qualify again when it is due and answer more questions rightly.",
    "rating": "Good reviews raise it, and newer ones count more: ask your customers for theirs.",
    "distance": "It is what it is: the nearer to the customer, the more.",
    "slot_fit": "Open more hours in your week, up to 20.",
    "reliability": "Keep the appointments that you accept; every one that you keep raises it.",
}
"""What would change a factor, as long as there is something left to gain."""


@dataclass(frozen=True, slots=True)
class Share:
    """One's own contribution of a factor. open is what could still be gained.

    against_next compares with the next better one, None for the first. suffices: whether all that
    is open would be enough to pass them.
    """

    own: Contribution
    open: float
    against_next: Compared | None
    suffices: bool
    advice: str | None


@dataclass(frozen=True, slots=True)
class PlaceInList:
    """position counts from 1. missing: the points to the next better one, in whole ones."""

    position: int
    of: int
    score: float
    missing: int | None
    shares: list[Share]


def place_of(helper_id: str, hits: Sequence[Hit]) -> PlaceInList | None:
    """hits: best first. None when the helper is not among them."""
    found = next((place for place, hit in enumerate(hits) if hit.card.id == helper_id), None)
    if found is None:
        return None
    mine, better = hits[found], hits[found - 1] if found else None
    margin = better.score - mine.score if better else None
    own = explain(mine.signals)
    others = explain(better.signals) if better else [None] * len(own)
    return PlaceInList(
        position=found + 1,
        of=len(hits),
        score=mine.score,
        missing=None if margin is None else round(margin),
        shares=[_share(one, other, margin) for one, other in zip(own, others, strict=True)],
    )


def _share(own: Contribution, other: Contribution | None, margin: float | None) -> Share:
    left = round(own.weight - own.contribution, 2)
    return Share(
        own=own,
        open=left,
        against_next=_compared(own, other) if other else None,
        suffices=margin is not None and left > margin and own.factor != "distance",
        advice=ADVICE[own.factor] if left >= own.weight * LEVEL else None,
    )


def _compared(own: Contribution, other: Contribution) -> Compared:
    ahead = (own.contribution - other.contribution) / own.weight
    if abs(ahead) < LEVEL:
        return "level"
    if ahead > 0:
        return "clearly_ahead" if ahead >= CLEARLY else "ahead"
    return "clearly_behind" if -ahead >= CLEARLY else "behind"


def why_absent(helper: Helper, search: Search) -> Absence:
    """Of a helper who is not among the hits of a search without further filters."""
    place = helper.profile.place
    if helper.status is not Status.LISTED or place is None:
        return "not_listed"
    if search.skill is not None and search.skill not in helper.profile.skills:
        return "skill_not_shown"
    away = place.rounded().distance_m(search.near)
    if away > min(search.radius_m, helper.profile.radius_m):
        return "out_of_reach"
    return "nearer_ones_are_enough"
