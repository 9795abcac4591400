"""The aggregates of messaging: pure state and rules."""

from services.messaging.model.acquaintance import Acquaintance, Blocked
from services.messaging.model.attachment import MOST as MOST_ATTACHMENTS
from services.messaging.model.attachment import (
    ORPHANED,
    Attachment,
    Enclosure,
    check_unsent,
)
from services.messaging.model.attachment import unknown as unknown_attachment
from services.messaging.model.conversation import Conversation, Gap, Preview, Report, Seat, sort_key
from services.messaging.model.evidence import COPIED, Evidence
from services.messaging.model.feed import KEPT, FeedEntry, Follower, Kind
from services.messaging.model.limits import CONVERSATIONS, MESSAGES, Quota, check_openers
from services.messaging.model.message import MILESTONES, SYSTEM, Draft, Message, Notice
from services.messaging.model.notice_setting import NoticeSetting
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
    "MOST_ATTACHMENTS",
    "ORPHANED",
    "SYSTEM",
    "TICKET_LIFE",
    "Acquaintance",
    "Attachment",
    "Blocked",
    "Conversation",
    "Draft",
    "Enclosure",
    "Evidence",
    "FeedEntry",
    "Follower",
    "Gap",
    "Kind",
    "Message",
    "Notice",
    "NoticeSetting",
    "Preview",
    "Quota",
    "Report",
    "Seat",
    "Ticket",
    "TicketUsed",
    "check_openers",
    "check_unsent",
    "name_of",
    "redact",
    "sort_key",
    "unknown_attachment",
    "words_of",
]
