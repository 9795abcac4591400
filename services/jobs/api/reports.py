"""Reports for the tenant's own administrators."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import Query
from fastapi.responses import StreamingResponse
from starlette.responses import Response

from services.jobs.store import LookStore
from services.jobs.views.income import Earner, EarnerView, earner_view, earners
from services.jobs.views.income_files import as_csv, as_xml
from services.jobs.views.overview import OverviewView, overview, overview_view
from shared.audit import record_look
from shared.http import Call, CallDep, Paging, PagingDep, Router, answer, page_response, roles
from shared.http.fields import Instant, Page
from shared.kernel.errors import Invalid

router = Router()

LONGEST = timedelta(days=366)
FIRST_YEAR = 2020


class OperatorUnknown(Invalid):
    """The tax offices' form wants to know who reports."""

    code = "operator_tax_number_missing"

    def __init__(self) -> None:
        super().__init__(
            "this tenant's configuration lacks the operator's tax_number, without which the "
            "report cannot be filed; ask the platform's administrators to add it",
            parameter="format",
        )


Year = Annotated[str, Query(pattern="^[0-9]{4}$", description="On the tenant's calendar.")]


@router.get(
    "/v1/reports/income",
    operation_id="jobs_report_income",
    response_model=Page[EarnerView],
    responses={200: {"content": {"text/csv": {}, "application/xml": {}}}},
    openapi_extra=roles("tenant_admin"),
)
async def report_income(
    call: CallDep,
    paging: PagingDep,
    year: Year,
    format: Annotated[
        Literal["json", "csv", "xml"],
        Query(description="json is paged; csv and xml (OECD DPI 1.0) are whole."),
    ] = "json",
) -> Response:
    """Helpers' income per quarter with their tax data; every look at them is recorded.

    As XML only for a tenant with a ``tax_number`` of its own: else ``operator_tax_number_missing``.
    """
    wanted = _year(year, call)
    if format == "json":
        return await _page(wanted, call, paging)
    if paging.after is not None:
        raise Invalid("a file has no pages", parameter="cursor")
    if format == "xml" and not call.tenant.tax_number:
        raise OperatorUnknown
    batches = _looked_at(wanted, call)
    if format == "csv":
        return _file(as_csv(batches), f"income-{wanted}.csv", "text/csv")
    content = as_xml(batches, call.tenant, wanted, call.now)
    return _file(content, f"income-{wanted}.xml", "application/xml")


def _year(text: str, call: Call) -> int:
    year = int(text)
    if not FIRST_YEAR <= year <= call.now.astimezone(ZoneInfo(call.tenant.time_zone)).year:
        raise Invalid("there is no such year to report", parameter="year")
    return year


async def _page(year: int, call: Call, paging: Paging) -> Response:
    after = paging.after[0] if paging.after else ""
    batches = earners(year, call, after, batch=paging.limit + 1)
    found: list[Earner] = await anext(batches, [])
    page = found[: paging.limit]
    await _record(page, year, call)
    next_from = [page[-1].income.helper_id] if len(found) > paging.limit else None
    return page_response(paging, [earner_view(each) for each in page], next_from)


async def _looked_at(year: int, call: Call) -> AsyncIterator[list[Earner]]:
    """Each batch is recorded before it is shown."""
    async for batch in earners(year, call):
        await _record(batch, year, call)
        yield batch


async def _record(batch: list[Earner], year: int, call: Call) -> None:
    await record_look(
        call,
        LookStore,
        kind="income",
        subjects=(each.income.helper_id for each in batch),
        purpose=f"report {year}",
    )


def _file(content: AsyncIterator[bytes], name: str, media_type: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(content, 200, headers, media_type)


@router.get(
    "/v1/reports/overview",
    operation_id="jobs_report_overview",
    response_model=OverviewView,
    openapi_extra=roles("support", "tenant_admin"),
)
async def report_overview(
    call: CallDep,
    since: Annotated[Instant, Query(alias="from", description="Requested from this moment on.")],
    until: Annotated[Instant, Query(alias="to", description="Up to this; a year at most.")],
) -> Response:
    """How the jobs of a time went; no person is told of."""
    if not timedelta(0) < until - since <= LONGEST:
        raise Invalid("must lie behind from, by a year at most", parameter="to")
    figures = await overview(since, until, call)
    return answer(call, overview_view(figures, since, until))
