"""What the parties see of their conversations."""

from services.messaging.views.settings import NoticesView, notices_view
from services.messaging.views.stream import Teller, TicketView
from services.messaging.views.support import (
    EvidenceView,
    InspectedMessageView,
    ReportView,
    evidence_view,
    inspected_view,
    report_view,
)
from services.messaging.views.talk import (
    AttachmentView,
    ConversationView,
    FoundView,
    MessageView,
    Names,
    PeerView,
    attachment_view,
    conversation_view,
    found_view,
    message_view,
    names_of,
)

__all__ = [
    "AttachmentView",
    "ConversationView",
    "EvidenceView",
    "FoundView",
    "InspectedMessageView",
    "MessageView",
    "Names",
    "NoticesView",
    "PeerView",
    "ReportView",
    "Teller",
    "TicketView",
    "attachment_view",
    "conversation_view",
    "evidence_view",
    "found_view",
    "inspected_view",
    "message_view",
    "names_of",
    "notices_view",
    "report_view",
]
