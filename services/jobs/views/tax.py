"""A helper's own tax data."""

from datetime import date

from services.jobs.model.tax import TaxData, TaxRecord
from services.jobs.tax_seal import open_tax_data
from shared.http.fields import Day, Instant, View
from shared.scope import Scope


class TaxAddressView(View):
    street: str
    postcode: str
    city: str
    country: str


class TaxDataView(View):
    first_name: str
    last_name: str
    birth_date: Day
    address: TaxAddressView
    tin: str
    tin_country: str
    vat_id: str | None
    iban: str


class TaxView(View):
    """state: waiting, asked, overdue (no new bookings) or given. data is null until given.

    due_by is when bookings end without them.
    """

    state: str
    asked_at: Instant | None
    due_by: Instant | None
    given_at: Instant | None
    data: TaxDataView | None


def tax_view(record: TaxRecord, scope: Scope) -> TaxView:
    """For its owner alone."""
    data = None if record.data is None else open_tax_data(record.data, record.id, scope)
    return TaxView(
        state=record.state,
        asked_at=record.asked_at,
        due_by=record.due_by,
        given_at=record.given_at,
        data=data and tax_data_view(data),
    )


def tax_data_view(data: TaxData) -> TaxDataView:
    address = data.address
    return TaxDataView(
        first_name=data.first_name,
        last_name=data.last_name,
        birth_date=date.fromisoformat(data.birth_date),
        address=TaxAddressView(
            street=address.street,
            postcode=address.postcode,
            city=address.city,
            country=address.country,
        ),
        tin=data.tin,
        tin_country=data.tin_country,
        vat_id=data.vat_id,
        iban=data.account,
    )
