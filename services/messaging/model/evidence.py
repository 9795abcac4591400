"""A frozen copy of what was said, for support to judge a report by."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.messaging.model.attachment import Enclosure
from services.messaging.model.conversation import (
    Conversation,
    Report,
    case_of_report,
    sort_key,
)
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
    attachments: list[Enclosure] = field(default_factory=list)


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
    order: str | None = None

    @property
    def case_id(self) -> str:
        return case_of_report(self.id)

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
                Line(
                    said.number,
                    said.author,
                    said.text,
                    said.redacted,
                    said.sent_at,
                    list(said.attachments),
                )
                for said in messages
            ],
            order=sort_key(report.at, report.id),
        )

    def silence(self, account: str) -> None:
        """Forget what that account has said; who said when is kept."""
        self.lines = [
            replace(line, text="", attachments=[]) if line.author == account else line
            for line in self.lines
        ]
