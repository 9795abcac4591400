"""What support sees of other people's talk: with a case, and never unseen."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from services.messaging import views
from services.messaging.commands import check_case
from services.messaging.model import Conversation
from services.messaging.store import (
    AttachmentFiles,
    Attachments,
    Conversations,
    Evidences,
    LookStore,
    Messages,
)
from shared.audit import record_look
from shared.http import CallDep, PagingDep, Router, answer, page_response, roles
from shared.http.fields import IdOf, Page
from shared.kernel.errors import NotFound
from shared.replicas import People

router = Router()

CaseId = Annotated[str, Query(), IdOf("case")]
"""The case that gives the right to look: open, and about this talk. It stands in the audit log."""


@router.get(
    "/v1/support/reports",
    operation_id="messaging_list_reports",
    response_model=Page[views.ReportView],
    openapi_extra=roles("support"),
)
async def list_reports(call: CallDep, paging: PagingDep) -> Response:
    """Which conversations were reported and why, newest first; nothing of what was said."""
    before = paging.after[0] if paging.after else None
    found = await call.store(Evidences).newest(before, paging.limit + 1)
    shown = found[: paging.limit]
    subjects = {account for each in shown for account in (each.customer_id, each.helper_id)}
    await record_look(call, LookStore, kind="report", subjects=subjects)
    next = [shown[-1].order] if len(found) > paging.limit else None
    return page_response(paging, [views.report_view(each) for each in shown], next)


@router.get(
    "/v1/support/reports/{report_id}",
    operation_id="messaging_get_report",
    response_model=views.EvidenceView,
    openapi_extra=roles("support"),
)
async def get_report(report_id: str, case_id: CaseId, call: CallDep) -> Response:
    """The copy that was frozen when the conversation was reported: what the reporter could see.

    With the report's own case, or an open one about the two people's job: else ``unusable_case``.
    """
    evidence = await call.store(Evidences).get(report_id)
    conversation = await call.store(Conversations).get(evidence.conversation_id)
    await _look(call, "report", conversation, report_id, evidence.reason, case_id)
    return answer(call, views.evidence_view(evidence))


@router.get(
    "/v1/support/conversations/{conversation_id}/messages",
    operation_id="messaging_inspect_conversation",
    response_model=Page[views.InspectedMessageView],
    openapi_extra=roles("support"),
)
async def inspect_conversation(
    conversation_id: str, case_id: CaseId, call: CallDep, paging: PagingDep
) -> Response:
    """Everything that was said, by ascending sequence.

    With the case of a report of it, or an open one about the two people's job: else
    ``unusable_case``.
    """
    conversation = await call.store(Conversations).get(conversation_id)
    await _look(call, "conversation", conversation, conversation_id, "case", case_id)
    after = paging.after[0] if paging.after else 0
    found = await call.store(Messages).behind(conversation_id, after, paging.limit + 1)
    shown = found[: paging.limit]
    person = await call.store(People).find(call.person.id)
    language = person.language if person is not None else call.tenant.locales[0]
    next = [shown[-1].number] if len(found) > paging.limit else None
    return page_response(paging, [views.inspected_view(each, language) for each in shown], next)


@router.get(
    "/v1/support/attachments/{attachment_id}",
    operation_id="messaging_inspect_attachment",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}, "application/pdf": {}}}},
    openapi_extra=roles("support"),
)
async def inspect_attachment(attachment_id: str, case_id: CaseId, call: CallDep) -> Response:
    """A file that was sent, with a case as for what was said; what nobody has sent is nobody's
    business."""
    attachment = await call.store(Attachments).get(attachment_id)
    message = await call.store(Messages).find(attachment.message_id or "")
    if message is None:
        raise NotFound("there is no such attachment")
    conversation = await call.store(Conversations).get(message.conversation_id)
    await _look(call, "attachment", conversation, attachment_id, "case", case_id)
    file = await call.store(AttachmentFiles).get(attachment_id)
    headers = {"Content-Disposition": "attachment", "Cache-Control": "no-store"}
    return Response(file.content, 200, headers, file.content_type)


async def _look(
    call: CallDep, kind: str, seen: Conversation, id: str, purpose: str, case_id: str
) -> None:
    """Allowed by the case, and written down before anything is shown."""
    await check_case(case_id, seen, call)
    subjects = (seen.customer_id, seen.helper_id)
    await record_look(
        call,
        LookStore,
        kind=kind,
        subjects=subjects,
        thing_id=id,
        purpose=purpose,
        case_id=case_id,
    )
