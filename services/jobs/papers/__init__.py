"""The papers of a job as PDF: agreement, receipt and credit note, made off the event loop."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from services.jobs.papers.agreement import agreement_paper
from services.jobs.papers.credit_note import credit_note_paper
from services.jobs.papers.letterhead import Letterhead, Names
from services.jobs.papers.receipt import receipt_paper

__all__ = ["Letterhead", "Names", "Press", "agreement_paper", "credit_note_paper", "receipt_paper"]

_PRESSES = 2
"""Papers made at the same time: each takes tens of milliseconds of a core."""

P = TypeVar("P")


class Press:
    """Makes papers, a few at once. The same facts make the same bytes."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(_PRESSES)

    async def print(self, paper: Callable[[], P]) -> P:
        async with self._places:
            return await asyncio.to_thread(paper)
