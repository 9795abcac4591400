"""Search by cells: where on the hexagonal grid a helper is filed, and which cells a search reads.

H3 cells of resolution 7 are about 2 km across and 5 square kilometres large.
"""

import math
from collections.abc import Iterator, Sequence

import h3

from shared.kernel.geo import Point

RESOLUTION = 7
ANY_SKILL = "*"

GROWTH = (0, 1, 2, 3, 5, 8, 12, 17, 23, 30, 40)
"""Up to which ring each step of a search goes: few round trips, little read in vain."""

_SLACK = 0.97
"""Cells shrink and turn a little from one to the next."""


def keys_at(place: Point, skills: Sequence[str]) -> list[str]:
    """The keys of a helper who lives about there: one for each skill and one for any."""
    cell = h3.latlng_to_cell(place.lat, place.lon, RESOLUTION)
    return [f"{skill}|{cell}" for skill in (ANY_SKILL, *skills)]


def rings(centre: Point, radius_m: float, skill: str | None) -> Iterator[list[str]]:
    """Keys to look up, ring by ring outward, until a circle of radius_m is covered."""
    home = h3.latlng_to_cell(centre.lat, centre.lon, RESOLUTION)
    last = _rings_needed(home, radius_m)
    first = 0
    for step in GROWTH:
        upto = min(step, last)
        found = [cell for k in range(first, upto + 1) for cell in h3.grid_ring(home, k)]
        yield [f"{skill or ANY_SKILL}|{cell}" for cell in found]
        if upto == last:
            return
        first = upto + 1


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
