"""The aggregates of messaging: pure state and rules."""

from services.messaging.model.acquaintance import Acquaintance, Blocked
from services.messaging.model.conversation import Conversation, Gap, Preview, Report, Seat, sort_key
from services.messaging.model.evidence import COPIED, Evidence
from services.messaging.model.feed import KEPT, FeedEntry, Kind
from services.messaging.model.limits import CONVERSATIONS, MESSAGES, Quota, check_openers
from services.messaging.model.message import MILESTONES, SYSTEM, Draft, Message, Notice
from services.messaging.model.redaction import MASK, redact
from services.messaging.model.ticket import LIFE as TICKET_LIFE
from services.messaging.model.ticket import Ticket, TicketUsed
from services.messaging.model.words import name_of, words_of

__all__ = [
    "CONVERSATIONS",
    "COPIED",
    "KEPT",
    "MASK",
    "MESSAGES",
    "MILESTONES",
    "SYSTEM",
    "TICKET_LIFE",
    "Acquaintance",
    "Blocked",
    "Conversation",
    "Draft",
    "Evidence",
    "FeedEntry",
    "Gap",
    "Kind",
    "Message",
    "Notice",
    "Preview",
    "Quota",
    "Report",
    "Seat",
    "Ticket",
    "TicketUsed",
    "check_openers",
    "name_of",
    "redact",
    "sort_key",
    "words_of",
]
