"""Which places are near enough: judged roughly by cells, then exactly by distance.

Reach is judged from a job's public place, so that nobody can find out the exact one by moving
their own; in doubt a job is within reach.
"""

import math

import h3

from shared.kernel.geo import Point

SLACK_M = 710
"""Half the diagonal of the grid of about 1 km that public places are rounded to."""

FARTHEST_M = 50_000
"""No helper travels farther."""

RESOLUTION = 4
"""H3: cells about 45 km across, so that the farthest reach is 37 of them."""

RING_M = 18_000
"""What every ring of cells adds to the reach at least, whatever the map's distortion there."""


def reaches(place: Point, radius_m: int, public_place: Point) -> bool:
    return place.distance_m(public_place) <= radius_m + SLACK_M


def cell_of(place: Point) -> str:
    """The H3 cell in which a helper is at home."""
    return str(h3.latlng_to_cell(place.lat, place.lon, RESOLUTION))


def cells_around(public_place: Point, radius_m: int = FARTHEST_M) -> list[str]:
    """Every cell from which somebody who travels radius_m reaches this place, and some more."""
    rings = math.ceil((radius_m + SLACK_M) / RING_M)
    return [str(cell) for cell in h3.grid_disk(cell_of(public_place), rings)]
