"""The tables of places, read from the service's own files when somebody first asks for a place."""

import asyncio
from pathlib import Path

from services.profiles.model.places import Area, Gazetteer, Place
from shared.contracts.identity import TenantFacts
from shared.kernel.errors import Invalid

FOLDER = Path(__file__).parent / "places"
"""One file a country, made by ``python -m deploy.places``: GeoNames, CC BY 4.0."""


class Places:
    """One gazetteer a country, kept once it was read; reading is done off the event loop."""

    def __init__(self) -> None:
        self._reading: dict[str, asyncio.Task[Gazetteer]] = {}

    async def find(self, text: str, tenant: TenantFacts) -> Place:
        """The place that is meant in the tenant's area. Invalid (parameter place)."""
        gazetteer = await self._of(tenant.country)
        return gazetteer.find(text, Area(tenant.centre, tenant.radius_m))

    async def _of(self, country: str) -> Gazetteer:
        if country not in self._reading:
            file = FOLDER / f"{country}.tsv"
            if not file.is_file():
                raise Invalid(
                    "places of this country are not known by name, use near",
                    parameter="place",
                    code="unknown_place",
                )
            self._reading[country] = asyncio.create_task(asyncio.to_thread(_read, file))
        return await asyncio.shield(self._reading[country])


def _read(file: Path) -> Gazetteer:
    with file.open(encoding="utf-8") as rows:
        return Gazetteer(rows)
