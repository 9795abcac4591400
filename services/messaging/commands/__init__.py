"""What messaging can be told to do."""

from services.messaging.commands.following import (
    FreezeEvidence,
    NoteBooking,
    TellMilestone,
    freeze_evidence,
    note_booking,
    tell_milestone,
)
from services.messaging.commands.opening import OpenConversation, open_conversation, topic_of
from services.messaging.commands.reading import (
    BlockPeer,
    ReadMessages,
    ReportConversation,
    block_peer,
    read_messages,
    report_conversation,
)
from services.messaging.commands.sending import SendMessage, catch_up, send_message

__all__ = [
    "BlockPeer",
    "FreezeEvidence",
    "NoteBooking",
    "OpenConversation",
    "ReadMessages",
    "ReportConversation",
    "SendMessage",
    "TellMilestone",
    "block_peer",
    "catch_up",
    "freeze_evidence",
    "note_booking",
    "open_conversation",
    "read_messages",
    "report_conversation",
    "send_message",
    "tell_milestone",
    "topic_of",
]
