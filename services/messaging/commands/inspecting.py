"""With which case support may look at a conversation."""

import asyncio

from services.messaging.model import Conversation
from services.messaging.store import CaseRows, JobRows
from shared.kernel.errors import Invalid
from shared.replicas import ARRIVAL
from shared.scope import Scope


class UnusableCase(Invalid):
    """Support may look, but not with this case."""

    code = "unusable_case"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, parameter="case_id")


async def check_case(case_id: str, conversation: Conversation, scope: Scope) -> None:
    """UnusableCase unless the case is open and about this conversation; waited for up to a second.

    A case is about the conversation on its job, and about all others between the two sides of it.
    A report is a case of its own.
    """
    if case_id in conversation.report_cases:
        return
    deadline = asyncio.get_running_loop().time() + ARRIVAL
    while (refusal := await _refusal(case_id, conversation, scope)) is not None:
        if asyncio.get_running_loop().time() > deadline:
            raise refusal
        await asyncio.sleep(0.05)


async def _refusal(case_id: str, conversation: Conversation, scope: Scope) -> UnusableCase | None:
    case = await scope.store(CaseRows).find(case_id)
    if case is None:
        return UnusableCase("there is no such case")
    if case.closed:
        return UnusableCase("this case is closed")
    if case.job_id == conversation.job_id:
        return None
    job = await scope.store(JobRows).find(case.job_id)
    if job is not None and {job.customer_id, job.helper_id} == set(conversation.people):
        return None
    return UnusableCase("this case is about something else")
