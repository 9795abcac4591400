"""The yearly report of helpers' income: read in batches, so that its length does not matter."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from zoneinfo import ZoneInfo

from services.jobs.model.credit_notes import CreditNote
from services.jobs.model.income import Entry, Income, Quarter, behind
from services.jobs.model.receipts import Receipt
from services.jobs.model.tax import TaxData
from services.jobs.store import CreditNoteStore, ReceiptStore, TaxStore
from services.jobs.tax_seal import open_tax_data
from services.jobs.views.tax import TaxDataView, tax_data_view
from shared.http.fields import MoneyOut, View
from shared.scope import Scope

PAPERS = 200
"""Receipts, and credit notes, read at once."""

HELPERS = 50
"""Helpers whose tax data are opened at once."""

E = TypeVar("E", Receipt, CreditNote)


@dataclass(frozen=True)
class Earner:
    """A helper with income; data is None for whoever has not handed them in."""

    income: Income
    data: TaxData | None


class QuarterView(View):
    """consideration is gross less commission; gross is receipts less refunds of the quarter."""

    quarter: int
    consideration: MoneyOut
    gross: MoneyOut
    commission: MoneyOut
    activities: int

    @classmethod
    def of(cls, number: int, quarter: Quarter, currency: str) -> "QuarterView":
        def money(amount: int) -> MoneyOut:
            return MoneyOut(amount_minor=amount, currency=currency)

        return cls(
            quarter=number,
            consideration=money(quarter.consideration),
            gross=money(quarter.gross),
            commission=money(quarter.commission),
            activities=quarter.activities,
        )


class EarnerView(View):
    """tax_data is null for whoever has not handed them in; quarters are always four."""

    helper_id: str
    tax_data: TaxDataView | None
    quarters: list[QuarterView]


def earner_view(earner: Earner) -> EarnerView:
    income = earner.income
    return EarnerView(
        helper_id=income.helper_id,
        tax_data=None if earner.data is None else tax_data_view(earner.data),
        quarters=[
            QuarterView.of(number, quarter, income.currency)
            for number, quarter in enumerate(income.quarters, 1)
        ],
    )


async def earners(
    year: int, scope: Scope, after: str = "", batch: int = HELPERS
) -> AsyncIterator[list[Earner]]:
    """Everybody with income in this year, by id, behind the helper after; in batches."""
    waiting: list[Income] = []
    async for income in _incomes(year, behind(after) if after else "", scope):
        waiting.append(income)
        if len(waiting) == batch:
            yield await _known(waiting, scope)
            waiting = []
    if waiting:
        yield await _known(waiting, scope)


async def _known(incomes: list[Income], scope: Scope) -> list[Earner]:
    ids = [income.helper_id for income in incomes]
    records = await scope.store(TaxStore).of_helpers(ids)
    found = []
    for income in incomes:
        record = records.get(income.helper_id)
        sealed = record.data if record else None
        data = None if sealed is None else open_tax_data(sealed, income.helper_id, scope)
        found.append(Earner(income, data))
    return found


async def _incomes(year: int, after: str, scope: Scope) -> AsyncIterator[Income]:
    """The papers of both kinds run side by side in the order of helpers."""
    zone, currency = ZoneInfo(scope.tenant.time_zone), scope.tenant.currency
    current: Income | None = None
    async for paper in _side_by_side(year, after, scope):
        if current is None or current.helper_id != paper.helper_id:
            if current is not None:
                yield current
            current = Income(paper.helper_id, currency)
        current.add(paper, zone)
    if current is not None:
        yield current


async def _side_by_side(year: int, after: str, scope: Scope) -> AsyncIterator[Entry]:
    receipts = _one_by_one(scope.store(ReceiptStore).of_year, year, after)
    notes = _one_by_one(scope.store(CreditNoteStore).of_year, year, after)
    receipt, note = await anext(receipts, None), await anext(notes, None)
    while receipt is not None or note is not None:
        if note is None or (receipt is not None and receipt.filed < note.filed):
            assert receipt is not None, "one of the two is there"
            yield receipt
            receipt = await anext(receipts, None)
        else:
            yield note
            note = await anext(notes, None)


async def _one_by_one(
    read: Callable[[int, str, int], Awaitable[list[E]]], year: int, after: str
) -> AsyncIterator[E]:
    while found := await read(year, after, PAPERS):
        for paper in found:
            yield paper
        after = found[-1].filed
