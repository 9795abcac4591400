"""What messaging can be told to do."""

from services.messaging.commands.attaching import (
    Orphans,
    TakeFile,
    check_may_upload,
    forget_file,
    open_file,
    take_file,
)
from services.messaging.commands.following import (
    FreezeEvidence,
    NoteBooking,
    TellMilestone,
    freeze_evidence,
    note_booking,
    tell_milestone,
)
from services.messaging.commands.inspecting import check_case
from services.messaging.commands.noticing import (
    SetNotices,
    send_notices,
    set_notices,
    wants_notices,
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
    follow,
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
    "Orphans",
    "ReadMessages",
    "ReportConversation",
    "SendMessage",
    "SetNotices",
    "TakeFile",
    "TellMilestone",
    "block_peer",
    "catch_up",
    "check_case",
    "check_may_upload",
    "follow",
    "forget_file",
    "freeze_evidence",
    "issue_ticket",
    "note_booking",
    "open_conversation",
    "open_file",
    "read_messages",
    "report_conversation",
    "send_message",
    "send_notices",
    "set_notices",
    "take_file",
    "tell_invitation",
    "tell_job",
    "tell_message",
    "tell_milestone",
    "topic_of",
    "use_ticket",
    "wants_notices",
]
