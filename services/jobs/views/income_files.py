"""The income report as a table (CSV, RFC 4180) and as the tax offices' XML (OECD DPI 1.0)."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from services.jobs.model.income import Quarter
from services.jobs.model.tax import TaxData
from services.jobs.views.income import Earner
from shared.contracts.identity import TenantFacts
from shared.http.fields import rfc3339
from shared.kernel.ids import derived_id
from shared.kernel.money import exponent

Batches = AsyncIterator[list[Earner]]

_PERSON = (
    "helper_id",
    "last_name",
    "first_name",
    "birth_date",
    "street",
    "postcode",
    "city",
    "country",
    "tin",
    "tin_country",
    "vat_id",
    "iban",
)
_FIGURES = ("consideration", "gross", "fees", "commission", "activities")
COLUMNS = (
    *_PERSON,
    "currency",
    *(f"q{number}_{name}" for number in range(1, 5) for name in _FIGURES),
)

_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet compute a cell."""


async def as_csv(batches: Batches) -> AsyncIterator[bytes]:
    """A line of names, then one line a helper; amounts in whole units with a point."""
    yield _lines([COLUMNS])
    async for batch in batches:
        yield _lines([_row(each) for each in batch])


def _row(earner: Earner) -> list[str]:
    income, row = earner.income, [earner.income.helper_id, *_person(earner.data)]
    row.append(income.currency)
    for quarter in income.quarters:
        amounts = (quarter.consideration, quarter.gross, quarter.fees, quarter.commission)
        row += [str(_units(amount, income.currency)) for amount in amounts]
        row.append(str(quarter.activities))
    return row


def _person(data: TaxData | None) -> list[str]:
    if data is None:
        return [""] * (len(_PERSON) - 1)
    address = data.address
    words = (
        *(data.last_name, data.first_name, data.birth_date),
        *(address.street, address.postcode, address.city, address.country),
        *(data.tin, data.tin_country, data.vat_id or "", data.account),
    )
    return [f"'{word}" if word.startswith(_FORMULAS) else word for word in words]


def _lines(rows: list[list[str]] | list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _units(amount: int, currency: str) -> Decimal:
    return Decimal(amount).scaleb(-exponent(currency))


async def as_xml(
    batches: Batches, tenant: TenantFacts, year: int, at: datetime
) -> AsyncIterator[bytes]:
    """A DPI_OECD message of new data (DPI401, OECD1): personal services, amounts in full units.

    Helpers without tax data cannot be put in; how many there are is said in a comment at the end.
    The tenant has a tax number, see OperatorUnknown. Of the operator's address its name is all that
    the tenant's configuration knows.
    """
    file = _DpiFile(tenant, year, at)
    file.begin()
    missing = 0
    async for batch in batches:
        for earner in batch:
            if earner.data is None:
                missing += 1
            else:
                file.seller(earner, earner.data)
        yield file.taken()
    file.end(missing)
    yield file.taken()


class _DpiFile:
    def __init__(self, tenant: TenantFacts, year: int, at: datetime) -> None:
        self._tenant, self._year, self._at = tenant, year, at
        self._text = io.StringIO()
        self._xml = XMLGenerator(self._text, "UTF-8", short_empty_elements=True)

    def taken(self) -> bytes:
        """What was written since it was last taken."""
        text = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        return text.encode()

    def begin(self) -> None:
        tenant = self._tenant
        self._xml.startDocument()
        self._open(
            "DPI_OECD",
            {
                "xmlns": "urn:oecd:ties:dpi:v1",
                "xmlns:stf": "urn:oecd:ties:dpistf:v1",
                "version": "1.0",
            },
        )
        self._open("MessageSpec")
        self._leaf("TransmittingCountry", tenant.country)
        self._leaf("ReceivingCountry", tenant.country)
        self._leaf("MessageType", "DPI")
        self._leaf("Contact", tenant.brand.support_email)
        self._leaf("MessageRefId", self._reference("message"))
        self._leaf("MessageTypeIndic", "DPI401")
        self._leaf("ReportingPeriod", f"{self._year}-12-31")
        self._leaf("Timestamp", rfc3339(self._at))
        self._close("MessageSpec")
        self._open("DPIBody")
        self._open("PlatformOperator")
        self._leaf("ResCountryCode", tenant.country)
        self._leaf("TIN", tenant.tax_number, {"issuedBy": tenant.country})
        self._leaf("Name", tenant.brand.name)
        self._leaf("PlatformBusinessName", tenant.brand.programme_name)
        self._open("Address")
        self._leaf("CountryCode", tenant.country)
        self._leaf("AddressFree", tenant.brand.name)
        self._close("Address")
        self._leaf("Nexus", "RPONEX1")
        self._leaf("AssumedReporting", "false")
        self._document_of("operator")
        self._close("PlatformOperator")

    def seller(self, earner: Earner, data: TaxData) -> None:
        income = earner.income
        self._open("ReportableSeller")
        self._identity(data)
        self._open("RelevantActivities")
        self._open("PersonalServices")
        self._amounts("Consideration", "Cons", income.quarters, "consideration", income.currency)
        self._open("NumberOfActivities")
        for number, quarter in enumerate(income.quarters, 1):
            self._leaf(f"NumbQ{number}", str(quarter.activities))
        self._close("NumberOfActivities")
        self._amounts("Fees", "Fees", income.quarters, "commission", income.currency)
        self._amounts("Taxes", "Tax", [Quarter()] * 4, "gross", income.currency)
        self._close("PersonalServices")
        self._close("RelevantActivities")
        self._document_of(income.helper_id)
        self._close("ReportableSeller")

    def end(self, missing: int) -> None:
        if missing:
            self._text.write(f"<!-- left out for want of tax data: {missing} -->")
        self._close("DPIBody")
        self._close("DPI_OECD")
        self._xml.endDocument()

    def _identity(self, data: TaxData) -> None:
        for name in ("Identity", "IndividualSeller", "Standard", "IndSellerID"):
            self._open(name)
        self._leaf("ResCountryCode", data.address.country)
        self._leaf("TIN", data.tin, {"issuedBy": data.tin_country})
        if data.vat_id is not None:
            self._leaf("VAT", data.vat_id)
        self._open("Name")
        self._leaf("FirstName", data.first_name)
        self._leaf("LastName", data.last_name)
        self._close("Name")
        self._open("Address")
        self._leaf("CountryCode", data.address.country)
        self._open("AddressFix")
        self._leaf("Street", data.address.street)
        self._leaf("PostCode", data.address.postcode)
        self._leaf("City", data.address.city)
        self._close("AddressFix")
        self._close("Address")
        self._open("BirthInfo")
        self._leaf("BirthDate", data.birth_date)
        self._close("BirthInfo")
        self._close("IndSellerID")
        self._open("FinancialIdentifier")
        self._leaf("Identifier", data.account, {"AccountNumberType": "IBAN"})
        self._close("FinancialIdentifier")
        for name in ("Standard", "IndividualSeller", "Identity"):
            self._close(name)

    def _amounts(
        self, name: str, short: str, quarters: list[Quarter], figure: str, currency: str
    ) -> None:
        self._open(name)
        for number, quarter in enumerate(quarters, 1):
            units = _units(getattr(quarter, figure), currency).quantize(0, ROUND_HALF_UP)
            self._leaf(f"{short}Q{number}", str(units), {"currCode": currency})
        self._close(name)

    def _document_of(self, whom: str) -> None:
        self._open("DocSpec")
        self._leaf("stf:DocTypeIndic", "OECD1")
        self._leaf("stf:DocRefId", self._reference(whom))
        self._close("DocSpec")

    def _reference(self, whom: str) -> str:
        """The same whenever the report of this year is made."""
        unique = derived_id("dpi", self._tenant.slug, str(self._year), whom)
        return f"{self._tenant.country}{self._year}-{unique}"

    def _open(self, name: str, attributes: dict[str, str] | None = None) -> None:
        self._xml.startElement(name, AttributesImpl(attributes or {}))

    def _close(self, name: str) -> None:
        self._xml.endElement(name)

    def _leaf(self, name: str, text: str, attributes: dict[str, str] | None = None) -> None:
        self._open(name, attributes)
        self._xml.characters(text)
        self._close(name)
