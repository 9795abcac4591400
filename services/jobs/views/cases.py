"""A case as those who may see it are shown it."""

from services.jobs.model.case import Case
from services.jobs.views.job import StepView
from shared.http.fields import Instant, View


class ReplyView(View):
    text: str
    at: Instant


class CaseView(View):
    """reason is the opener's, replies are support's. Until respond_by somebody has answered, or
    the case is overdue."""

    id: str
    job_id: str
    claim_id: str | None
    type: str
    severity: str
    state: str
    reason: str
    replies: list[ReplyView]
    opened_at: Instant
    respond_by: Instant
    responded_at: Instant | None
    overdue_at: Instant | None
    closed_at: Instant | None


class CasesView(View):
    """Newest first."""

    data: list[CaseView]


class SupportCaseView(CaseView):
    """allowed: what support may do now, in kebab case. opened_by is null where nobody did."""

    version: int
    parties: list[str]
    opened_by: str | None
    assignee_id: str | None
    allowed: list[str]
    timeline: list[StepView]


def case_view(case: Case) -> CaseView:
    return CaseView(**_common(case))


def support_case_view(case: Case) -> SupportCaseView:
    return SupportCaseView(
        **_common(case),
        version=case.version,
        parties=case.parties,
        opened_by=case.opened_by,
        assignee_id=case.assignee_id,
        allowed=[str(command) for command in case.allowed()],
        timeline=[StepView.of(step) for step in case.timeline],
    )


def _common(case: Case) -> dict[str, object]:
    return {
        "id": case.id,
        "job_id": case.job_id,
        "claim_id": case.claim_id,
        "type": case.type.value,
        "severity": case.severity.value,
        "state": case.state.value,
        "reason": case.reason,
        "replies": [ReplyView(text=each.text, at=each.at) for each in case.replies],
        "opened_at": case.opened_at,
        "respond_by": case.respond_by,
        "responded_at": case.responded_at,
        "overdue_at": case.overdue_at,
        "closed_at": case.closed_at,
    }
