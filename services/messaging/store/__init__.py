"""The collections of messaging and their named look-ups."""

from services.messaging.store.replicas import (
    CaseRow,
    CaseRows,
    HelperRow,
    HelperRows,
    JobRow,
    JobRows,
)
from services.messaging.store.stream import FeedEntries, Followers, NoticeSettings, Tickets
from services.messaging.store.talk import (
    Acquaintances,
    Conversations,
    Evidences,
    LookStore,
    Messages,
)
from services.messaging.store.uploads import AttachmentFiles, Attachments
from shared.export import parts_store
from shared.privacy import answers_of

__all__ = [
    "Acquaintances",
    "Answers",
    "AttachmentFiles",
    "Attachments",
    "CaseRow",
    "CaseRows",
    "Conversations",
    "Evidences",
    "FeedEntries",
    "Followers",
    "HelperRow",
    "HelperRows",
    "JobRow",
    "JobRows",
    "LookStore",
    "Messages",
    "NoticeSettings",
    "Parts",
    "Tickets",
]

Answers = answers_of("messaging")
Parts = parts_store("messaging")
