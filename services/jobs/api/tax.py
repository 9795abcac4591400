"""A helper's own tax data; nobody else reads them here."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field
from starlette.responses import Response

from services.jobs import commands
from services.jobs.model.tax import TaxAddress, TaxData, TaxRecord
from services.jobs.store import TaxStore
from services.jobs.views.tax import TaxView, tax_view
from shared.http import CONDITIONAL, PERSON, Call, CallDep, Router, answer
from shared.http.fields import Body, Day, Line
from shared.kernel.errors import NotFound, Precondition

router = Router()

Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]
Number = Annotated[str, Line(4, 40)]


class TaxAddressIn(Body):
    street: Annotated[str, Line(1, 120)]
    postcode: Annotated[str, Line(1, 16)]
    city: Annotated[str, Line(1, 80)]
    country: Country


class TaxBody(Body):
    """Names as in the passport; tin is the tax number that tin_country gave you."""

    first_name: Annotated[str, Line(1, 100)]
    last_name: Annotated[str, Line(1, 100)]
    birth_date: Day
    address: TaxAddressIn
    tin: Number
    tin_country: Country
    vat_id: Number | None = None
    iban: Number

    def data(self, call: Call) -> TaxData:
        address = self.address
        return TaxData.checked(
            first_name=self.first_name,
            last_name=self.last_name,
            birth_date=self.birth_date,
            address=TaxAddress(address.street, address.postcode, address.city, address.country),
            tin=self.tin,
            tin_country=self.tin_country,
            account=self.iban,
            vat_id=self.vat_id,
            today=call.now.astimezone(ZoneInfo(call.tenant.time_zone)).date(),
        )


@router.get(
    "/v1/helpers/me/tax",
    operation_id="jobs_get_tax_data",
    response_model=TaxView,
    openapi_extra=PERSON,
)
async def get_tax_data(call: CallDep) -> Response:
    """404 until they are asked for, or given."""
    record = await call.store(TaxStore).get(call.person.id)
    return answer(call, tax_view(record, call), etag=record.version, headers=NOT_KEPT)


@router.put(
    "/v1/helpers/me/tax",
    operation_id="jobs_put_tax_data",
    response_model=TaxView,
    responses={201: {"model": TaxView, "description": "Given before they were asked for."}},
    openapi_extra=PERSON | CONDITIONAL,
)
async def put_tax_data(body: TaxBody, call: CallDep) -> Response:
    """Encrypted at rest, seen by you and the yearly report to the tax office only."""

    def view(record: TaxRecord) -> TaxView:
        return tax_view(record, call)

    status = 201 if call.creates else 200
    cmd = commands.GiveTaxData(call.person.id, body.data(call), creates=call.creates)
    records = call.answering(TaxStore, view, status=status)
    try:
        record = await commands.give_tax_data(cmd, records, call)
    except NotFound:
        if call.exchange.require_match:
            raise Precondition(
                "create them with If-None-Match: *", code="precondition_required"
            ) from None
        raise
    return answer(call, view(record), status=status, etag=record.version, headers=NOT_KEPT)


NOT_KEPT = {"Cache-Control": "no-store"}
