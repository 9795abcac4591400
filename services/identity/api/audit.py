"""The audit log, as support reads it."""

from datetime import datetime
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from services.identity import views
from services.identity.model.audit import place_of
from services.identity.store import AuditLog, LookStore
from shared.audit import record_look
from shared.http import ALSO_PLATFORM, CallDep, PagingDep, Router, page_response, roles
from shared.http.fields import IdOf, Instant, Page
from shared.kernel.errors import Invalid

router = Router()

AccountId = Annotated[str, IdOf("acc")]

END = "~"
"""Behind every place."""


def _place(time: datetime | None, otherwise: str) -> str:
    return otherwise if time is None else place_of(time)


@router.get(
    "/v1/support/audit",
    operation_id="identity_search_audit",
    response_model=Page[views.AuditEntryView],
    openapi_extra=roles("support", "tenant_admin", "platform_admin") | ALSO_PLATFORM,
)
async def search_audit(
    call: CallDep,
    paging: PagingDep,
    actor: Annotated[AccountId | None, Query()] = None,
    subject: Annotated[AccountId | None, Query()] = None,
    kind: Annotated[str | None, Query(pattern="^[a-z_]{1,80}$")] = None,
    since: Annotated[Instant | None, Query()] = None,
    until: Annotated[Instant | None, Query()] = None,
) -> Response:
    """Newest first; since is included, until is not. Reading it is a look, and written down."""
    if since is not None and until is not None and until <= since:
        raise Invalid("must be later than since", parameter="until")
    found = await call.store(AuditLog).search(
        actor=actor,
        kind=kind,
        subject=subject,
        since=_place(since, ""),
        before=paging.after[0] if paging.after else _place(until, END),
        limit=paging.limit + 1,
    )
    shown = [views.audit_entry_view(each) for each in found[: paging.limit]]
    subjects = {each for entry in shown for each in (entry.actor_id, *entry.subject_ids)}
    await record_look(call, LookStore, kind="audit_log", subjects=subjects)
    next = [found[paging.limit - 1].order] if len(found) > paging.limit else None
    return page_response(paging, shown, next)
