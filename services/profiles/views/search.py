"""The search: candidates by cells, ring by ring outward, and how hits are shown."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from services.profiles.model import ranking
from services.profiles.model.availability import Interval
from services.profiles.model.cells import Rings
from services.profiles.model.search import (
    Hit,
    Search,
    distance,
    free_minutes,
    hit,
    position,
)
from services.profiles.store import HelperStore, JobRows
from services.profiles.views.helpers import RatingView, is_newcomer, photo_url, rating_view
from shared.http.fields import MoneyOut, Page, PointOut, View
from shared.scope import Scope

CANDIDATES = 200
"""Matching helpers after which a search goes no ring further outward."""

READ_AT_MOST = 1_000
"""Helpers read in one step, so that one crowded cell cannot hold up a search."""


class ContributionView(View):
    factor: str
    weight: int
    contribution: float


class HitView(View):
    """place is rounded to about 1 km, distance_m to 100 m; score is the sum of explain."""

    id: str
    display_name: str
    headline: str
    skills: list[str]
    languages: list[str]
    hourly_rate: MoneyOut
    min_minutes: int
    place: PointOut
    distance_m: int
    rating: RatingView | None
    newcomer: bool
    insured: bool
    trader_status: Literal["private", "trader"]
    photo_url: str | None
    score: float
    explain: list[ContributionView]


class SearchedView(View):
    """Around which point was searched; place is how it is called, where it was named."""

    near: PointOut
    place: str | None
    radius_m: int


class HitsView(Page[HitView]):
    """ranking_version names the weights and formulas behind explain, see ``/v1/ranking``."""

    searched: SearchedView
    ranking_version: str


async def find_hits(search: Search, scope: Scope) -> list[Hit]:
    """All hits among the nearest candidates, best first by the wanted order, ties by id."""
    hits: list[Hit] = []
    rings = Rings(search.near, search.radius_m, search.skill, CANDIDATES)
    while keys := rings.beyond(len(hits)):
        if search.available_at is None:
            hits += await _matching(keys, search, scope)
        else:
            hits += await _free(keys, search, search.available_at, scope)
    return sorted(hits, key=lambda found: position(found, search.sort))


async def _matching(keys: Sequence[str], search: Search, scope: Scope) -> list[Hit]:
    found: list[Hit] = []
    for card in await scope.store(HelperStore).filed_under(keys, READ_AT_MOST):
        away = distance(card, search, scope.now)
        if away is not None and (matched := hit(card, search, away)) is not None:
            found.append(matched)
    return found


async def _free(keys: Sequence[str], search: Search, at: datetime, scope: Scope) -> list[Hit]:
    """Those who are free then; bookings are read for those alone who match otherwise."""
    near = [
        (card, hours, away)
        for card, hours in await scope.store(HelperStore).filed_with_hours(keys, READ_AT_MOST)
        if (away := distance(card, search, scope.now)) is not None
    ]
    booked: Mapping[str, Sequence[Interval]] = {}
    if near:
        booked = await scope.store(JobRows).booked([card.id for card, _, _ in near])
    zone, found = ZoneInfo(scope.tenant.time_zone), []
    for card, hours, away in near:
        taken = booked.get(card.id, ())
        free = free_minutes(hours, taken, at, now=scope.now, zone=zone)
        if (matched := hit(card, search, away, free)) is not None:
            found.append(matched)
    return found


def hit_view(found: Hit, now: datetime) -> HitView:
    card = found.card
    return HitView(
        id=card.id,
        display_name=card.display_name,
        headline=card.headline,
        skills=list(card.skills),
        languages=card.languages,
        hourly_rate=MoneyOut.of(card.hourly_rate),
        min_minutes=card.min_minutes,
        place=PointOut.of(card.place),
        distance_m=found.distance_m,
        rating=rating_view(card.rating),
        newcomer=is_newcomer(card.rating),
        insured=card.insured(now),
        trader_status=card.trader_status,
        photo_url=photo_url(card.id, card.photo_id),
        score=found.score,
        explain=contribution_views(found),
    )


def contribution_views(found: Hit) -> list[ContributionView]:
    """What each factor adds to the hit's score, in the order of weight."""
    return [
        ContributionView(factor=each.factor, weight=each.weight, contribution=each.contribution)
        for each in ranking.explain(found.signals)
    ]


def searched_view(search: Search, place: str | None) -> SearchedView:
    return SearchedView(near=PointOut.of(search.near), place=place, radius_m=search.radius_m)
