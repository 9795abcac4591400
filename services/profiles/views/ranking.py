"""How the ranking is published, and shown to those who are ranked."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

from services.profiles.model import ranking
from services.profiles.model.helper import Helper
from services.profiles.model.place_in_list import Share, place_of, why_absent
from services.profiles.model.search import Hit, Search
from services.profiles.views.helpers import is_newcomer
from services.profiles.views.search import SearchedView, searched_view
from shared.http.fields import View


class FactorView(View):
    """weight is the most a factor adds to a score of at most 100."""

    factor: str
    weight: int
    description: str


class RankingVersionView(View):
    version: str
    valid_since: date
    description: str
    factors: list[FactorView]


class RankingView(View):
    """version is the one in force; versions are all there ever were, newest first."""

    version: str
    versions: list[RankingVersionView]


class OwnFactorView(View):
    """open: the points still to be gained. against_next: how one compares with the next better
    helper, null for the first. suffices: whether what is open here would be enough to pass them.
    advice is null where little is left to gain.
    """

    factor: str
    weight: int
    contribution: float
    open: float
    against_next: Literal["clearly_ahead", "ahead", "level", "behind", "clearly_behind"] | None
    suffices: bool
    advice: str | None


class OwnRankingView(View):
    """One's own place among the hits of a search, from 1; null with the reason in not_found.

    points_to_next are rounded; null for the first. Nothing here tells who the others are.
    """

    searched: SearchedView
    skill: str | None
    ranking_version: str
    newcomer: bool
    position: int | None
    of: int
    not_found: (
        Literal["not_listed", "skill_not_shown", "out_of_reach", "nearer_ones_are_enough"] | None
    )
    score: float | None
    points_to_next: int | None
    factors: list[OwnFactorView]


def ranking_view() -> RankingView:
    return RankingView(
        version=ranking.VERSION,
        versions=[
            RankingVersionView(
                version=each.number,
                valid_since=each.since,
                description=each.description,
                factors=[
                    FactorView(factor=one.name, weight=one.weight, description=one.meaning)
                    for one in each.factors
                ],
            )
            for each in reversed(ranking.VERSIONS)
        ],
    )


def own_ranking_view(
    helper: Helper, search: Search, hits: Sequence[Hit], place: str | None
) -> OwnRankingView:
    found = place_of(helper.id, hits)
    return OwnRankingView(
        searched=searched_view(search, place),
        skill=search.skill,
        ranking_version=ranking.VERSION,
        newcomer=is_newcomer(helper.rating),
        position=found.position if found else None,
        of=found.of if found else len(hits),
        not_found=None if found else why_absent(helper, search),
        score=found.score if found else None,
        points_to_next=found.missing if found else None,
        factors=[_factor_view(each) for each in found.shares] if found else [],
    )


def _factor_view(share: Share) -> OwnFactorView:
    return OwnFactorView(
        factor=share.own.factor,
        weight=share.own.weight,
        contribution=share.own.contribution,
        open=share.open,
        against_next=share.against_next,
        suffices=share.suffices,
        advice=share.advice,
    )
