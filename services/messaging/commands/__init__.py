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
from services.messaging.commands.streaming import (
    IssueTicket,
    JobChange,
    issue_ticket,
    tell_invitation,
    tell_job,
    tell_message,
    use_ticket,
)

__all__ = [
    "BlockPeer",
    "FreezeEvidence",
    "IssueTicket",
    "JobChange",
    "NoteBooking",
    "OpenConversation",
    "ReadMessages",
    "ReportConversation",
    "SendMessage",
    "TellMilestone",
    "block_peer",
    "catch_up",
    "freeze_evidence",
    "issue_ticket",
    "note_booking",
    "open_conversation",
    "read_messages",
    "report_conversation",
    "send_message",
    "tell_invitation",
    "tell_job",
    "tell_message",
    "tell_milestone",
    "topic_of",
    "use_ticket",
]
