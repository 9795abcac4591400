"""Place names and postcodes: what somebody means by ``Kreuzberg``, ``Koepenick`` or ``8003``."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from shared.kernel.errors import Invalid
from shared.kernel.geo import Point

SAME_M = 3_000
"""Places of one name so near to each other are one: a town and its district."""

AROUND_M = 30_000
"""How far a place may lie from the town that is named to tell it from others."""

TOWN = 20_000
"""Inhabitants from which on a town is fit to tell where a smaller place is."""

CLEARLY_LARGER = 10
"""The place that is meant when it has so many times the inhabitants of the next one."""

SHOWN = 5
PART = 4
"""Letters from which on a part of a name is enough."""

_POSTCODE = re.compile(r"(?:[A-Za-z]{1,2}-)?(\d{4,5})(?:\s+\D.*)?")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "œ": "oe", "æ": "ae", "ı": "i"})
_SAINTS = {"sankt", "saint", "sainte", "sant", "san"}


@dataclass(frozen=True, slots=True)
class Place:
    """people are inhabitants, 0 for a postcode."""

    name: str
    point: Point
    people: int


@dataclass(frozen=True, slots=True)
class Area:
    """Within which places are looked for; radius in metres."""

    centre: Point
    radius_m: float


class Gazetteer:
    """The places of one country. A row: name, latitude, longitude, people, other|names."""

    def __init__(self, rows: Iterable[str]) -> None:
        self._names: dict[str, list[Place]] = {}
        self._others: dict[str, list[Place]] = {}
        self._towns: list[Place] = []
        for row in rows:
            name, lat, lon, people, others = row.rstrip("\n").split("\t")
            aliases = others.split("|") if others else []
            shown = " ".join([name, *aliases[:1]]) if name.isdigit() else name
            place = Place(shown, Point(float(lat), float(lon)), int(people))
            if place.people >= TOWN:
                self._towns.append(place)
            self._file(self._names, name, place)
            for alias in () if name.isdigit() else aliases:
                self._file(self._others, alias, place)

    @staticmethod
    def _file(table: dict[str, list[Place]], name: str, place: Place) -> None:
        for spelling in {folded(name), folded(name.casefold().translate(_UMLAUTS))}:
            known = table.setdefault(spelling, [])
            if place not in known:
                known.append(place)

    def find(self, text: str, area: Area) -> Place:
        """The one place of this name or postcode within the area.

        ``Neustadt, Dresden`` is the one near Dresden, ``8003 Zürich`` is 8003. Invalid when no
        place is meant, or none in particular: then with the member candidates, each of which can
        be asked for as it stands there.
        """
        head, _, near = text.partition(",")
        found = self._within(head, area)
        if near.strip():
            found = self._nearest(found, next(filter(None, self._called(near)), []))
        found = _apart(found)
        if len(found) > 1 and found[0].people < CLEARLY_LARGER * max(1, found[1].people):
            names = [self._label(each) for each in found[:SHOWN]]
            raise Invalid(
                f"several places have this name: {'; '.join(names)}",
                parameter="place",
                code="ambiguous_place",
                candidates=names,
            )
        return found[0]

    def _within(self, text: str, area: Area) -> list[Place]:
        """Those of this name in the area; by a better match, if there is any."""
        known = False
        for found in self._called(text):
            known = known or bool(found)
            inside = [each for each in found if each.point.distance_m(area.centre) <= area.radius_m]
            if inside:
                return inside
        if known:
            raise _unknown("this place lies outside the area that is served")
        raise _unknown("no place of this name or postcode is known here")

    def _called(self, text: str) -> Iterator[list[Place]]:
        """By postcode or name, by another name, by a part of the name: Wiedikon, Alt-Wiedikon."""
        code = _POSTCODE.fullmatch(text.strip())
        name = code[1] if code else folded(text)
        yield self._names.get(name, [])
        yield self._others.get(name, [])
        if len(name) >= PART:
            parts = [
                place
                for known, places in self._names.items()
                if f" {name} " in f" {known} "
                for place in places
            ]
            yield list(dict.fromkeys(parts))

    @staticmethod
    def _nearest(found: Sequence[Place], towns: Sequence[Place]) -> list[Place]:
        """The one that is nearest to a town of that name."""
        ways = [(each.point.distance_m(town.point), each) for each in found for town in towns]
        way, nearest = min(ways, key=lambda each: each[0], default=(AROUND_M + 1.0, None))
        if nearest is None or way > AROUND_M:
            raise _unknown("no place of this name is near there")
        return [nearest]

    def _label(self, place: Place) -> str:
        """With the next town, and so that it can be asked for."""
        ways = [(place.point.distance_m(town.point), town) for town in self._towns]
        near = [each for each in ways if each[0] <= AROUND_M and each[1].name != place.name]
        if not near:
            return place.name
        return f"{place.name}, {min(near, key=lambda each: each[0])[1].name}"


def folded(text: str) -> str:
    """Lower-case letters and digits without accents: ``Sankt Gallen`` and ``St. Gällen`` alike."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    words = re.sub("[^0-9a-z]+", " ", re.sub("[\u0300-\u036f]", "", plain)).split()
    return " ".join("st" if word in _SAINTS else word for word in words)


def _apart(found: Sequence[Place]) -> list[Place]:
    """Largest first, without the smaller ones of several that lie together."""
    kept: list[Place] = []
    for each in sorted(found, key=lambda place: -place.people):
        if all(each.point.distance_m(other.point) > SAME_M for other in kept):
            kept.append(each)
    return kept


def _unknown(detail: str) -> Invalid:
    return Invalid(detail, parameter="place", code="unknown_place")
