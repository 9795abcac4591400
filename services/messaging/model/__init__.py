"""The aggregates of messaging: pure state and rules."""

from services.messaging.model.acquaintance import Acquaintance, Blocked
from services.messaging.model.conversation import Conversation, Gap, Preview, Report, Seat, sort_key
from services.messaging.model.evidence import COPIED, Evidence
from services.messaging.model.limits import CONVERSATIONS, MESSAGES, Quota, check_openers
from services.messaging.model.message import MILESTONES, SYSTEM, Draft, Message, Notice
from services.messaging.model.redaction import MASK, redact

__all__ = [
    "CONVERSATIONS",
    "COPIED",
    "MASK",
    "MESSAGES",
    "MILESTONES",
    "SYSTEM",
    "Acquaintance",
    "Blocked",
    "Conversation",
    "Draft",
    "Evidence",
    "Gap",
    "Message",
    "Notice",
    "Preview",
    "Quota",
    "Report",
    "Seat",
    "check_openers",
    "redact",
    "sort_key",
]
