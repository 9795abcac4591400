"""Asking for tax data, taking them, and keeping those from booking who do not give them."""

from dataclasses import dataclass
from datetime import datetime

from services.jobs.model.tax import NotBookable, TaxData, TaxDataMissing, TaxRecord
from services.jobs.store import HelperRows, TaxStore
from services.jobs.tax_seal import seal_tax_data
from shared.contracts.jobs import JobFacts
from shared.kernel.errors import NotFound, Precondition
from shared.scope import Scope
from shared.store import AlreadyExists


@dataclass(frozen=True)
class ExpectTaxData:
    """helper_id was booked for a paid job at this time."""

    helper_id: str
    appointment: datetime


def expected(facts: JobFacts) -> ExpectTaxData | None:
    """What a booking means for the helper's tax data; nothing where nothing is earned."""
    if facts.helper_id is None or facts.slot is None or facts.price is None:
        return None
    if not facts.price.amount_minor:
        return None
    return ExpectTaxData(facts.helper_id, facts.slot.start)


async def expect_tax_data(cmd: ExpectTaxData, scope: Scope) -> None:
    records = scope.store(TaxStore)
    fresh = TaxRecord.expecting(cmd.helper_id, cmd.appointment, scope.now)
    if not await records.ensure(fresh, []):
        await records.update(cmd.helper_id, lambda record: record.expect(cmd.appointment))


@dataclass(frozen=True)
class GiveTaxData:
    """creates: the record must not be there yet."""

    helper_id: str
    data: TaxData
    creates: bool


async def give_tax_data(cmd: GiveTaxData, records: TaxStore, scope: Scope) -> TaxRecord:
    """NotFound for whoever never had a profile, or, unless it creates, no record; Precondition."""
    await scope.store(HelperRows).get(cmd.helper_id)
    sealed = seal_tax_data(cmd.data, cmd.helper_id, scope)
    if cmd.creates:
        record = TaxRecord(id=cmd.helper_id)
        try:
            return await records.create(record, record.give(sealed, scope.now))
        except AlreadyExists:
            raise Precondition("they were given, or asked for, already") from None
    return await records.update(cmd.helper_id, lambda record: record.give(sealed, scope.now))


async def check_tax_data(helper_id: str, by: str, scope: Scope) -> None:
    """TaxDataMissing for the helper, NotBookable for anybody else, when they are overdue."""
    record = await scope.store(TaxStore).find(helper_id)
    if record is None or not record.bars(scope.now):
        return
    if by == helper_id:
        raise TaxDataMissing("hand in your tax data first")
    raise NotBookable("this helper cannot be booked at present")


async def forget_tax_data(helper_id: str, last_year: int | None, scope: Scope) -> None:
    """last_year is the last with a receipt or a fee."""
    try:
        await scope.store(TaxStore).redact(helper_id, lambda record: record.leave(last_year))
    except NotFound:
        return
