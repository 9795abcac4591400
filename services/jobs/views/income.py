"""The yearly report of helpers' income: read in batches, so that its length does not matter."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from services.jobs.model.income import Entry, Fees, Income, Quarter, behind
from services.jobs.model.tax import TaxData
from services.jobs.store import (
    BEHIND_ALL,
    CreditNoteStore,
    HelperRows,
    JobStore,
    ReceiptStore,
    TaxStore,
)
from services.jobs.tax_seal import open_tax_data
from services.jobs.views.tax import TaxDataView, tax_data_view
from shared.http.fields import MoneyOut, View
from shared.scope import Scope

PAPERS = 200
"""Receipts, credit notes, and jobs with a fee, read at once of each."""

HELPERS = 50
"""Helpers whose tax data are opened at once."""

STRETCH = 100
"""Helpers between two cuts: no look-up has to pass over all that follows."""

Read = Callable[[int, str, str, int], Awaitable[Sequence[Entry]]]
"""Those of a year between two places, in the order of helpers, so many at most."""


@dataclass(frozen=True)
class Earner:
    """A helper with income; data is None for whoever has not handed them in."""

    income: Income
    data: TaxData | None


class QuarterView(View):
    """consideration is gross less commission; gross is receipts less refunds of the quarter, and
    fees: what became due for visits that did not take place, or by a decision."""

    quarter: int
    consideration: MoneyOut
    gross: MoneyOut
    fees: MoneyOut
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
            fees=money(quarter.fees),
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
    """The entries of all kinds run side by side in the order of helpers."""
    zone, currency = ZoneInfo(scope.tenant.time_zone), scope.tenant.currency
    current: Income | None = None
    async for first, last in _stretches(after, scope):
        async for entry in _side_by_side(year, first, last, zone, scope):
            if current is None or current.helper_id != entry.helper_id:
                if current is not None:
                    yield current
                current = Income(entry.helper_id, currency)
            current.add(entry, zone)
    if current is not None:
        yield current


async def _stretches(after: str, scope: Scope) -> AsyncIterator[tuple[str, str]]:
    """All places behind that one, cut behind every so many helpers.

    Where the cuts are matters to nobody: a helper who is not known any more lies in some stretch.
    """
    first, number = after, 0
    async for helper_id in scope.store(HelperRows).ids(after):
        number += 1
        if number % STRETCH == 0:
            yield first, behind(helper_id)
            first = behind(helper_id)
    yield first, BEHIND_ALL


async def _side_by_side(
    year: int, first: str, last: str, zone: ZoneInfo, scope: Scope
) -> AsyncIterator[Entry]:
    async def charged(year: int, after: str, until: str, limit: int) -> list[Fees]:
        jobs = await scope.store(JobStore).charged_in(year, after, until, limit)
        return [Fees.of(job, year, zone) for job in jobs]

    reads: tuple[Read, ...] = (
        scope.store(ReceiptStore).of_year,
        scope.store(CreditNoteStore).of_year,
        charged,
    )
    streams = [_one_by_one(read, year, first, last) for read in reads]
    waiting = [(await anext(stream, None), stream) for stream in streams]
    while heads := [(entry.filed, place) for place, (entry, _) in enumerate(waiting) if entry]:
        _, place = min(heads)
        entry, stream = waiting[place]
        assert entry is not None, "it is the head of a stream that goes on"
        # A charge of New Year's Eve may lie in the other year on the tenant's calendar.
        if not isinstance(entry, Fees) or entry.charges:
            yield entry
        waiting[place] = await anext(stream, None), stream


async def _one_by_one(read: Read, year: int, first: str, last: str) -> AsyncIterator[Entry]:
    while found := await read(year, first, last, PAPERS):
        for entry in found:
            yield entry
        first = found[-1].filed
