"""The search: candidates by cells, ring by ring outward, and how hits are shown."""

from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from services.profiles.model import cells, ranking
from services.profiles.model.availability import Interval
from services.profiles.model.search import Hit, Search, hit, position
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


class HitsView(Page[HitView]):
    """ranking_version names the weights and formulas behind explain."""

    ranking_version: str


async def find_hits(search: Search, scope: Scope) -> list[Hit]:
    """All hits among the nearest candidates, best first by the wanted order, ties by id."""
    hits: list[Hit] = []
    helpers, rows = scope.store(HelperStore), scope.store(JobRows)
    zone = ZoneInfo(scope.tenant.time_zone)
    for keys in cells.rings(search.near, search.radius_m, search.skill):
        booked: dict[str, list[Interval]] = {}
        if search.available_at is None:
            found = await helpers.filed_under(keys, READ_AT_MOST)
        else:
            found = await helpers.filed_with_hours(keys, READ_AT_MOST)
            booked = await rows.booked([each.id for each in found])
        for each in found:
            matched = hit(each, search, booked.get(each.id, ()), now=scope.now, zone=zone)
            if matched is not None:
                hits.append(matched)
        if len(hits) >= CANDIDATES:
            break
    return sorted(hits, key=lambda found: position(found, search.sort))


def hit_view(found: Hit, now: datetime) -> HitView:
    helper, profile = found.helper, found.helper.profile
    return HitView(
        id=helper.id,
        display_name=helper.standing.display_name,
        headline=profile.headline,
        skills=profile.skills,
        languages=profile.languages,
        hourly_rate=MoneyOut.of(profile.hourly_rate),
        min_minutes=profile.min_minutes,
        place=PointOut.of(profile.place.rounded()),
        distance_m=found.distance_m,
        rating=rating_view(helper.rating),
        newcomer=is_newcomer(helper.rating),
        insured=helper.insured(now),
        trader_status=profile.trader_status.value,
        photo_url=photo_url(helper.id, helper.photo_id),
        score=found.score,
        explain=[
            ContributionView(factor=each.factor, weight=each.weight, contribution=each.contribution)
            for each in ranking.explain(found.signals)
        ],
    )
