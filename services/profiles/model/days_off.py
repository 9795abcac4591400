"""Public holidays as days off, for helpers who keep those of their country or region."""

import re
from functools import cache

from shared.kernel.errors import Invalid

YEARS_AHEAD = 1
"""Days off are known for the current year and so many more; no slot is booked further ahead."""

_REGION = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_POINTER = "/availability/public_holidays"


def check(region: str, country: str) -> None:
    """Invalid unless region is the country's ISO 3166-1 code or one of its ISO 3166-2 codes."""
    if not _REGION.fullmatch(region) or region[:2] != country:
        raise Invalid(
            f"must be {country} or a region of it in ISO 3166-2, e.g. {country}-BE",
            pointer=_POINTER,
        )
    try:
        in_year(region, 2026)
    except NotImplementedError:
        raise Invalid(
            "the public holidays of this region are not known", pointer=_POINTER
        ) from None


def around(region: str, year: int) -> list[str]:
    """The region's public holidays (ISO dates, ascending) of year and YEARS_AHEAD more."""
    return [day for each in range(year, year + YEARS_AHEAD + 1) for day in in_year(region, each)]


@cache
def in_year(region: str, year: int) -> tuple[str, ...]:
    """By the library's tables, ascending. NotImplementedError where it has none."""
    # Imported late: few helpers ask for it, and it costs every process a second and 40 MB.
    import holidays

    country, _, division = region.partition("-")
    days = holidays.country_holidays(country, subdiv=division or None, years=year)
    return tuple(sorted(day.isoformat() for day in days))
