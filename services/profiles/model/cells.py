"""Search by cells: where on the hexagonal grid a helper is filed, and which cells a search reads.

H3 cells of resolution 7 are about 2 km across and 5 square kilometres large.
"""

import math
from collections.abc import Sequence

import h3

from shared.kernel.geo import Point

RESOLUTION = 7
ANY_SKILL = "*"

SURPLUS = 1.3
"""A step reads so many times what should do, as crowds thin out."""

LEAP = 3
"""The next step reaches at most so many times as far, and two rings: emptiness may end there."""

_SLACK = 0.97
"""Cells shrink and turn a little from one to the next."""


def keys_at(place: Point, skills: Sequence[str]) -> list[str]:
    """The keys of a helper who lives about there: one for each skill and one for any."""
    cell = h3.latlng_to_cell(place.lat, place.lon, RESOLUTION)
    return [f"{skill}|{cell}" for skill in (ANY_SKILL, *skills)]


class Rings:
    """What a search reads, ring by ring outward, until a circle of radius_m is covered or enough
    helpers match. How far a step goes follows from how many have matched so far: few round trips
    where nobody lives, little read in vain where many do.
    """

    def __init__(self, centre: Point, radius_m: float, skill: str | None, enough: int) -> None:
        self._home = h3.latlng_to_cell(centre.lat, centre.lon, RESOLUTION)
        self._last = _rings_needed(self._home, radius_m)
        self._skill, self._enough = skill or ANY_SKILL, enough
        self._reached = -1

    def beyond(self, matched: int) -> list[str]:
        """The keys of the next step; none when it is over. matched: all that matched so far."""
        if matched >= self._enough or self._reached == self._last:
            return []
        first, self._reached = self._reached + 1, self._next(matched)
        rings = range(first, self._reached + 1)
        return [f"{self._skill}|{cell}" for k in rings for cell in h3.grid_ring(self._home, k)]

    def _next(self, matched: int) -> int:
        """As far as it takes if all around is as crowded as what was read."""
        farthest = min(self._last, LEAP * self._reached + 2) if self._reached >= 0 else 0
        if not matched:
            return farthest
        wanted = SURPLUS * self._enough * _cells_within(self._reached) / matched
        # From 1 + 3k(k + 1) cells within k rings.
        ring = math.ceil((math.sqrt(12 * max(wanted, 1) - 3) - 3) / 6)
        return min(farthest, max(self._reached + 1, ring))


def _cells_within(ring: int) -> int:
    return 1 + 3 * ring * (ring + 1)


def _rings_needed(home: str, radius_m: float) -> int:
    """The smallest k for which no point within radius_m of home lies beyond ring k.

    The outline of k rings is a hexagon; its sides are nearer than its corners by half the root
    of three. Both the searched point and a cell's edge are up to a circumradius off the centres.
    """
    middle = h3.cell_to_latlng(home)

    def away(other: tuple[float, float]) -> float:
        return float(h3.great_circle_distance(middle, other, "m"))

    neighbours = [each for each in h3.grid_ring(home, 1) if each != home]
    spacing = min(away(h3.cell_to_latlng(each)) for each in neighbours) * _SLACK
    circumradius = max(away(corner) for corner in h3.cell_to_boundary(home)) / _SLACK
    ring = spacing * math.sqrt(3) / 2
    return max(0, math.ceil((radius_m + 2 * circumradius) / ring) - 1)
