"""The collections of jobs and their named look-ups."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from services.jobs.model import Job, State
from services.jobs.model.calendar import Calendar
from services.jobs.model.helper import Helper
from services.jobs.model.receipts import Receipt, ReceiptBook
from shared.contracts.jobs import JobSnapshot, ReceiptSnapshot
from shared.export import parts_store
from shared.kernel.errors import NotFound
from shared.privacy import answers_of
from shared.store import Index, Projection, Store

NEWEST_FIRST = (("order", -1),)

ARRIVAL = 1.0
"""Seconds to wait for a helper whose listing may still be on its way here."""


class JobStore(Store[Job]):
    """Pages run over ``order``, newest first; before is the last one's of the page before."""

    kind, collection, noun = Job, "jobs", "job"
    snapshot = JobSnapshot
    indexes = (
        Index((("tenant", 1), ("seats", 1), ("order", -1))),
        Index((("tenant", 1), ("seats", 1), ("state", 1), ("order", -1))),
        Index((("tenant", 1), ("open_cells", 1), ("order", -1))),
    )

    async def of(self, seat: str, state: State | None, before: str | None, limit: int) -> list[Job]:
        """The jobs in which somebody has this seat (``customer:acc_...``)."""
        where: dict[str, Any] = {"seats": seat}
        if state is not None:
            where["state"] = state.value
        return await self._find(where | _behind(before), sort=NEWEST_FIRST, limit=limit)

    async def all_of(self, person_id: str, batch: int) -> AsyncIterator[Job]:
        """Every job in which somebody has (or once had) a seat."""
        for seat in (f"customer:{person_id}", f"helper:{person_id}"):
            before: str | None = None
            while found := await self.of(seat, None, before, batch):
                before = found[-1].order
                for job in found:
                    yield job

    async def broadcasts(self, cell: str, before: str | None, limit: int) -> list[Job]:
        """Open broadcasts that may be reached from this cell; by whom is yet to be asked."""
        where = {"open_cells": cell} | _behind(before)
        return await self._find(where, sort=NEWEST_FIRST, limit=limit)


def _behind(before: str | None) -> dict[str, Any]:
    return {} if before is None else {"order": {"$lt": before}}


class CalendarStore(Store[Calendar]):
    """A calendar comes into being with its helper's first hold."""

    kind, collection, noun = Calendar, "calendars", "calendar"

    async def of(self, helper_id: str) -> Calendar:
        return await self.find(helper_id) or Calendar(id=helper_id)


class ReceiptBookStore(Store[ReceiptBook]):
    kind, collection, noun = ReceiptBook, "receipt_books", "receipt book"


class ReceiptStore(Store[Receipt]):
    kind, collection, noun = Receipt, "receipts", "receipt"
    snapshot = ReceiptSnapshot


class HelperRows(Projection[Helper]):
    """The replica of helpers; they are listed, unlisted or suspended by profiles alone."""

    kind, collection, noun = Helper, "helpers", "helper"

    async def listed(self, id: str) -> Helper:
        """The helper, waited for up to a second. NotFound unless listed."""
        deadline = asyncio.get_running_loop().time() + ARRIVAL
        while True:
            helper = await self.find(id)
            if helper is not None and helper.listed:
                return helper
            if asyncio.get_running_loop().time() > deadline:
                raise NotFound("there is no such helper")
            await asyncio.sleep(0.05)


Answers = answers_of("jobs")
Parts = parts_store("jobs")
