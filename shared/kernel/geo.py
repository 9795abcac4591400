"""Points on the globe and the distance between them."""

import math
from dataclasses import dataclass

import h3

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius (IUGG)."""


@dataclass(frozen=True, slots=True)
class Point:
    """WGS 84 degrees."""

    lat: float
    lon: float

    def distance_m(self, other: "Point") -> float:
        """Great-circle distance in metres (haversine)."""
        return float(h3.great_circle_distance((self.lat, self.lon), (other.lat, other.lon), "m"))

    def rounded(self, grid_m: float = 1000.0) -> "Point":
        """The centre of this point's cell in a fixed grid of about grid_m metres.

        Deterministic, so repeated queries cannot average the true place out.
        """
        step_lat = math.degrees(grid_m / EARTH_RADIUS_M)
        lat = (math.floor(self.lat / step_lat) + 0.5) * step_lat
        step_lon = step_lat / max(math.cos(math.radians(lat)), 0.01)
        lon = (math.floor(self.lon / step_lon) + 0.5) * step_lon
        return Point(round(lat, 5), round(lon, 5))
