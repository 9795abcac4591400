"""A frozen copy of what was said, for support to judge a report by."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.messaging.model.conversation import Conversation, Report
from services.messaging.model.message import Message
from shared.kernel.aggregate import Aggregate

COPIED = 200
"""Messages before the report that are kept."""


@dataclass(frozen=True)
class Line:
    number: int
    author: str
    text: str
    redacted: bool
    sent_at: datetime


@dataclass(kw_only=True)
class Evidence(Aggregate):
    """id is the report's. Nothing that happens to the conversation later changes it,
    until somebody in it is forgotten."""

    conversation_id: str
    customer_id: str
    helper_id: str
    reported_by: str
    reason: str
    reported_at: datetime
    lines: list[Line]

    @classmethod
    def freeze(
        cls, conversation: Conversation, report: Report, messages: Sequence[Message]
    ) -> "Evidence":
        """messages: what the reporter could see, oldest first."""
        return cls(
            id=report.id,
            conversation_id=conversation.id,
            customer_id=conversation.customer_id,
            helper_id=conversation.helper_id,
            reported_by=report.by,
            reason=report.reason,
            reported_at=report.at,
            lines=[
                Line(said.number, said.author, said.text, said.redacted, said.sent_at)
                for said in messages
            ],
        )

    def silence(self, account: str) -> None:
        """Forget what that account has said; who said when is kept."""
        self.lines = [
            replace(line, text="") if line.author == account else line for line in self.lines
        ]
