"""What support sees of other people's talk."""

from services.messaging.model import Evidence, Message
from services.messaging.views.talk import AttachmentView, MessageView, attachment_view, message_view
from shared.http.fields import Instant, View


class ReportView(View):
    """reason is one of those that a reporter may give; case_id is the case that it is by itself."""

    id: str
    case_id: str
    conversation_id: str
    customer_id: str
    helper_id: str
    reported_by: str
    reason: str
    reported_at: Instant


class LineView(View):
    """sender_id is null for system messages; redacted: contact details were taken out."""

    sequence: int
    sender_id: str | None
    text: str
    redacted: bool
    sent_at: Instant
    attachments: list[AttachmentView]


class EvidenceView(ReportView):
    """lines: what the reporter could see at that moment, oldest first."""

    lines: list[LineView]


class InspectedMessageView(MessageView):
    """withheld: the other side had blocked the sender, and has not seen it."""

    withheld: bool


def report_view(evidence: Evidence) -> ReportView:
    return ReportView(
        id=evidence.id,
        case_id=evidence.case_id,
        conversation_id=evidence.conversation_id,
        customer_id=evidence.customer_id,
        helper_id=evidence.helper_id,
        reported_by=evidence.reported_by,
        reason=evidence.reason,
        reported_at=evidence.reported_at,
    )


def evidence_view(evidence: Evidence) -> EvidenceView:
    people = (evidence.customer_id, evidence.helper_id)
    lines = [
        LineView(
            sequence=line.number,
            sender_id=line.author if line.author in people else None,
            text=line.text,
            redacted=line.redacted,
            sent_at=line.sent_at,
            attachments=[attachment_view(each) for each in line.attachments],
        )
        for line in evidence.lines
    ]
    return EvidenceView(**report_view(evidence).model_dump(), lines=lines)


def inspected_view(message: Message, language: str) -> InspectedMessageView:
    shown = message_view(message, language)
    return InspectedMessageView(**shown.model_dump(), withheld=message.withheld)
